# SPDX-License-Identifier: Apache-2.0
"""A year of calendars against brute force: every minute of UTC as local time shows it.

Random calendars of every kind in zones that change by an hour, by half of it, at midnight and
never, and the sun at latitudes up to 78 degrees against the Astronomical Almanac's formulas, within
a minute. Prints how many occurrences were compared and how many differ, and what a day costs.

    python -m bench.schedule_year [--json] [--seeds N] [--years FIRST LAST]
"""

from __future__ import annotations

import argparse
import sys
import time
from random import Random
from zoneinfo import ZoneInfo

from bench.figures import Figure, report
from pdu_agent.core.calendar import Calendar, Place, WhenSettings
from pdu_agent.core.calendar.settings import SunEvent
from tests.core.calendar.any_when import PLACES, any_when
from tests.core.calendar.comparing import HEIGHTS_DEG, compare, compare_sun
from tests.core.calendar.minutes import minutes_of

KINDS = ("at", "cron", "once", "presence")
DAY_S = 86_400


def compare_kind(kind: str, seeds: int, years: range) -> tuple[int, list[str]]:
    count, differences = 0, []
    for year in years:
        for zone in PLACES:
            for seed in range(seeds):
                when = any_when(Random(f"{year} {zone} {seed}"), year, kind)
                compared, found = compare(when, zone, year)
                count += compared
                differences += [f"{zone}: {text}" for text in found]
    return count, differences


def compare_suns(years: range) -> tuple[int, list[str]]:
    count, differences = 0, []
    for year in years:
        for zone in PLACES:
            for event, twilight in HEIGHTS_DEG:
                compared, found = compare_sun(zone, year, event, twilight)
                count += compared
                differences += [f"{zone} {event.value} {twilight.value}: {at_s}" for at_s in found]
    return count, differences


def day_us(when: WhenSettings) -> float:
    """CPU microseconds for a day's occurrences, mean of 200 days."""
    zone = next(iter(PLACES))
    latitude, longitude = PLACES[zone]
    calendar = Calendar(when, Place(latitude, longitude), ZoneInfo(zone), "plan")
    start_s = int(minutes_of(zone, 2026).wall_s[0])
    begun_s = time.process_time()
    for _ in calendar.between(start_s, start_s + 200 * DAY_S):
        pass
    return (time.process_time() - begun_s) / 200 * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--seeds", type=int, default=50, help="of each kind, zone and year")
    parser.add_argument("--years", type=int, nargs=2, default=(2026, 2027), metavar="YEAR")
    options = parser.parse_args()
    years = range(options.years[0], options.years[1] + 1)
    figures = []
    for kind in (*KINDS, "sun"):
        if kind == "sun":
            count, differences = compare_suns(years)
        else:
            count, differences = compare_kind(kind, options.seeds, years)
        for text in differences[:5]:
            print(text, file=sys.stderr)
        note = f"of {count} occurrences"
        figures.append(Figure(f"{kind}: differences", len(differences), "", 0, note))
    dearest = WhenSettings(cron="* * * * *", random_s=30)
    figures.append(Figure("a day of a sunset", day_us(WhenSettings(sun=SunEvent.SUNSET)), "us"))
    figures.append(Figure("a day of 1440 random times", day_us(dearest), "us"))
    return report(figures, options.json)


if __name__ == "__main__":
    sys.exit(main())

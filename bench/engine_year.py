# SPDX-License-Identifier: Apache-2.0
"""A year of plans through the real core, against brute force: what runs, and what is missed.

    python -m bench.engine_year [--seeds 2] [--plans 40] [--json]

Europe/Rome and Longyearbyen (78 degrees north), both with the two nights of daylight saving. First
without disturbance, then with the clock set by an hour, a day or three, the agent killed and begun
again, the board off and back in 1970. What it is held against: tests/core/engine_walk.py.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from random import Random

from bench.figures import Figure, report
from tests.core.engine_walk import any_plans, any_steps, compare, year

ZONES = ("Europe/Rome", "Arctic/Longyearbyen")
DAYS_BETWEEN = 6.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2, help="racks in each zone")
    parser.add_argument("--plans", type=int, default=40, help="of each rack")
    parser.add_argument("--year", type=int, default=2026)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)  # thousands of runs
    figures = []
    for zone in ZONES:
        count = disturbed = 0
        differences: list[str] = []
        begun_s = time.process_time()
        for seed in range(arguments.seeds):
            chance, span = Random(f"{zone} {seed}"), year(zone, arguments.year)
            plans = any_plans(chance, arguments.plans, span)
            steps = list(any_steps(chance, span, plans, DAYS_BETWEEN))
            compared, found = compare(plans, span, steps)
            count += compared
            disturbed += sum(step.kind != "run" for step in steps)
            differences += [f"{zone} {seed}: {text}" for text in found]
        for text in differences[:10]:
            print(text, file=sys.stderr)
        note = f"of {count} runs, {disturbed} disturbances, {time.process_time() - begun_s:.0f} s"
        figures.append(Figure(f"{zone}: differences", len(differences), "", 0, note))
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())

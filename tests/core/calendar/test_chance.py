# SPDX-License-Identifier: Apache-2.0
"""What is random keeps its bounds, and is the same after a restart."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.calendar import Calendar, WhenSettings
from pdu_agent.core.calendar.settings import PresenceSettings
from pdu_agent.core.tariffs import ClockTime

ROME = ZoneInfo("Europe/Rome")
JANUARY_S = 1_767_225_600  # 2026-01-01 00:00 UTC
DAY_S = 86_400
YEAR_S = 365 * DAY_S


def calendar(seed: int = 7, name: str = "lights", random_s: int = 1800) -> Calendar:
    when = WhenSettings(at=(ClockTime(18 * 60),), random_s=random_s, seed=seed)
    return Calendar(when, None, ROME, name)


def offsets_s(calendar: Calendar) -> list[int]:
    found = calendar.between(JANUARY_S, JANUARY_S + 60 * DAY_S)
    return [(each.wall_s - 17 * 3600 + DAY_S // 2) % DAY_S - DAY_S // 2 for each in found]


def test_random_times_use_the_whole_width_and_no_more() -> None:
    found = offsets_s(calendar())
    assert len(found) == 60
    assert all(-1800 <= offset <= 1800 for offset in found)
    assert min(found) < -1500
    assert max(found) > 1500
    assert abs(sum(found) / 60) < 450  # three deviations of a mean of 60


def test_a_second_is_as_likely_early_as_late() -> None:
    assert set(offsets_s(calendar(random_s=1))) == {-1, 0, 1}


def test_seed_and_name_decide() -> None:
    assert offsets_s(calendar()) == offsets_s(calendar())
    assert offsets_s(calendar()) != offsets_s(calendar(seed=8))
    assert offsets_s(calendar()) != offsets_s(calendar(name="pump"))


def test_the_random_times_of_a_seed_never_change() -> None:
    """They are what an agent promised before it was updated."""
    assert offsets_s(calendar())[:4] == [-213, 911, 50, 1672]


@given(st.integers(0, YEAR_S), st.integers(0, 30 * DAY_S))
def test_a_restart_finds_the_same_times(after_s: int, length_s: int) -> None:
    presence = PresenceSettings(begin=ClockTime(17 * 60), until=ClockTime(60), most=5)
    when = WhenSettings(presence=presence, seed=3)
    begin_s = JANUARY_S + after_s
    whole = Calendar(when, None, ROME, "home").between(begin_s - 5 * DAY_S, begin_s + length_s)
    part = Calendar(when, None, ROME, "home").between(begin_s, begin_s + length_s)
    assert list(part) == [each for each in whole if each.wall_s > begin_s]


@given(st.integers(0, YEAR_S))
def test_asking_for_the_next_goes_through_all(after_s: int) -> None:
    source = calendar(random_s=43_200)
    begin_s = JANUARY_S + after_s
    expected = list(source.between(begin_s, begin_s + 20 * DAY_S))
    found = []
    occurrence = source.next_after(begin_s)
    while occurrence is not None and occurrence.wall_s <= begin_s + 20 * DAY_S:
        found.append(occurrence)
        occurrence = source.next_after(occurrence.wall_s)
    assert found == expected


def test_presence_differs_from_day_to_day_and_uses_its_range() -> None:
    presence = PresenceSettings(begin=ClockTime(18 * 60), until=ClockTime(23 * 60), least=0, most=4)
    source = Calendar(WhenSettings(presence=presence), None, ROME, "home")
    by_day: dict[object, list[int]] = {}
    for each in source.between(JANUARY_S, JANUARY_S + 200 * DAY_S):
        by_day.setdefault(each.day, []).append(each.wall_s % DAY_S)
    assert {len(times) // 2 for times in by_day.values()} == {1, 2, 3, 4}
    assert 20 <= 200 - len(by_day) <= 60  # a fifth of the days has none
    assert len({times[0] for times in by_day.values()}) > 150

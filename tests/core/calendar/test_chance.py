# SPDX-License-Identifier: Apache-2.0
"""What is random keeps its bounds, and is the same after a restart."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.calendar import Calendar, Occurrence, Place, WhenSettings
from pdu_agent.core.calendar.settings import PresenceSettings, SunEvent
from pdu_agent.core.metered.tariffs import ClockTime

ROME = ZoneInfo("Europe/Rome")
JANUARY_S = 1_767_225_600  # 2026-01-01 00:00 UTC
DAY_S = 86_400
YEAR_S = 365 * DAY_S
SPRING_S = 1_774_746_000  # Europe/Rome changes its clocks
AUTUMN_S = 1_792_890_000


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


FAR_FROM_THEIR_DAYS = (
    WhenSettings(at=(ClockTime(1),), random_s=43_200),
    WhenSettings(at=(ClockTime(1439),), random_s=43_200),
    WhenSettings(sun=SunEvent.SUNSET, offset_s=43_200, random_s=43_200),
    WhenSettings(sun=SunEvent.SUNRISE, offset_s=-43_200, random_s=43_200),
    WhenSettings(
        presence=PresenceSettings(
            begin=ClockTime(1439), until=ClockTime(1438), least=2, least_off_s=1, most_on_s=86_400
        )
    ),
)


@pytest.mark.parametrize("when", FAR_FROM_THEIR_DAYS)
@given(st.sampled_from([SPRING_S, AUTUMN_S]), st.data())
@settings(max_examples=20, deadline=None)
def test_a_restart_finds_the_same_times(
    when: WhenSettings, middle_s: int, data: st.DataObject
) -> None:
    def found(start_s: int, end_s: int) -> list[Occurrence]:
        return list(Calendar(when, Place(41.9, 12.5), ROME, "home").between(start_s, end_s))

    whole = found(middle_s - 20 * DAY_S, middle_s + 20 * DAY_S)
    assert whole == sorted(whole, key=lambda each: each.wall_s)
    near = [each for each in whole if abs(each.wall_s - middle_s) < 9 * DAY_S]
    first = data.draw(st.sampled_from(near)).wall_s
    end_s = first + data.draw(st.integers(0, 5 * DAY_S))
    expected = [each for each in whole if first - 1 < each.wall_s <= end_s]
    assert found(first - 1, end_s) == expected


@given(st.integers(0, YEAR_S))
@settings(deadline=None)
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


def test_chance_may_change_the_order_of_days_over_a_day_of_23_hours() -> None:
    when = WhenSettings(at=(ClockTime(1),), random_s=43_200, seed=416)
    found = Calendar(when, None, ROME, "home").between(SPRING_S - DAY_S, SPRING_S + 3 * DAY_S)
    occurrences = list(found)
    assert [each.day.day for each in occurrences] == [30, 29, 31]
    assert occurrences == sorted(occurrences, key=lambda each: each.wall_s)

# SPDX-License-Identifier: Apache-2.0
"""Clocks that are not set, that are set back, and that jump ahead; and restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.store.history.reader import Reader
from tests.store.history.worlds import (
    GAP,
    MIDNIGHT_S,
    feed,
    finish_packing,
    make_recorder,
    pass_midnight,
    power,
)

NOON_S = MIDNIGHT_S + 12 * 3600
GAPS = (None, None, None, None, 0.0)


def steady(value: float, coverage: float = 1.0) -> tuple[float, ...]:
    return value, value, value, value, coverage


@pytest.mark.parametrize("unset_s", [0, 1_700_000_000])
def test_nothing_is_kept_before_the_clock_was_set(tmp_path: Path, unset_s: int) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, unset_s, [5.0] * 120)
    assert Reader(recorder).series() == ()
    feed(recorder, NOON_S, [6.0] * 120)
    assert power(recorder, unset_s, unset_s + 120, 60) == [GAPS] * 2 or unset_s % 60
    assert power(recorder, NOON_S, NOON_S + 120, 60) == [steady(6.0)] * 2


def test_a_clock_that_is_set_back_an_hour_overwrites_nothing(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 3600)
    feed(recorder, NOON_S + 600, [99.0] * 3600)
    assert power(recorder, NOON_S, NOON_S + 3600, 900) == [steady(10.0)] * 4
    assert power(recorder, NOON_S + 3600, NOON_S + 4200, 600) == [steady(99.0)]
    assert len(power(recorder, NOON_S, NOON_S + 4500, 900)) == 5


def test_a_clock_that_was_in_the_next_year_goes_on_today_at_once(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 1800)
    feed(recorder, NOON_S + 365 * 86_400, [20.0] * 1800)
    feed(recorder, NOON_S + 1800, [30.0] * 1800)
    finish_packing(recorder)
    expected = [steady(10.0)] * 2 + [steady(30.0)] * 2
    assert power(recorder, NOON_S, NOON_S + 3600, 900) == expected
    pass_midnight(recorder, MIDNIGHT_S + 86_400)
    assert power(recorder, NOON_S, NOON_S + 3600, 900) == expected
    future_s = NOON_S + 365 * 86_400
    assert power(recorder, future_s, future_s + 1800, 900) == [steady(20.0)] * 2


def test_a_day_that_was_packed_is_gone_on_with_behind_what_it_has(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 1800)
    pass_midnight(recorder, MIDNIGHT_S + 86_400)
    feed(recorder, NOON_S + 900, [77.0] * 1800)  # the clock was a day ahead
    pass_midnight(recorder, MIDNIGHT_S + 2 * 86_400)
    expected = [steady(10.0)] * 2 + [steady(77.0), GAPS]
    assert power(recorder, NOON_S, NOON_S + 3600, 900) == expected
    assert power(recorder, NOON_S, NOON_S + 3600, 60)[29:31] == [steady(10.0), steady(77.0)]


def test_a_restart_within_a_minute_loses_only_what_was_not_seen(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 1000)
    recorder.close()
    again = make_recorder(tmp_path)
    feed(again, NOON_S + 1010, [10.0] * 990)
    minutes = power(again, NOON_S, NOON_S + 1980, 60)
    assert minutes[:16] == [steady(10.0)] * 16
    assert minutes[16] == steady(10.0, pytest.approx(50 / 60, abs=1e-4))
    assert minutes[17:] == [steady(10.0)] * 16
    tens = power(again, NOON_S + 980, NOON_S + 1030, 10)
    assert [step[4] for step in tens] == [1, 1, 0, 1, 1]


def test_an_agent_that_is_killed_loses_its_minute_at_most(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 1000)
    again = make_recorder(tmp_path)  # the first one has closed nothing
    feed(again, NOON_S + 1020, [10.0] * 900)
    minutes = power(again, NOON_S, NOON_S + 1920, 60)
    assert minutes == [steady(10.0)] * 16 + [GAPS] + [steady(10.0)] * 15
    pass_midnight(again, MIDNIGHT_S + 86_400)
    assert power(again, NOON_S, NOON_S + 1920, 60) == minutes


def test_a_power_cut_loses_half_an_hour_at_most(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 3550)
    for file in (tmp_path / "run" / "history").iterdir():
        file.unlink()
    again = make_recorder(tmp_path)
    assert power(again, NOON_S, NOON_S + 3600, 900) == [steady(10.0)] * 2 + [GAPS] * 2


def test_a_torn_frame_is_left_out(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    feed(recorder, NOON_S, [10.0] * 185)
    (file,) = (tmp_path / "run" / "history").glob("*.tens")
    file.write_bytes(file.read_bytes()[:-3])
    again = make_recorder(tmp_path)
    assert power(again, NOON_S, NOON_S + 180, 60) == [steady(10.0)] * 2 + [GAPS]


def test_hours_of_10_s_are_read_alike_before_and_after_they_are_joined(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    values = [GAP if 100 <= i < 200 else float(i % 50) for i in range(3600)]
    feed(recorder, NOON_S, values)
    before = power(recorder, NOON_S, NOON_S + 3540, 10)
    feed(recorder, NOON_S + 3600, [1.0] * 120)
    assert power(recorder, NOON_S, NOON_S + 3540, 10) == before
    assert before[10:20] == [GAPS] * 10

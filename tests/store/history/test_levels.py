# SPDX-License-Identifier: Apache-2.0
"""Every level of a hand-made day: its values, its gaps, whoever holds it at the moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.history import Peak
from pdu_agent.store.history.reader import Reader
from tests.store.history.worlds import (
    GAP,
    MIDNIGHT_S,
    POWER_1,
    POWER_2,
    feed,
    finish_packing,
    make_recorder,
    pass_midnight,
    power,
)

NOON_S = MIDNIGHT_S + 12 * 3600
GAPS = (None, None, None, None, 0.0)


def feed_hour(recorder: object) -> None:
    """From noon: 10 minutes of 100 W with a second of 400 W, 20 of a stale meter, 30 of 40 W."""
    minutes_10 = [100.0] * 600
    minutes_10[125] = 400.0
    feed(recorder, NOON_S, minutes_10 + [GAP] * 1200 + [40.0] * 1800)  # type: ignore[arg-type]


@pytest.fixture(params=["in memory", "restarted", "packed", "packed and restarted"])
def recorder(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    made = make_recorder(tmp_path)
    feed_hour(made)
    if "packed" in request.param:
        pass_midnight(made, MIDNIGHT_S + 86_400)
    if "restarted" in request.param:
        made.close()
        made = make_recorder(tmp_path)
    return made


def test_steps_of_10_s_are_exact(recorder: object) -> None:
    steps = power(recorder, NOON_S + 110, NOON_S + 140, 10)  # type: ignore[arg-type]
    assert steps == [
        (100, 100, 100, 100, 1),
        (100, 130, 400, 100, 1),
        (100, 100, 100, 100, 1),
    ]


def test_minutes_are_exact_and_a_gap_stays_one(recorder: object) -> None:
    steps = power(recorder, NOON_S, NOON_S + 3600, 60)  # type: ignore[arg-type]
    assert (
        steps[:10]
        == [(100, 100, 100, 100, 1)] * 2 + [(100, 105, 400, 100, 1)] + [(100, 100, 100, 100, 1)] * 7
    )
    assert steps[10:30] == [GAPS] * 20
    assert steps[30:] == [(40, 40, 40, 40, 1)] * 30


def test_quarters_weigh_only_what_was_seen(recorder: object) -> None:
    steps = power(recorder, NOON_S - 900, NOON_S + 3600, 900)  # type: ignore[arg-type]
    assert steps == [
        GAPS,
        (100, 100.5, 400, 100, pytest.approx(600 / 900, abs=1e-4)),
        GAPS,
        (40, 40, 40, 40, 1),
        (40, 40, 40, 40, 1),
    ]


def test_the_day_is_made_of_what_was_seen_of_it(recorder: object) -> None:
    (day,) = power(recorder, MIDNIGHT_S, MIDNIGHT_S + 86_400, 86_400)  # type: ignore[arg-type]
    mean = (600 * 100.5 + 1800 * 40) / 2400
    assert day == (
        40,
        pytest.approx(mean, abs=0.03),
        400,
        40,
        pytest.approx(2400 / 86400, abs=1e-4),
    )


def test_a_peak_has_its_minute(recorder: object) -> None:
    peaks = Reader(recorder).peaks(POWER_1, MIDNIGHT_S, MIDNIGHT_S + 86_400)  # type: ignore[arg-type]
    assert peaks == (Peak(MIDNIGHT_S, 400.0, NOON_S + 120),)


def test_multiples_of_a_level_are_made_of_it(recorder: object) -> None:
    steps = power(recorder, NOON_S, NOON_S + 3600, 1800)  # type: ignore[arg-type]
    assert steps == [
        (100, 100.5, 400, 100, pytest.approx(1 / 3, abs=1e-4)),
        (40, 40, 40, 40, 1),
    ]


def test_the_newest_seconds_and_the_steps_that_run_are_shown(tmp_path: Path) -> None:
    made = make_recorder(tmp_path)
    feed(made, NOON_S, [5.0, 7.0, GAP, 9.0])
    assert power(made, NOON_S, NOON_S + 4, 1) == [
        (5, 5, 5, 5, 1),
        (7, 7, 7, 7, 1),
        GAPS,
        (9, 9, 9, 9, 1),
    ]
    assert power(made, NOON_S, NOON_S + 10, 10) == [(5, 7, 9, 9, 0.3)]
    assert power(made, NOON_S, NOON_S + 60, 60) == [(5, 7, 9, 9, 0.05)]
    assert power(made, NOON_S, NOON_S + 900, 900)[0][:4] == (5, 7, 9, 9)
    assert power(made, MIDNIGHT_S, MIDNIGHT_S + 86_400, 86_400)[0][:4] == (5, 7, 9, 9)


def test_the_level_is_chosen_by_the_span_and_by_what_is_there(tmp_path: Path) -> None:
    made = make_recorder(tmp_path)
    feed(made, NOON_S, [50.0] * 7200)
    read = Reader(made)
    end_s = NOON_S + 7200

    def chosen(span_s: int, points: int = 600) -> tuple[int, int]:
        curve = read.curve(POWER_1, end_s - span_s, end_s, points, None)
        assert len(curve.average) <= points + 1
        return curve.level_s, curve.step_s

    assert chosen(300) == (1, 1)
    assert chosen(1200) == (1, 2)
    assert chosen(1200, 20) == (60, 60)
    assert chosen(3600, 1200) == (10, 10)  # the ring holds half an hour only
    assert chosen(7200) == (10, 20)
    assert chosen(7200, 60) == (60, 120)
    assert chosen(30 * 86_400) == (900, 4500)
    assert chosen(365 * 86_400, 300) == (86_400, 172_800)


def test_who_asks_for_too_much_or_nonsense_is_told(tmp_path: Path) -> None:
    read = Reader(make_recorder(tmp_path))
    with pytest.raises(InvalidValue, match="not before the end"):
        read.curve(POWER_1, 10.0, 10.0, 600, None)
    with pytest.raises(InvalidValue, match="too many"):
        read.curve(POWER_1, 0.0, 1e9, 600, 1)
    with pytest.raises(InvalidValue, match="multiple"):
        read.curve(POWER_1, 0.0, 1e3, 600, 0)


def test_only_series_with_values_are_listed(tmp_path: Path) -> None:
    made = make_recorder(tmp_path)
    assert Reader(made).series() == ()
    feed(made, NOON_S, [GAP] * 100)
    assert Reader(made).series() == ()
    feed(made, NOON_S + 100, [1.0] * 10)
    assert Reader(made).series() == (POWER_1, POWER_2)
    made.close()
    assert Reader(make_recorder(tmp_path)).series() == (POWER_1, POWER_2)


def test_outlets_that_come_and_go_keep_their_own_values(tmp_path: Path) -> None:
    made = make_recorder(tmp_path)
    feed(made, NOON_S, [10.0] * 90)
    feed(made, NOON_S + 90, [20.0] * 30, (POWER_2,))
    feed(made, NOON_S + 120, [30.0] * 60, (POWER_2, POWER_1))
    assert power(made, NOON_S, NOON_S + 180, 60) == [
        (10, 10, 10, 10, 1),
        (10, 10, 10, 10, 0.5),
        (30, 30, 30, 30, 1),
    ]
    pass_midnight(made, MIDNIGHT_S + 86_400)
    assert power(made, NOON_S, NOON_S + 180, 60)[1] == (10, 10, 10, 10, 0.5)
    curve = Reader(made).curve(POWER_2, NOON_S, NOON_S + 180, 3, None)
    assert curve.average == (10, 15, 30)
    assert curve.coverage == (1, 1, 1)
    finish_packing(made)

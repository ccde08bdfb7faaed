# SPDX-License-Identifier: Apache-2.0
"""Registers for each tariff, and reactive energy."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.core.metered.tariffs import ClockTime, TariffPlan, TariffSettings, Weekday
from pdu_agent.core.settings import BranchSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import Meter
from pdu_agent.store.framing import decode, encode
from pdu_agent.store.plain_record import from_plain, to_plain
from tests.core.bench import INLET, Workbench

BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS = (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI)
DAY = TariffSettings("day", ClockTime(6 * 60), ClockTime(22 * 60), WORKDAYS)
NIGHT = TariffSettings("night", ClockTime(22 * 60), ClockTime(6 * 60))
MONDAY = datetime(2027, 3, 22, tzinfo=BERLIN)
"""Its week ends with Sunday 28 March, which has 23 hours there."""


def meter(bench: Workbench) -> Meter:
    return bench.core.snapshot.inlets[0].meter


def use(bench: Workbench, target: Target, energy_mj: float, mvars: float | None = None) -> None:
    electrical = Electrical(quality=Quality.OK)
    bench.measure(Measurement(target, electrical, energy_mj, mvars), span_s=60.0)


def week(start: datetime) -> Workbench:
    clock = ManualClock(wall_s=start.timestamp())
    return Workbench(
        0, clock=clock, tariffs=(DAY,), zone=BERLIN, stale_after_s=1e9, continuous=True
    )


def test_a_week_at_two_rates_with_the_hour_that_daylight_saving_takes() -> None:
    """1 kJ and 100 var s a minute. Day: 5 workdays x 16 h. The rest of 7 x 24 h - 1 h."""
    bench = week(MONDAY)
    minutes = (7 * 24 - 1) * 60
    for _ in range(minutes):
        bench.clock.advance(60.0)
        use(bench, INLET, 1e6, 1e5)
    bench.run(1.1)
    found = {row.tariff: (row.energy_mj, row.inductive_mvars) for row in meter(bench).tariffs}
    day_minutes = 5 * 16 * 60
    rest_minutes = minutes - day_minutes
    assert found == {
        "day": (day_minutes * 1_000_000, day_minutes * 100_000),
        "standard": (rest_minutes * 1_000_000, rest_minutes * 100_000),
    }
    assert meter(bench).energy_mj == minutes * 1_000_000


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2027-03-22 06:00:00", "standard"),  # a span that ends there was used before it
        ("2027-03-22 06:00:01", "day"),
        ("2027-03-22 22:00:00", "day"),
        ("2027-03-22 22:00:01", "night"),
        ("2027-03-23 03:00:00", "night"),
        ("2027-03-23 06:00:00", "night"),
        ("2027-03-22 00:00:30", "standard"),  # Sunday's night has none that began on Monday
        ("2027-03-27 12:00:00", "standard"),
    ],
)
def test_the_band_is_that_of_the_span_s_end(moment: str, expected: str) -> None:
    night = replace(NIGHT, days=WORKDAYS)
    plan = TariffPlan((DAY, night), "standard", BERLIN)
    at = datetime.fromisoformat(moment).replace(tzinfo=BERLIN)
    assert plan.at_end_of(at.timestamp()) == expected


def test_the_hour_that_comes_twice_is_booked_twice() -> None:
    band = TariffSettings("twice", ClockTime(2 * 60), ClockTime(3 * 60))
    plan = TariffPlan((band,), "else", BERLIN)
    begin_s = datetime(2027, 10, 31, tzinfo=BERLIN).timestamp()
    minutes = [plan.at_end_of(begin_s + 60 * n) for n in range(1, 25 * 60 + 1)]
    assert minutes.count("twice") == 120


def test_the_first_band_that_fits_applies_and_names_come_once() -> None:
    noon = TariffSettings("noon", ClockTime(12 * 60), ClockTime(13 * 60))
    plan = TariffPlan((noon, TariffSettings("all"), noon), "never", UTC)
    assert plan.names == ("noon", "all", "never")
    assert [plan.at_end_of(h * 3600) for h in (11.5, 12.5, 13.5)] == ["all", "noon", "all"]


def test_equal_times_are_the_whole_day() -> None:
    band = TariffSettings("sun", ClockTime(360), ClockTime(360), (Weekday.SUN,))
    plan = TariffPlan((band,), "week", UTC)
    sunday_6_s = datetime(2027, 3, 28, 6, tzinfo=UTC).timestamp()
    found = [plan.at_end_of(sunday_6_s + h * 3600) for h in (0, 0.5, 24, 24.5)]
    assert found == ["week", "sun", "sun", "week"]


def test_registers_survive_a_restart_and_stay_when_the_tariff_goes() -> None:
    bench = week(MONDAY)
    use(bench, INLET, 5000.0)
    record = decode(encode(bench.core.final_record()))
    plain = Workbench(0, record=record, clock=ManualClock(wall_s=MONDAY.timestamp()))
    assert meter(plain).tariffs == ()
    again = Workbench(0, record=plain.core.final_record(), tariffs=(DAY,), zone=BERLIN)
    assert [(row.tariff, row.energy_mj) for row in meter(again).tariffs] == [
        ("day", 0),
        ("standard", 5000),
    ]


def test_only_inlets_and_outlets_have_them() -> None:
    bench = Workbench(1, branches=(BranchSettings(1),), tariffs=(DAY,), zone=BERLIN)
    for target in (INLET, Target(TargetKind.BRANCH, 1), Target(TargetKind.OUTLET, 1)):
        use(bench, target, 5000.0)
    record = bench.core.final_record()
    with_some = {key for key, row in record.meters.items() if row.tariffs}
    assert with_some == {"inlet 1", "outlet 1"}


def test_without_tariffs_the_record_has_none() -> None:
    bench = Workbench(1)
    use(bench, INLET, 5000.0, 7.0)
    assert "tariffs" not in to_plain(bench.core.final_record())["meters"]["inlet 1"]


def test_a_record_of_before_has_no_reactive_energy() -> None:
    record = from_plain(to_plain(Record(engine_id=b"x")) | {"meters": {"inlet 1": {}}})
    bench = Workbench(0, record=record)
    assert (meter(bench).inductive_mvars, meter(bench).capacitive_mvars) == (None, None)


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from((None, math.nan, math.inf)), max_size=40))
def test_reactive_registers_grow_by_exactly_what_was_measured(
    pieces: list[float | None],
) -> None:
    bench = Workbench(0)
    known = [piece for piece in pieces if piece is not None and math.isfinite(piece)]
    before = 0
    for piece in pieces:
        use(bench, INLET, 0.0, piece)
        bench.run(1.1)
        total = (meter(bench).inductive_mvars or 0) + (meter(bench).capacitive_mvars or 0)
        assert total >= before
        before = total
    inductive = math.fsum(piece for piece in known if piece > 0)
    capacitive = -math.fsum(piece for piece in known if piece < 0)
    if known:
        assert meter(bench).inductive_mvars == pytest.approx(inductive, abs=1.001)
        assert meter(bench).capacitive_mvars == pytest.approx(capacitive, abs=1.001)
    else:
        assert meter(bench).inductive_mvars is None

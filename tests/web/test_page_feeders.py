# SPDX-License-Identifier: Apache-2.0
"""What the page says of inlets, lines and branches."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import Alarm, Branch, Demand, Fault, Inlet, MeterStatus, Severity
from pdu_agent.web.page import page
from tests.web.fake_agent import make_meter, make_outlet, make_snapshot

DISTORTED = Electrical(
    voltage_v=231.0,
    current_a=3.25,
    active_power_w=700.0,
    quality=Quality.OK,
    voltage_thd_percent=2.3,
    current_thd_percent=31.4,
)
METER = make_meter(electrical=DISTORTED, demand=Demand(900.0, 640.5, 812.5, None, None))
RESIDUAL = make_meter(electrical=Electrical(current_a=0.0064, quality=Quality.OK))
INLET = Inlet(1, "<Feed>", 3, METER, residual=RESIDUAL, imbalance_percent=12.3)


def test_the_quality_of_what_an_inlet_carries_is_on_the_page() -> None:
    shown = page(make_snapshot(inlets=(INLET,)))
    numbers = ("231.0", "3.250", "700.0", "640.5", "812.5", "2.3", "31.4", "6.4", "12.3")
    cells = "".join(f'<td class="n">{number}</td>' for number in numbers)
    assert f"<td>&lt;Feed&gt;</td>{cells}<td>ok</td>" in shown


def test_of_a_silent_meter_only_the_peak_is_left() -> None:
    silent = replace(METER, status=MeterStatus.STALE)
    shown = page(make_snapshot(inlets=(replace(INLET, meter=silent, residual=None),)))
    cells = "".join(f'<td class="n">{text}</td>' for text in (*"----", "812.5", *"---", "12.3"))
    assert f"{cells}<td>stale</td>" in shown


def test_a_branch_without_a_meter_and_one_without_voltage() -> None:
    bare = Branch(1, "B1", 1, "l1", 10.0, None)
    blown = Branch(2, "B2", 1, "l1", 10.0, METER, faults=frozenset({Fault.FUSE}))
    shown = page(make_snapshot(branches=(bare, blown)))
    assert "<td>not metered</td>" in shown
    assert "<td>no voltage</td>" in shown


def test_values_beyond_the_range_of_their_meter_are_marked() -> None:
    clipped = replace(METER, electrical=replace(DISTORTED, quality=Quality.CLIPPED))
    outlets = (make_outlet(1, meter=clipped), make_outlet(2, meter=clipped, switched=False))
    shown = page(make_snapshot(inlets=(replace(INLET, meter=clipped),), outlets=outlets))
    assert "<td>clipped</td>" in shown
    assert "<td>on, clipped</td>" in shown
    assert "<td>metered only, clipped</td>" in shown


def test_energy_is_shown_with_the_start_of_the_user_meter() -> None:
    meter = replace(METER, energy_mj=7_200_000_000, user_energy_mj=3_600_000_000)
    for wall_s, since in ((1_800_000_000.0, "2027-01-15T08:00:00.000Z"), (None, "-")):
        counted = replace(meter, user_since_wall_s=wall_s)
        outlet, inlet = make_outlet(1, meter=counted), replace(INLET, meter=counted)
        shown = page(make_snapshot(inlets=(inlet,), outlets=(outlet,)))
        assert shown.count(f'<td class="n">2.000</td><td class="n">1.000</td><td>{since}</td>') == 2


def test_an_alarm_that_somebody_has_seen_is_marked() -> None:
    alarm = Alarm(1, "fan", Severity.WARNING, "fan 1", "0 rpm", 0.0, None, acknowledged=True)
    alarms = (alarm, replace(alarm, acknowledged=False))
    shown = page(make_snapshot(alarms=alarms))
    assert "<li>warning: fan 1: 0 rpm (acknowledged)</li><li>warning: fan 1: 0 rpm</li>" in shown

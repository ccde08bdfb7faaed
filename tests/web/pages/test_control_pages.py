# SPDX-License-Identifier: Apache-2.0
"""Pages of control and watching: what they show, to whom, and that nothing of it is markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.core.metered.tariffs import ClockTime
from pdu_agent.core.plans.settings import PlanSettings, PlanWhen
from pdu_agent.core.plans.week import week
from pdu_agent.core.settings import CoreSettings, DeviceSettings, InletSettings, OutletSettings
from pdu_agent.model.commands import Hold, Quantity, Rank, Target, TargetKind
from pdu_agent.model.control import (
    Cap,
    CapState,
    Outage,
    OutageState,
    Plan,
    Rule,
    RuleState,
    Upcoming,
)
from pdu_agent.model.snapshot import (
    Alarm,
    EventKind,
    LoggedEvent,
    Sensor,
    SensorKind,
    SensorStatus,
    Severity,
)
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine
from pdu_agent.web.services import Services
from tests.web.fake_agent import INLET_1, NOON_S, FakeController, make_outlet, make_snapshot
from tests.web.pages.browsing import ADMIN, SWITCHER, TENANT, VIEWER, page

PATHS = (
    *("/schedules", "/rules", "/groups", "/thresholds"),
    *("/alarms", "/events", "/sensors", "/ups", "/cap"),
)
EVIL = "<script>alert(1)</script>&\"'"
PLANS = (
    Plan(1, "night", True, "at 07:00", (1, 2), "off", NOON_S + 60, None, EVIL, 3, 1),
    Plan(2, "day", False, "at 08:00", (3,), "on", None, NOON_S, "", 0, 0),
)
RULES = (
    Rule(
        1, "hot", True, EVIL, "outlet 1 off", RuleState.ACTIVE, NOON_S, 31.25, 2, NOON_S, EVIL, (1,)
    ),
    Rule(2, "odd", False, "x", "y", RuleState.DISABLED, None, None, 0, None, "", (3,)),
    Rule(3, "wild", True, "x", "y", RuleState.PAUSED, None, None, 9, None, "", (1,)),
)
UPS = Ups(
    1,
    EVIL,
    "APC",
    "900",
    "",
    frozenset({UpsFlag.ON_BATTERY, UpsFlag.LOW_BATTERY}),
    {},
    None,
    95.0,
    runtime_s=300.0,
    charge_pct=41.0,
    inputs=(UpsLine(), UpsLine(voltage_v=229.5)),
    inlets=(1,),
    variables={"ups.status": EVIL},
)
SHED = Hold("cap 1", Rank.SAFETY, False, "shed at 412 W", NOON_S, "returns below 320 W")
OUTAGE = Outage("rack", OutageState.LOW, NOON_S, (1,), (1, 2), EVIL, "outlet 3 off", NOON_S + 9)


@pytest.fixture
def unit() -> FakeController:
    snapshot = make_snapshot(
        caps=(
            Cap(1, EVIL, INLET_1, Quantity.ACTIVE_POWER, 400.0, 20.0, 412.5, CapState.OVER, (3,)),
            Cap(2, "a", INLET_1, Quantity.CURRENT, 10.0, 0.5, None, CapState.UNKNOWN, ()),
        )
    )
    events = tuple(
        LoggedEvent(
            number,
            NOON_S - 3600 + number,
            EventKind.PLAN_RAN if number % 2 else EventKind.OUTLET_STATE,
            Severity.INFO if number % 3 else Severity.CRITICAL,
            Target(TargetKind.OUTLET, 1 + number % 2),
            f"event <{number}> {EVIL}",
            "http admin" if number % 2 else "",
        )
        for number in range(120)
    )
    return FakeController(
        replace(
            snapshot,
            plans=PLANS,
            rules=RULES,
            upses=(UPS,),
            outages=(OUTAGE,),
            events=events,
            alarms=(
                *snapshot.alarms,
                Alarm(2, "x", Severity.CRITICAL, EVIL, EVIL, NOON_S - 90, acknowledged=True),
            ),
            outlets=(
                *snapshot.outlets[:2],
                replace(snapshot.outlets[2], holds=(SHED,)),
                snapshot.outlets[3],
                make_outlet(5, name=EVIL, priority=7),
                make_outlet(6, name="kept", priority=0),
            ),
        )
    )


def shown_week() -> Services:
    entries = (
        PlanSettings(name="night", outlets=(1, 2), action="off", when=_at(7)),
        PlanSettings(name="day", outlets=(3,), action="on", when=_at(8)),
    )
    settings = CoreSettings(
        DeviceSettings(),
        (InletSettings(),),
        tuple(OutletSettings(number) for number in range(1, 6)),
        plans=entries,
    )
    return Services(week=partial(week, settings))


def _at(hour: int) -> PlanWhen:
    return PlanWhen(at=(ClockTime(60 * hour),))


@pytest.mark.parametrize("path", PATHS)
def test_no_text_of_others_is_markup(unit: FakeController, path: str) -> None:
    status, text = page(unit, path, services=shown_week())
    assert status == 200
    assert "<script>alert" not in text
    assert "<b>db</b>" not in text
    assert text.count("<h1>") == 1
    assert f'<a href="{path}" aria-current="page">' in text


@pytest.mark.parametrize("path", PATHS)
def test_a_viewer_sees_everything_and_is_offered_nothing(unit: FakeController, path: str) -> None:
    _, text = page(unit, path, VIEWER, shown_week())
    content = text[text.index("<main") : text.index("</main>")]
    assert "data-api" not in content
    assert ("data-api" in page(unit, path, ADMIN, shown_week())[1]) is (
        path not in ("/events", "/ups", "/thresholds")
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_unit_without_any_of_it_says_so(path: str) -> None:
    empty = make_snapshot(
        plans=(), rules=(), groups=(), thresholds=(), alarms=(), events=(), sensors=(), upses=()
    )
    status, text = page(FakeController(empty), path, VIEWER)
    assert status == 200
    assert 'class="empty"' in text


@pytest.mark.parametrize("path", PATHS)
def test_every_id_is_used_once_and_every_label_has_its_field(
    unit: FakeController, path: str
) -> None:
    _, text = page(unit, path, services=shown_week())
    ids = re.findall(r'\sid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    for reference in re.findall(r'\s(?:for|aria-labelledby|aria-describedby)="([^"]*)"', text):
        assert reference in ids


def test_a_plan_is_enabled_and_run_by_who_may(unit: FakeController) -> None:
    _, text = page(unit, "/schedules", ADMIN, shown_week())
    assert 'data-api="POST /api/v1/plans/night/disable"' in text
    assert 'data-api="POST /api/v1/plans/day/enable"' in text
    _, text = page(unit, "/schedules", SWITCHER, shown_week())
    assert 'data-api="POST /api/v1/plans/night/run"' in text
    assert "/disable" not in text


def test_who_sees_some_outlets_sees_their_plans_only(unit: FakeController) -> None:
    _, text = page(unit, "/schedules", TENANT, shown_week())
    assert "night" in text
    assert ">day" not in text


def test_the_table_of_the_week_tells_why_a_run_would_be_refused(unit: FakeController) -> None:
    _, text = page(unit, "/schedules", VIEWER, shown_week())
    assert "would be refused now: outlet 2 is locked on" in text
    assert text.count('class="mark is-off') >= 14


def test_another_week_can_be_looked_at(unit: FakeController) -> None:
    _, text = page(unit, "/schedules?from=2026-03-28", VIEWER, shown_week())
    assert "Sat 28 Mar" in text
    assert 'href="?from=2026-04-04#week"' in text
    first, last = date(2000, 1, 1), date(2099, 12, 31)
    assert 'rel="prev"' not in page(unit, f"/schedules?from={first}", VIEWER, shown_week())[1]
    assert 'rel="next"' not in page(unit, f"/schedules?from={last}", VIEWER, shown_week())[1]
    assert page(unit, "/schedules?from=yesterday", VIEWER, shown_week())[0] == 422


def test_a_paused_rule_can_begin_anew(unit: FakeController) -> None:
    _, text = page(unit, "/rules")
    assert 'data-api="POST /api/v1/rules/wild/enable"' in text
    assert 'data-api="POST /api/v1/rules/odd/enable"' in text
    assert 'data-api="POST /api/v1/rules/hot/disable"' in text
    assert "31.25" in text


def test_groups_of_the_file_are_not_edited_and_empty_ones_not_switched(
    unit: FakeController,
) -> None:
    _, text = page(unit, "/groups")
    assert 'data-api="PATCH /api/v1/groups/7"' in text
    assert "PATCH /api/v1/groups/1" not in text
    assert 'data-api="POST /api/v1/groups/1/off"' in text
    assert "/api/v1/groups/7/off" not in text
    assert "206.4" in text
    assert 'data-api="POST /api/v1/groups"' not in page(unit, "/groups", SWITCHER)[1]


def test_a_threshold_is_edited_with_its_tag(unit: FakeController) -> None:
    _, text = page(unit, "/thresholds?of=inlet-1-current")
    assert re.search(r'data-api="PATCH /api/v1/thresholds/inlet/1/current"[^>]*data-etag=', text)
    assert 'name="high_warning" value="12.8"' in text
    assert 'name="high_critical" value=""' in text  # kept, but not watched
    assert 'data-target="inlet:1" data-quantity="current_a"' in text
    assert "PATCH" not in page(unit, "/thresholds?of=inlet-1-current", VIEWER)[1]


def test_alarms_have_the_worst_first_and_can_be_acknowledged(unit: FakeController) -> None:
    _, text = page(unit, "/alarms")
    content = text[text.index("<main") :]
    assert content.index(">critical<") < content.index(">warning<")
    assert 'data-api="POST /api/v1/alarms/1/acknowledge"' in text
    assert "Not seen after all" in text


def rows_of(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"event &lt;(\d+)&gt;", text)]


def test_events_come_page_by_page(unit: FakeController) -> None:
    _, text = page(unit, "/events")
    assert rows_of(text) == list(range(119, 69, -1))
    assert 'href="/events?skip=50"' in text
    _, text = page(unit, "/events?skip=100")
    assert rows_of(text) == list(range(19, -1, -1))
    assert 'rel="next"' not in text
    assert page(unit, "/events?skip=-1")[0] == 422


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("kind=plan+ran", lambda number: number % 2 == 1),
        ("severity=critical", lambda number: number % 3 == 0),
        ("target=outlet+2", lambda number: number % 2 == 1),
        ("text=HTTP+ADMIN", lambda number: number % 2 == 1),
        ("from=2027-01-15T07:01", lambda number: number >= 60),
        ("to=2027-01-15T07:00", lambda number: number < 60),
        ("kind=nothing", lambda number: False),
    ],
)
def test_events_are_filtered(unit: FakeController, query: str, fits: object) -> None:
    assert callable(fits)
    _, text = page(unit, f"/events?{query}")
    assert rows_of(text) == [number for number in range(119, -1, -1) if fits(number)][:50]


@pytest.mark.parametrize("moment", ["soon", "2026-13-01T00:00"])
def test_a_time_that_is_none_is_refused(unit: FakeController, moment: str) -> None:
    assert page(unit, f"/events?from={moment}")[0] == 422


def test_a_sensor_without_a_value_shows_a_dash() -> None:
    wet = Sensor(3, "floor", SensorKind.WATER, 1.0, SensorStatus.OK, NOON_S, "", 0.0, 1.0)
    snapshot = make_snapshot()
    _, text = page(FakeController(replace(snapshot, sensors=(*snapshot.sensors, wet))), "/sensors")
    assert "21.4" in text
    assert ">wet<" in text.replace("\n", "")
    door = text[text.index('id="sensor-2"') : text.index('id="sensor-3"')]
    assert "\N{EN DASH}" in door
    assert 'data-api="PATCH /api/v1/sensors/2"' in door


def test_a_ups_tells_its_flags_and_what_it_does_not_know_is_a_dash(unit: FakeController) -> None:
    _, text = page(unit, "/ups")
    assert "low battery" in text
    assert "5 min" in text
    assert "229.5" in text
    assert "Input L2" in text
    assert "Input L1" not in text
    silent = replace(UPS, unreachable_since_s=100.0, trouble="refused")
    unit.show(upses=(silent,))
    _, text = page(unit, "/ups")
    assert "Silent since" in text
    assert "229.5" not in text
    assert "<dt>Runtime</dt><dd>\N{EN DASH}</dd>" in text


def test_a_cap_tells_what_it_shed_and_when_that_returns(unit: FakeController) -> None:
    _, text = page(unit, "/cap")
    assert "shed at 412 W; returns below 320 W" in text
    assert "412" in text
    assert 'data-api="POST /api/v1/caps/2"' in text


def test_priorities_are_shown_from_what_goes_first_to_what_never_goes(
    unit: FakeController,
) -> None:
    _, text = page(unit, "/cap")
    assert re.findall(r'class="level" data-priority="(\d+)"', text) == ["7", "1", "0"]
    assert re.findall(r'data-outlet="(\d+)"', text) == ["5", "1", "2", "3", "6"]
    assert "data-may-order" in text
    seen = page(unit, "/cap", VIEWER)[1]
    assert "data-may-order" not in seen
    assert "Save the order" not in seen


def test_the_audit_log_is_for_who_may_read_the_unit(unit: FakeController) -> None:
    status, text = page(unit, "/audit", VIEWER)
    assert status == 200
    assert "<script>alert" not in text
    assert text.count("<option") > 6
    nobody = replace(VIEWER, grant=Grant(Rights.NONE, Rights.READ))
    assert page(unit, "/audit", nobody)[0] == 403
    assert 'href="/audit"' not in page(unit, "/alarms", nobody)[1]


def test_what_is_planned_next_is_told_of_outlets_that_may_be_seen_only(
    unit: FakeController,
) -> None:
    coming = (
        Upcoming(NOON_S + 1, "plan secret", "off", (3,)),
        Upcoming(NOON_S + 2, "plan mixed", "off", (1, 3)),
        Upcoming(NOON_S + 3, "plan backup", "hook", ()),
        Upcoming(NOON_S + 4, "plan night", "off", (1, 2)),
    )
    services = Services(upcoming=lambda count, _outlet: coming[:count])
    seen = json.loads(page(unit, "/api/v1/schedule/next?count=1", TENANT, services)[1])["next"]
    assert [row["source"] for row in seen] == ["plan night"]
    seen = json.loads(page(unit, "/api/v1/schedule/next", VIEWER, services)[1])["next"]
    assert len(seen) == 4

# SPDX-License-Identifier: Apache-2.0
"""A unit made by hand: snapshots with known values, and a controller that keeps a diary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.identity import OWN, agent_modules
from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.schema import MibModule
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW, MibView, VarBind
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import (
    Actor,
    Command,
    Limit,
    Lock,
    NotificationClass,
    OverloadRestriction,
    PowerUp,
    Quantity,
    Target,
    TargetKind,
    Ticket,
)
from pdu_agent.model.control import Cap, CapState, Outage, OutageState, Plan, Rule, RuleState
from pdu_agent.model.errors import CommandError
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import (
    Alarm,
    Branch,
    ChangeReason,
    Crossing,
    Demand,
    Device,
    EventKind,
    Fan,
    Group,
    GroupState,
    Health,
    Inlet,
    Line,
    LoggedEvent,
    Meter,
    MeterStatus,
    Outlet,
    OutletState,
    OwnTariff,
    Sensor,
    SensorKind,
    SensorStatus,
    Severity,
    Snapshot,
    TariffRegister,
    Threshold,
    ThresholdState,
)
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine

ACTOR = Actor("snmp", "operator", "192.0.2.1")
WALL_S = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC

ENGINE = OwnEngine(bytes.fromhex("8000000003aabbccddeeff"), 3, lambda: 90, 8192)

ELECTRICAL = Electrical(
    voltage_v=230.1234,
    current_a=1.25,
    active_power_w=262.5,
    apparent_power_va=287.65425,
    reactive_power_var=117.6,
    power_factor=0.9126,
    frequency_hz=50.012,
    crest_factor=1.4142,
    quality=Quality.OK,
)

METER = Meter(
    electrical=ELECTRICAL,
    status=MeterStatus.OK,
    energy_mj=9_000_000_000,  # 2.5 kWh
    user_energy_mj=5_399_999_999,  # just short of 1.5 kWh
    user_since_wall_s=WALL_S - 86_400,
    peak_power_w=1234.5678,
    peak_wall_s=WALL_S - 3600,
    discontinuity_s=0.0,
    sample_wall_s=WALL_S,
    rated_current_a=10.0,
)

DEVICE = Device(
    name="rack-7",
    contact="ops@example.net",
    location="Hall 2",
    model="OpenPDU-8",
    serial_number="S-0042",
    hardware_revision="B",
    software_version="0.1.0",
    sequence_interval_s=0.25,
    cold_start_delay_s=3.0,
)

SENSOR = Sensor(
    index=1,
    name="intake",
    kind=SensorKind.TEMPERATURE,
    value=-4.25,
    status=SensorStatus.OK,
    sample_wall_s=WALL_S,
    serial="28-00",
    minimum=-10.0,
    maximum=None,
)


OUTLET_2 = Target(TargetKind.OUTLET, 2)
BRANCH_3 = Target(TargetKind.BRANCH, 3)

BRANCHES = (
    Branch(1, "Branch 1", 1, "unknown", 10.0, None),
    Branch(
        index=3,
        name="rear",
        inlet=1,
        line="l1",
        rated_current_a=13.0,
        meter=replace(
            METER,
            rated_current_a=13.0,
            peak_power_since_wall_s=WALL_S - 7200,
            peak_current_a=5.4321,
            peak_current_wall_s=WALL_S - 1800,
        ),
        overload_restriction=OverloadRestriction.NEAR_OVERLOAD,
    ),
)

RICH_METER = replace(
    METER,
    electrical=replace(ELECTRICAL, voltage_thd_percent=2.345, current_thd_percent=31.4),
    inductive_mvars=7_199_999,  # just short of 2 var h
    capacitive_mvars=3_600,
    demand=Demand(900.0, 250.5, 1000.25, WALL_S - 600, WALL_S - 7200),
    tariffs=(
        TariffRegister("day", 5_400_000_000, 3_600_000, 0),
        TariffRegister("night", 3_600_000_000, 0, 3_599),
    ),
    own_tariffs=(OwnTariff(1, 7_199_999, 3_600_000), OwnTariff(2, 3_600_000)),
)

LINES = (
    Line(1, "Line 1", 1, "l1", 16.0, RICH_METER),
    Line(3, "rear", 1, "l3", 16.0, None),
)

FANS = (
    Fan(1, "front", 42.5, 1234.5, SensorStatus.OK),
    Fan(2, "Fan 2", 100.0, None, SensorStatus.FAULT),
)

BALANCE: dict[str, Any] = {
    "meter": replace(RICH_METER, rated_current_a=16.0),
    "residual": replace(METER, electrical=Electrical(current_a=0.0064, quality=Quality.OK)),
    "imbalance_percent": 12.34,
    "unaccounted_w": 17.5,
}

GROUPS = (
    Group(1, "servers", (1, 2), True, GroupState.MIXED, 525.0, 10_799_999_998),
    Group(7, "Group 7", (2,), False, GroupState.ON, None, 0),
)

THRESHOLDS = (
    Threshold(
        target=OUTLET_2,
        quantity=Quantity.CURRENT,
        low_critical=0.0,
        low_warning=0.0,
        high_warning=8.0,
        high_critical=10.0,
        hysteresis=0.5,
        delay_s=3.0,
        enabled=frozenset({Limit.HIGH_WARNING, Limit.HIGH_CRITICAL}),
        state=ThresholdState.HIGH_WARNING,
        value=8.75,
    ),
    Threshold(
        target=BRANCH_3,
        quantity=Quantity.ACTIVE_POWER,
        low_critical=0.0,
        low_warning=0.0,
        high_warning=2300.0,
        high_critical=0.0,
        hysteresis=0.0,
        delay_s=0.0,
        enabled=frozenset({Limit.HIGH_WARNING}),
        state=ThresholdState.NORMAL,
        value=262.5,
    ),
    Threshold(
        target=Target(TargetKind.SENSOR, 1),
        quantity=Quantity.TEMPERATURE,
        low_critical=-20.5,
        low_warning=-10.0,
        high_warning=35.0,
        high_critical=40.0,
        hysteresis=1.0,
        delay_s=0.0,
        enabled=frozenset(),
        state=ThresholdState.UNKNOWN,
        value=None,
    ),
)

CROSSING = Crossing(Quantity.CURRENT, ThresholdState.HIGH_WARNING, 8.75, 8.0)

ALARMS = (
    Alarm(4, "threshold", Severity.WARNING, "outlet 2", "8.75 A", WALL_S - 60, OUTLET_2, CROSSING),
    Alarm(9, "board", Severity.CRITICAL, "board main", "no answer", WALL_S, acknowledged=True),
)

EVENTS = (
    LoggedEvent(4294967295, WALL_S, EventKind.STARTED, Severity.INFO, None, "started", ""),
    LoggedEvent(
        1,
        WALL_S,
        EventKind.OUTLET_STATE,
        Severity.INFO,
        OUTLET_2,
        "outlet 2 is off",
        "snmp operator from 192.0.2.1",
    ),
)


PLANS = (
    Plan(
        number=1,
        name="night",
        enabled=True,
        when="daily at 22:00",
        outlets=(1, 2),
        action="off",
        next_wall_s=WALL_S + 3600.4,
        last_wall_s=WALL_S - 82_800,
        outcome="outlets 1, 2: off",
        runs=4,
        missed=1,
    ),
    Plan(3, "tidy up", False, "once", (), "hook tidy", None, None, "", 0, 0),
)

RULES = (
    Rule(
        number=1,
        name="hot",
        enabled=True,
        condition="sensor 1 temperature > 35 C",
        action="outlet 2 off",
        state=RuleState.ACTIVE,
        since_wall_s=WALL_S - 60,
        value=35.25,
        fired=2,
        last_wall_s=WALL_S - 30,
        outcome="outlet 2: off",
        outlets=(2, 1),
    ),
    Rule(2, "host", False, "ping nas", "reboot", RuleState.BLIND, None, None, 0, None, ""),
)

CAPS = (
    Cap(
        number=1,
        name="feed",
        target=Target(TargetKind.UNIT, 1),
        quantity=Quantity.ACTIVE_POWER,
        limit=3000.0,
        margin=100.5,
        value=2999.9996,
        state=CapState.RESTORING,
        shed=(2, 1),
    ),
    Cap(
        *(2, "rear", BRANCH_3, Quantity.CURRENT, 10.0, 0.5, None, CapState.UNKNOWN, ()),
    ),
)

UPSES = (
    Ups(
        index=1,
        name="rack",
        manufacturer="Maker",
        model="M 1500",
        firmware="9.1",
        flags=frozenset({UpsFlag.ON_BATTERY, UpsFlag.LOW_BATTERY, UpsFlag.DISCHARGING}),
        since_s={UpsFlag.ON_BATTERY: 40.0, UpsFlag.LOW_BATTERY: 50.5, UpsFlag.DISCHARGING: 40.0},
        unreachable_since_s=None,
        on_battery_s=61.4,
        runtime_s=359.0,
        low_runtime_s=120.0,
        charge_pct=17.64,
        load_pct=33.4,
        battery_voltage_v=25.26,
        battery_current_a=-7.5,
        battery_temperature_c=31.45,
        inputs=(UpsLine(0.0, frequency_hz=0.0),),
        outputs=(UpsLine(229.6, 1.26, 250.4, 50.04),),
        nominal_apparent_power_va=1500.0,
        low_charge_pct=20.0,
        inlets=(1,),
        source="rack@localhost:3493",
    ),
    Ups(
        index=2,
        name="hall",
        manufacturer="",
        model="",
        firmware="",
        flags=frozenset({UpsFlag.ON_LINE, UpsFlag.REPLACE_BATTERY}),
        since_s={},
        unreachable_since_s=70.0,
        on_battery_s=0.0,
        charge_pct=100.0,
        inputs=(UpsLine(230.0),) * 3,
        source="ups@192.0.2.9:3493",
        trouble="no answer for 15 s",
    ),
)
"""One on battery, and one that is silent, with what was read before."""

OUTAGES = (
    Outage(
        ups="rack",
        state=OutageState.ON_BATTERY,
        since_wall_s=WALL_S - 61.4,
        inlets=(1,),
        taken=(2, 1),
        text="mains was lost 08:00",
        next="outlets of priority 1 are shut down",
        next_wall_s=None,
    ),
)

HOOKS = ("tidy", "shutdown nas")


def furnished(snapshot: Snapshot) -> Snapshot:
    """The same instant with something in every table; takes two outlets and one sensor."""
    return replace(
        snapshot,
        groups=GROUPS,
        thresholds=THRESHOLDS,
        alarms=ALARMS,
        events=EVENTS,
        notifying=frozenset(NotificationClass) - {NotificationClass.COMMAND},
        config_lock=41,
        branches=BRANCHES,
        lines=LINES,
        fans=FANS,
        plans=PLANS,
        rules=RULES,
        caps=CAPS,
        hooks=HOOKS,
        upses=UPSES,
        outages=OUTAGES,
        inlets=(replace(snapshot.inlets[0], **BALANCE),),
    )


def outlet(index: int) -> Outlet:
    return Outlet(
        index=index,
        name=f"Outlet {index}",
        note="",
        receptacle="C13",
        position=f"row {index}",
        device="",
        inlet=1,
        line="l1",
        switched=True,
        state=OutletState.ON,
        pending=None,
        pending_s=0.0,
        relay_closed=True,
        lock=Lock.UNLOCKED,
        on_delay_s=0,
        off_delay_s=0,
        reboot_s=5,
        power_up=PowerUp.LAST,
        switch_count=3,
        last_reason=ChangeReason.POWER_UP,
        last_actor=None,
        last_change_s=12.5,
        last_change_wall_s=WALL_S,
        discontinuity_s=0.0,
        meter=METER,
        rated_current_a=10.0,
    )


def unit(outlets: int = 2, *, sensors: Sequence[Sensor] = ()) -> Snapshot:
    return Snapshot(
        seq=1,
        t_mono_s=5000.0,
        t_wall_s=WALL_S,
        uptime_s=100.0,
        device=DEVICE,
        outlets=tuple(outlet(number + 1) for number in range(outlets)),
        inlets=(Inlet(1, "Inlet 1", 1, replace(METER, rated_current_a=16.0)),),
        sensors=tuple(sensors),
        alarms=(),
        health=Health(hardware_errors=4),
        sample_wall_s=WALL_S,
        config_changed_s=7.0,
        topology=0,
    )


def with_outlet(snapshot: Snapshot, number: int, **changes: Any) -> Snapshot:
    """The same instant with one outlet changed."""
    outlets = [replace(row, **changes) if row.index == number else row for row in snapshot.outlets]
    return replace(snapshot, outlets=tuple(outlets))


@dataclass
class FakeController:
    """Accepts what it is told, or refuses with `refusal`; keeps every call."""

    snapshot: Snapshot
    refusal: CommandError | None = None
    uptime: float = 101.5
    checked: list[list[Command]] = field(default_factory=list)
    submitted: list[list[Command]] = field(default_factory=list)
    actors: list[Actor] = field(default_factory=list)
    refused: list[tuple[str, Actor, str]] = field(default_factory=list)

    def renewed(self) -> Snapshot:
        return self.snapshot

    def uptime_s(self) -> float:
        return self.uptime

    def check(self, commands: Sequence[Command], actor: Actor) -> None:
        self.checked.append(list(commands))
        self.actors.append(actor)
        if self.refusal is not None:
            raise self.refusal

    def submit_all(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        if self.refusal is not None:
            raise self.refusal
        self.submitted.append(list(commands))
        self.actors.append(actor)
        return Ticket(len(self.submitted), self.snapshot.t_mono_s, changed=True)

    def note_refusal(self, asked: str, actor: Actor, error: str) -> None:
        self.refused.append((asked, actor, error))

    def note_change(self, asked: str, actor: Actor) -> None:
        raise AssertionError(f"SNMP has no accounts: {asked}")


class Bench:
    """A view on a fake controller, addressed by suffixes of OPENPDU-MIB. mibs: of MIB_NAMES."""

    def __init__(
        self,
        snapshot: Snapshot | None = None,
        arc: Oid = DEFAULT_ARC,
        *,
        mibs: Sequence[str] = (OWN,),
    ) -> None:
        self.arc = arc
        self.counters = SnmpCounters()
        self.notified = NotificationCounters()
        self.controller = FakeController(unit() if snapshot is None else snapshot)
        modules = agent_modules(
            self.controller.uptime_s,
            self.counters,
            arc,
            mibs=mibs,
            engine=ENGINE,
            notified=self.notified,
        )
        self.view = MibView(modules)
        self.writer = MibWriter(self.view, self.controller)

    def oid(self, suffix: str) -> Oid:
        """`suffix` is appended to openpduMIB.1; with a leading dot it is a whole OID."""
        if suffix.startswith("."):
            return tuple(map(int, suffix[1:].split(".")))
        return (*self.arc, 1, *map(int, suffix.split(".")))

    def get(self, suffix: str) -> object:
        return self.view.get(self.oid(suffix), self.controller.snapshot)

    def content(self, suffix: str) -> object:
        """What a readable instance holds."""
        value = self.get(suffix)
        assert isinstance(value, Value), f"{suffix}: {value}"
        return value.content

    def walk(self, *, skip_counter64: bool = False) -> list[VarBind]:
        found: list[VarBind] = []
        oid: Oid = ()
        while True:
            step = self.view.next(oid, self.controller.snapshot, skip_counter64=skip_counter64)
            if step is END_OF_MIB_VIEW:
                return found
            oid = step[0]
            found.append(step)

    def set(self, *changes: tuple[str, Value]) -> Ticket | None:
        varbinds = [(self.oid(suffix), value) for suffix, value in changes]
        return self.writer.submit(self.writer.plan(varbinds, self.controller.snapshot), ACTOR)

    def check(self, *changes: tuple[str, Value]) -> None:
        varbinds = [(self.oid(suffix), value) for suffix, value in changes]
        self.writer.check(self.writer.plan(varbinds, self.controller.snapshot), ACTOR)


def modules(arc: Oid = DEFAULT_ARC) -> tuple[MibModule, ...]:
    """What an agent serves that has its own MIB only."""
    return agent_modules(lambda: 0.0, SnmpCounters(), arc)


def integer(number: int) -> Value:
    return Value(Tag.INTEGER, number)


def unsigned(number: int) -> Value:
    return Value(Tag.UNSIGNED32, number)


def octets(content: bytes) -> Value:
    return Value(Tag.OCTET_STRING, content)

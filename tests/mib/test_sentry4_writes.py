# SPDX-License-Identifier: Apache-2.0
"""What a SET in Sentry4-MIB asks the core to do, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.sentry4 import sentry4_module
from pdu_agent.mib_impl.sentry4.limits import LOW_SIDE
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Integer32, Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.mib_impl.writes import MibWriter
from pdu_agent.model.commands import (
    Action,
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureSensor,
    ConfigureThresholds,
    DeviceSetting,
    InletSetting,
    Limit,
    OutletSetting,
    PowerUp,
    Quantity,
    SensorSetting,
    SetLimit,
    SwitchOutlet,
    Target,
    TargetKind,
    TemperatureScale,
    ThresholdSetting,
)
from pdu_agent.model.snapshot import Snapshot
from tests.core.bench import Workbench
from tests.mib.sentry4 import (
    BRANCH_1,
    HALL,
    INLET_1,
    OUTLET_1,
    RACK,
    SENTRY4,
    THRESHOLDS,
    SentryBench,
    strip,
)
from tests.mib.unit import ACTOR, integer, octets, with_outlet

INLET, BRANCH, OUTLET, SENSOR = (
    TargetKind.INLET,
    TargetKind.BRANCH,
    TargetKind.OUTLET,
    TargetKind.SENSOR,
)


def hysteresis(kind: TargetKind, quantity: Quantity, value: float) -> ConfigureThresholds:
    return ConfigureThresholds(kind, quantity, ThresholdSetting.HYSTERESIS, value)


SETTINGS: list[tuple[str, Value, Command]] = [
    ("1.1.2.0", octets(b"Hall 3"), ConfigureDevice(DeviceSetting.LOCATION, "Hall 3")),
    ("2.2.1.3.1", octets(b"pdu-9"), ConfigureDevice(DeviceSetting.NAME, "pdu-9")),
    ("2.2.1.6.1", octets(b""), ConfigureDevice(DeviceSetting.ASSET_TAG, "")),
    ("3.2.1.3.1.2", octets(b"B"), ConfigureInlet(2, InletSetting.NAME, "B")),
    ("3.2.1.7.1.1", integer(2305), ConfigureInlet(1, InletSetting.NOMINAL_VOLTAGE_V, 230.5)),
    ("3.2.1.10.1.1", integer(20), ConfigureInlet(1, InletSetting.RATED_CURRENT_A, 20)),
    ("6.2.1.7.1.1.2", integer(16), ConfigureBranch(2, BranchSetting.RATED_CURRENT_A, 16)),
    ("8.1.10.0", integer(15), ConfigureDevice(DeviceSetting.SEQUENCE_INTERVAL_S, 15)),
    ("8.1.11.0", integer(5), ConfigureOutlets(OutletSetting.REBOOT_S, 5)),
    ("8.2.1.3.1.2.3", octets(b"nas"), ConfigureOutlet(3, OutletSetting.NAME, "nas")),
    ("8.2.1.20.1.1.1", integer(0), ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.ON)),
    ("8.2.1.20.1.1.1", integer(1), ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.OFF)),
    ("8.2.1.20.1.1.1", integer(2), ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.LAST)),
    ("8.5.1.2.1.1.2", integer(1), SwitchOutlet(2, Action.ON)),
    ("8.5.1.2.1.1.2", integer(2), SwitchOutlet(2, Action.OFF)),
    ("8.5.1.2.1.2.3", integer(3), SwitchOutlet(3, Action.REBOOT)),
    (
        "9.1.10.0",
        integer(1),
        ConfigureDevice(DeviceSetting.TEMPERATURE_SCALE, TemperatureScale.FAHRENHEIT),
    ),
    ("9.2.1.3.1.2", octets(b"roof"), ConfigureSensor(5, SensorSetting.NAME, "roof")),
    ("10.2.1.3.1.1", octets(b"rack"), ConfigureSensor(2, SensorSetting.NAME, "rack")),
    ("11.2.1.3.1.1", octets(b"floor"), ConfigureSensor(3, SensorSetting.NAME, "floor")),
    ("12.2.1.3.1.2", octets(b"door"), ConfigureSensor(8, SensorSetting.NAME, "door")),
    ("3.1.1.0", integer(7), hysteresis(INLET, Quantity.ACTIVE_POWER, 7)),
    ("3.1.2.0", integer(8), hysteresis(INLET, Quantity.APPARENT_POWER, 8)),
    ("3.1.3.0", integer(3), hysteresis(INLET, Quantity.POWER_FACTOR, 0.03)),
    ("4.1.1.0", integer(12), hysteresis(INLET, Quantity.CURRENT, 1.2)),
    ("5.1.1.0", integer(25), hysteresis(INLET, Quantity.VOLTAGE, 2.5)),
    ("5.1.2.0", integer(20), hysteresis(INLET, Quantity.POWER_FACTOR, 0.2)),
    ("7.1.1.0", integer(1), hysteresis(BRANCH, Quantity.CURRENT, 0.1)),
    ("8.1.1.0", integer(0), hysteresis(OUTLET, Quantity.CURRENT, 0)),
    ("8.1.2.0", integer(1000), hysteresis(OUTLET, Quantity.ACTIVE_POWER, 1000)),
    ("9.1.1.0", integer(3), hysteresis(SENSOR, Quantity.TEMPERATURE, 3)),
    ("10.1.1.0", integer(4), hysteresis(SENSOR, Quantity.HUMIDITY, 4)),
]

# Where a quantity's first limit stands, how many there are, and what 21 on the wire is.
LIMITS: list[tuple[str, int, int, Target, Quantity, float]] = [
    ("3.4.1.{}.1.1", 2, 4, INLET_1, Quantity.ACTIVE_POWER, 21),
    ("3.4.1.{}.1.1", 6, 4, INLET_1, Quantity.APPARENT_POWER, 21),
    ("3.4.1.{}.1.1", 10, 2, INLET_1, Quantity.POWER_FACTOR, 0.21),
    ("4.4.1.{}.1.1.1", 2, 4, INLET_1, Quantity.CURRENT, 2.1),
    ("5.4.1.{}.1.1.1", 2, 4, INLET_1, Quantity.VOLTAGE, 2.1),
    ("5.4.1.{}.1.1.1", 6, 2, INLET_1, Quantity.POWER_FACTOR, 0.21),
    ("7.4.1.{}.1.1.1", 2, 4, BRANCH_1, Quantity.CURRENT, 2.1),
    ("8.4.1.{}.1.1.1", 2, 4, OUTLET_1, Quantity.CURRENT, 2.1),
    ("8.4.1.{}.1.1.1", 6, 4, OUTLET_1, Quantity.ACTIVE_POWER, 21),
    ("9.4.1.{}.1.1", 2, 4, HALL, Quantity.TEMPERATURE, 21),
    ("10.4.1.{}.1.1", 2, 4, RACK, Quantity.HUMIDITY, 21),
]


@pytest.mark.parametrize(("suffix", "value", "command"), SETTINGS)
def test_a_setting_reaches_the_core(suffix: str, value: Value, command: Command) -> None:
    other = PowerUp.ON if value == integer(2) else PowerUp.LAST
    bench = SentryBench(with_outlet(strip(), 1, power_up=other))
    bench.set((suffix, value))
    assert bench.controller.submitted == [[command]]


def all_watched() -> Snapshot:
    """Every limit, and none that reads as one that is not."""
    thresholds = tuple(
        replace(
            each,
            low_critical=5.0,
            low_warning=6.0,
            high_warning=7.0,
            high_critical=8.0,
            enabled=frozenset(Limit),
        )
        for each in THRESHOLDS
    )
    return replace(strip(), thresholds=thresholds)


def unwatched(bench: SentryBench, suffix: str, limit: Limit) -> int:
    place = bench.view.object_of(bench.oid(suffix))
    assert place is not None
    syntax = place.declared.syntax
    assert isinstance(syntax, Integer32)
    return syntax.minimum if limit in LOW_SIDE else syntax.maximum


@pytest.mark.parametrize(("place", "first", "count", "target", "quantity", "meant"), LIMITS)
def test_a_limit_reaches_the_threshold_that_it_shows(
    place: str, first: int, count: int, target: Target, quantity: Quantity, meant: float
) -> None:
    for offset, limit in enumerate(list(Limit)[:count]):
        suffix = place.format(first + offset)
        bench = SentryBench(all_watched())
        bench.set((suffix, integer(21)))
        bench.set((suffix, integer(unwatched(bench, suffix, limit))))
        assert bench.controller.submitted == [
            [SetLimit(target, quantity, limit, meant)],
            [SetLimit(target, quantity, limit, None)],
        ]


def test_every_writable_column_is_among_these() -> None:
    written = {suffix for suffix, _, _ in SETTINGS}
    written |= {
        place.format(number)
        for place, first, count, *_ in LIMITS
        for number in range(first, first + count)
    }
    tree = SentryBench().view.tree
    places = [tree.object_of((*SENTRY4, 1, *map(int, suffix.split(".")))) for suffix in written]
    named = {place.declared.name for place in places if place is not None}
    writable = {
        declared.name
        for group in sentry4_module().groups
        for declared in group.objects
        if declared.to_command is not None
    }
    assert named == writable


@given(degrees=st.integers(-39, 252), fahrenheit=st.booleans(), limit=st.sampled_from(Limit))
def test_a_temperature_limit_reads_back_as_it_was_written(
    degrees: int, fahrenheit: bool, limit: Limit
) -> None:
    scale = TemperatureScale.FAHRENHEIT if fahrenheit else TemperatureScale.CELSIUS
    snapshot = strip()
    snapshot = replace(snapshot, device=replace(snapshot.device, temperature_scale=scale))
    suffix = f"9.4.1.{2 + list(Limit).index(limit)}.1.1"
    bench = SentryBench(snapshot)
    bench.set((suffix, integer(degrees)))
    if bench.content(suffix) == degrees:
        assert bench.controller.submitted == []
        return
    ((command,),) = bench.controller.submitted
    assert isinstance(command, SetLimit)
    thresholds = tuple(
        replace(each, enabled=frozenset({limit}), **{limit.name.lower(): command.value})
        for each in snapshot.thresholds
    )
    bench.controller.snapshot = replace(snapshot, thresholds=thresholds)
    assert bench.content(suffix) == degrees


def test_fahrenheit_reaches_the_core_in_celsius() -> None:
    snapshot = strip()
    device = replace(snapshot.device, temperature_scale=TemperatureScale.FAHRENHEIT)
    bench = SentryBench(replace(snapshot, device=device))
    bench.set(("9.4.1.4.1.1", integer(86)), ("9.1.1.0", integer(9)))
    assert bench.controller.submitted == [
        [
            SetLimit(HALL, Quantity.TEMPERATURE, Limit.HIGH_WARNING, 30.0),
            hysteresis(SENSOR, Quantity.TEMPERATURE, 5.0),
        ]
    ]


def test_no_action_is_no_command() -> None:
    bench = SentryBench()
    bench.set(("8.5.1.2.1.1.1", integer(0)))
    assert bench.controller.submitted == []


def test_with_the_real_core_what_is_written_is_read_back_at_once() -> None:
    work = Workbench(outlets=2)
    view = MibView(agent_modules(work.core.uptime_s, SnmpCounters(), mibs=("sentry4",)))
    writer = MibWriter(view, work.core)
    written = {
        "1.1.2.0": octets(b"Hall 9"),
        "2.2.1.6.1": octets(b"A-99"),
        "3.2.1.7.1.1": integer(1200),
        "3.2.1.10.1.1": integer(12),
        "3.4.1.8.1.1": integer(1000),
        "3.4.1.9.1.1": integer(1200),
        "3.4.1.10.1.1": integer(40),
        "4.1.1.0": integer(5),
        "4.4.1.5.1.1.1": integer(105),
        "5.4.1.7.1.1.1": integer(60),
        "8.1.10.0": integer(3),
        "8.1.11.0": integer(30),
        "8.2.1.3.1.1.2": octets(b"router"),
        "8.2.1.20.1.1.2": integer(1),
        "9.1.10.0": integer(1),
    }
    oids = {suffix: (*SENTRY4, 1, *map(int, suffix.split("."))) for suffix in written}
    varbinds = [(oids[suffix], value) for suffix, value in written.items()]
    writer.submit(writer.plan(varbinds, work.core.snapshot), ACTOR)
    read = {suffix: view.get(oid, work.core.snapshot) for suffix, oid in oids.items()}
    assert read == written
    # The power factor has one threshold, which is shown twice.
    assert view.get((*SENTRY4, 1, 3, 4, 1, 11, 1, 1), work.core.snapshot) == integer(60)

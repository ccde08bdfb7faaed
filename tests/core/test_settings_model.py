# SPDX-License-Identifier: Apache-2.0
"""Random batches of settings and resets against a model that is a flat dict of what is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.settings import BranchSettings, ThresholdSettings
from pdu_agent.model.commands import (
    BranchSetting,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureThreshold,
    ConfigureThresholds,
    DeviceSetting,
    InletSetting,
    Limit,
    OutletSetting,
    OverloadRestriction,
    PowerUp,
    Quantity,
    Reset,
    ResetMeter,
    ResetMeters,
    SetLimit,
    Target,
    TargetKind,
    TemperatureScale,
    ThresholdSetting,
)
from pdu_agent.model.errors import CommandError
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.store.plain_record import from_plain, to_plain
from tests.core.bench import Workbench

BRANCH = Target(TargetKind.BRANCH, 1)
METERED = (
    Target(TargetKind.INLET, 1),
    BRANCH,
    Target(TargetKind.OUTLET, 1),
    Target(TargetKind.OUTLET, 2),
)
LIMITED = (*METERED, Target(TargetKind.UNIT, 1))
WATCHED = (Quantity.CURRENT, Quantity.ACTIVE_POWER, Quantity.ENERGY)
PEAKS = {
    Reset.ENERGY: {"energy"},
    Reset.PEAK_POWER: {"peak power"},
    Reset.PEAK_CURRENT: {"peak current"},
    Reset.PEAK: {"peak power", "peak current"},
    Reset.ALL: {"energy", "peak power", "peak current"},
}
NUMBERS = {
    OutletSetting.ON_DELAY_S: (0, 7200),
    OutletSetting.REBOOT_S: (1, 600),
    OutletSetting.MIN_ON_S: (0, 7200),
    OutletSetting.MIN_OFF_S: (0, 7200),
    InletSetting.NOMINAL_VOLTAGE_V: (50, 500),
    BranchSetting.RATED_CURRENT_A: (0.1, 1000),
    ThresholdSetting.HYSTERESIS: (0, 1e9),
    ThresholdSetting.DELAY_S: (0, 3600),
}
TEXTS = {OutletSetting.NAME, BranchSetting.NAME, InletSetting.NAME, DeviceSetting.ASSET_TAG}
CHOICES: dict[Any, type] = {
    OutletSetting.POWER_UP: PowerUp,
    InletSetting.OVERLOAD_RESTRICTION: OverloadRestriction,
    BranchSetting.OVERLOAD_RESTRICTION: OverloadRestriction,
    DeviceSetting.TEMPERATURE_SCALE: TemperatureScale,
}
Shown = dict[str, Any]


class Refused(Exception):
    """By the model."""


# what a snapshot shows, flat


def shown(snapshot: Snapshot) -> Shown:
    """Every value that the commands here can change, by a name of its own."""
    rows: list[tuple[str, Any]] = [("device", snapshot.device)]
    rows += [(f"inlet {row.index}", row) for row in snapshot.inlets]
    rows += [(f"branch {row.index}", row) for row in snapshot.branches]
    rows += [(f"outlet {row.index}", row) for row in snapshot.outlets]
    found = {
        f"{name} {setting.value}": getattr(row, setting.value)
        for name, row in rows
        for setting in (*NUMBERS, *TEXTS, *CHOICES)
        if type(setting).__name__.lower().startswith(name.split()[0])
    }
    for name, row in rows[1:]:
        found[f"{name} energy"] = row.meter.user_energy_mj
        found[f"{name} peak power"] = row.meter.peak_power_w
        found[f"{name} peak current"] = row.meter.peak_current_a
    for row in snapshot.thresholds:
        for setting in ThresholdSetting:
            name = f"{row.target} {row.quantity.value} {setting.value}"
            found[name] = getattr(row, setting.value)
    return found


# the model


def apply(state: Shown, batch: Sequence[Command]) -> Shown:
    """What is shown after the batch. Raises Refused."""
    after = dict(state)
    given: Shown = {}
    for command in batch:
        for name, value in changes(after, command):
            if name not in after:
                raise Refused(name)
            after[name] = value
            for asked, wish in wishes(name, value, command):
                if given.setdefault(asked, wish) != wish:
                    raise Refused(name)
    for target in LIMITED:
        for quantity in WATCHED:
            require_order(after, f"{target} {quantity.value}")
    return after


def changes(state: Shown, command: Command) -> Iterator[tuple[str, Any]]:
    match command:
        case ConfigureOutlets():
            for number in (1, 2):
                yield from setting_of(f"outlet {number}", command)
        case ConfigureOutlet():
            yield from setting_of(f"outlet {command.outlet}", command)
        case ConfigureInlet():
            yield from setting_of(f"inlet {command.inlet}", command)
        case ConfigureBranch():
            yield from setting_of(f"branch {command.branch}", command)
        case ConfigureDevice():
            yield from setting_of("device", command)
        case ConfigureThreshold():
            yield from setting_of(f"{command.target} {command.quantity.value}", command)
        case ConfigureThresholds():
            targets = [target for target in LIMITED if target.kind is command.kind]
            if not targets or command.setting not in NUMBERS:
                raise Refused
            for target in targets:
                yield from setting_of(f"{target} {command.quantity.value}", command)
        case SetLimit():
            row = f"{command.target} {command.quantity.value}"
            enabled = state.get(f"{row} enabled", frozenset()) - {command.limit}
            if command.value is not None:
                enabled |= {command.limit}
                yield f"{row} {command.limit.name.lower()}", command.value
            yield f"{row} enabled", enabled
        case ResetMeter():
            yield from reset_of(command.target, command.what)
        case ResetMeters():
            targets = [target for target in METERED if target.kind is command.kind]
            if not targets:
                raise Refused
            for target in targets:
                yield from reset_of(target, command.what)


def wishes(name: str, value: Any, command: Command) -> Iterator[tuple[str, Any]]:
    """What the command asks for itself: one limit leaves the others as they are."""
    if not name.endswith(" enabled"):
        yield name, value
        return
    for limit in (command.limit,) if isinstance(command, SetLimit) else Limit:
        yield f"{name} {limit}", limit in value


def setting_of(row: str, command: Any) -> Iterator[tuple[str, Any]]:
    setting, value = command.setting, command.value
    if setting in NUMBERS:
        low, high = NUMBERS[setting]
        if not low <= value <= high:
            raise Refused
    elif setting in TEXTS:
        if len(value) > 32 or not value.isprintable():
            raise Refused
        value = value or f"{row.capitalize()}" * (setting.value == "name")
    elif setting in CHOICES and not isinstance(value, CHOICES[setting]):
        raise Refused
    yield f"{row} {setting.value}", value


def reset_of(target: Target, what: Reset) -> Iterator[tuple[str, Any]]:
    for each in PEAKS[what]:
        yield f"{target} {each}", 0 if each == "energy" else None


def require_order(state: Shown, row: str) -> None:
    enabled = state[f"{row} enabled"]
    watched = [state[f"{row} {limit.name.lower()}"] for limit in Limit if limit in enabled]
    if any(low >= high for low, high in pairwise(watched)):
        raise Refused(row)


# random batches

TARGETS = st.sampled_from((*LIMITED, Target(TargetKind.OUTLET, 9), Target(TargetKind.SENSOR, 1)))
KINDS = st.sampled_from(TargetKind)
LIMITS = st.sampled_from((1.0, 2.0, 3.0, 4.0))
TEXT = st.sampled_from(("", "rack", "x" * 32, "x" * 33, "a\nb"))


def values(setting: Any) -> st.SearchStrategy[Any]:
    if setting in NUMBERS:
        low, high = NUMBERS[setting]
        return st.sampled_from((low, high, 100, low - 1, high * 2))
    return TEXT if setting in TEXTS else st.sampled_from((*CHOICES[setting], "on"))


def configuring(make: Any, settings_of: type) -> st.SearchStrategy[Command]:
    own = [each for each in (*NUMBERS, *TEXTS, *CHOICES) if isinstance(each, settings_of)]
    return st.sampled_from(own).flatmap(lambda each: values(each).map(lambda v: make(each, v)))


QUANTITIES = st.sampled_from(WATCHED)
THRESHOLD_VALUES = st.one_of(
    st.tuples(st.sampled_from(list(ThresholdSetting)[:4]), LIMITS),
    st.tuples(st.just(ThresholdSetting.ENABLED), st.frozensets(st.sampled_from(Limit))),
    st.tuples(st.just(ThresholdSetting.DELAY_S), st.sampled_from((0, 3600, 3601))),
)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    configuring(ConfigureOutlets, OutletSetting),
    configuring(lambda s, v: ConfigureOutlet(2, s, v), OutletSetting),
    configuring(lambda s, v: ConfigureInlet(1, s, v), InletSetting),
    configuring(lambda s, v: ConfigureBranch(1, s, v), BranchSetting),
    configuring(lambda s, v: ConfigureBranch(2, s, v), BranchSetting),
    configuring(ConfigureDevice, DeviceSetting),
    st.builds(SetLimit, TARGETS, QUANTITIES, st.sampled_from(Limit), st.none() | LIMITS),
    st.builds(SetLimit, TARGETS, QUANTITIES, st.sampled_from(Limit), LIMITS),
    st.builds(lambda t, q, v: ConfigureThreshold(t, q, *v), TARGETS, QUANTITIES, THRESHOLD_VALUES),
    st.builds(
        ConfigureThresholds,
        KINDS,
        QUANTITIES,
        st.sampled_from(
            (
                ThresholdSetting.HYSTERESIS,
                ThresholdSetting.DELAY_S,
                ThresholdSetting.LOW_CRITICAL,
            )
        ),
        st.sampled_from((0.0, 5.0, 3600.0, 3601.0)),
    ),
    st.builds(ResetMeter, TARGETS, st.sampled_from(Reset)),
    st.builds(ResetMeters, KINDS, st.sampled_from(Reset)),
)


def unit(record: Record | None = None) -> Workbench:
    limits = ThresholdSettings(BRANCH, Quantity.CURRENT, high_warning=2.0, high_critical=3.0)
    return Workbench(
        outlets=2, branches=(BranchSettings(1),), branch=1, thresholds=(limits,), record=record
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(COMMANDS, min_size=1, max_size=4), min_size=1, max_size=6))
def test_a_batch_is_done_as_the_model_does_it_or_not_at_all(batches: list[list[Command]]) -> None:
    bench = unit()
    for target in METERED:
        bench.read(target, 7000.0, active_power_w=40.0 + target.index, current_a=0.5)
    bench.run(1.1)
    expected = shown(bench.core.snapshot)
    for batch in batches:
        try:
            after = apply(expected, batch)
        except Refused:
            after = None
        try:
            bench.submit(*batch)
        except CommandError:
            assert after is None, batch
        else:
            assert after is not None, batch
            expected = after
        assert shown(bench.core.snapshot) == expected
    saved = from_plain(to_plain(bench.core.final_record()))
    assert shown(unit(saved).core.snapshot) == expected

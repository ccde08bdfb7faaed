# SPDX-License-Identifier: Apache-2.0
"""Judges what changes settings, meters and alarms, on a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from pdu_agent.core.live_settings import (
    AnySection,
    Sections,
    override_for,
    override_for_class,
    path_of,
    path_of_class,
    with_overrides,
)
from pdu_agent.core.state import CoreState
from pdu_agent.core.watching.limits import Limits, RowKey
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    AdvanceConfigLock,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureSensor,
    ConfigureThreshold,
    ConfigureThresholds,
    EnableNotifications,
    Limit,
    OutletSetting,
    Reset,
    ResetMeter,
    ResetMeters,
    ResetWear,
    SetLimit,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.errors import InvalidValue, NotNow, UnknownTarget

LAST_LOCK = 2_147_483_647  # RFC 2579 TestAndIncr
_ALIKE = (ThresholdSetting.HYSTERESIS, ThresholdSetting.DELAY_S)

_HOOKS = frozenset(
    {
        OutletSetting.BEFORE_ON,
        OutletSetting.AFTER_ON,
        OutletSetting.BEFORE_OFF,
        OutletSetting.AFTER_OFF,
    }
)
_FORGET_INRUSH = (Reset.PEAK_CURRENT, Reset.PEAK, Reset.ALL)

_Row = TypeVar("_Row")


class Configuring:
    """The settings part of one batch. Every method raises CommandError."""

    def __init__(self, sections: Sections, draft: CoreState, wall_s: float) -> None:
        self._sections = sections
        self._draft = draft
        self._wall_s = wall_s
        self._touched: dict[RowKey, int] = {}
        self._given: dict[str, object] = {}

    def outlet(self, command: ConfigureOutlet) -> None:
        section = _entry(self._sections.outlets, command.outlet, "outlet")
        self._judge_hook(command)
        self._override(section, command.setting.value, command.value)

    def outlets(self, command: ConfigureOutlets) -> None:
        if not self._sections.outlets:
            raise UnknownTarget("there is no outlet")
        self._judge_hook(command)
        for section in self._sections.outlets.values():
            self._override(section, command.setting.value, command.value)

    def _judge_hook(self, command: ConfigureOutlet | ConfigureOutlets) -> None:
        """Nobody can say what is run: only which of the configured hooks."""
        if command.setting not in _HOOKS or command.value in ("", *self._sections.hooks):
            return
        known = ", ".join(self._sections.hooks) or "none"
        raise InvalidValue(
            f"{command.setting.value}: no hook is called {command.value!r}; there are: {known}"
        )

    def inlet(self, command: ConfigureInlet) -> None:
        section = _entry(self._sections.inlets, command.inlet, "inlet")
        self._override(section, command.setting.value, command.value)

    def branch(self, command: ConfigureBranch) -> None:
        section = _entry(self._sections.branches, command.branch, "branch")
        self._override(section, command.setting.value, command.value)

    def device(self, command: ConfigureDevice) -> None:
        self._override(self._sections.device, command.setting.value, command.value)

    def sensor(self, command: ConfigureSensor) -> None:
        section = _entry(self._sections.sensors, command.sensor, "sensor")
        self._override(section, command.setting.value, command.value)

    def threshold(self, command: ConfigureThreshold, position: int) -> None:
        limits = self._limits((command.target, command.quantity), position)
        if command.setting is ThresholdSetting.ENABLED:
            self._watch(limits, command.value, Limit)
        else:
            self._override(limits, command.setting.value, command.value)

    def thresholds(self, command: ConfigureThresholds, position: int) -> None:
        if command.setting not in _ALIKE:
            expected = " or ".join(setting.value for setting in _ALIKE)
            raise InvalidValue(
                f"{command.setting.value} of every {command.kind.value}: expected {expected}"
            )
        keys = [
            key
            for key in self._sections.limits_with(self._draft.groups)
            if (key[0].kind, key[1]) == (command.kind, command.quantity)
        ]
        if not keys:
            raise UnknownTarget(
                f"no {command.kind.value} has a threshold for {command.quantity.value}"
            )
        for key in keys:
            self._override(self._limits(key, position), command.setting.value, command.value)

    def limit(self, command: SetLimit, position: int) -> None:
        limits = self._limits((command.target, command.quantity), position)
        enabled = with_overrides(limits, self._draft.overrides).enabled - {command.limit}
        if command.value is not None:
            self._override(limits, command.limit.name.lower(), command.value)
            enabled |= {command.limit}
        self._watch(limits, enabled, (command.limit,))

    def _watch(self, limits: Limits, enabled: object, meant: Iterable[Limit]) -> None:
        """Watch the enabled limits; `meant` are those that the command is about."""
        path = path_of(limits, ThresholdSetting.ENABLED.value)
        self._draft.overrides[path] = override_for(limits, ThresholdSetting.ENABLED.value, enabled)
        watched = with_overrides(limits, self._draft.overrides).enabled
        for limit in meant:
            self._claim(f"{path} {limit.value}", limit in watched)

    def _limits(self, key: RowKey, position: int) -> Limits:
        """The file's limits, which the command at `position` is about to change."""
        target, quantity = key
        limits = self._sections.limits_with(self._draft.groups).get(key)
        if limits is None:
            raise UnknownTarget(f"{target} has no threshold for {quantity.value}")
        self._touched[key] = position
        return limits

    def threshold_out_of_order(self) -> tuple[int, str] | None:
        """Where the batch last touched a row whose limits it leaves in disorder, and why.

        Judged at the end only: on the way several limits may have to pass each other.
        """
        rows = self._sections.limits_with(self._draft.groups)
        for key, position in self._touched.items():
            if key not in rows:  # its group was removed later in the batch
                continue
            limits = with_overrides(rows[key], self._draft.overrides)
            disorder = limits.disorder()
            if disorder:
                return position, f"{limits.target} {limits.quantity.value}: {disorder}"
        return None

    def notifications(self, command: EnableNotifications) -> None:
        path = path_of_class(command.notification_class)
        self._claim(path, command.enabled)
        self._draft.overrides[path] = override_for_class(command.enabled)

    def config_lock(self, command: AdvanceConfigLock) -> None:
        present = self._draft.config_lock
        if command.value != present:
            raise NotNow(
                f"the configuration lock is at {present}, not {command.value}: "
                "somebody else has changed something in the meantime"
            )
        self._draft.config_lock = 0 if present == LAST_LOCK else present + 1

    def reset_meter(self, command: ResetMeter) -> None:
        if command.target.kind is TargetKind.SENSOR:
            self._reset_sensor(command)
            return
        ledger = self._draft.ledgers.get(command.target)
        if ledger is None:
            raise UnknownTarget(f"{command.target} has no meter")
        self._draft.ledgers[command.target] = ledger.reset(command.what, self._wall_s)
        if command.target.kind is TargetKind.OUTLET and command.what in _FORGET_INRUSH:
            self._forget_inrush(command.target.index)

    def _forget_inrush(self, outlet: int) -> None:
        """Another load draws another one."""
        before = self._draft.wear.get(outlet)
        if before is not None and before.inrush_peak_a is not None:
            self._draft.wear[outlet] = replace(
                before, inrush_peak_a=None, inrush_s=None, inrush_then_a=None
            )

    def reset_meters(self, command: ResetMeters) -> None:
        present: tuple[Target, ...] = (
            *self._draft.ledgers,
            *(Target(TargetKind.SENSOR, number) for number in self._draft.sensors),
        )
        chosen = [target for target in present if target.kind is command.kind]
        if not chosen:
            raise UnknownTarget(f"no {command.kind.value} has anything to reset")
        for target in chosen:
            self.reset_meter(ResetMeter(target, command.what))

    def reset_wear(self, command: ResetWear) -> None:
        """The hours on and the inrush are the outlet's, not the relay's: they stay."""
        outlet = _entry(self._sections.outlets, command.outlet, "outlet")
        if outlet.relay is None or outlet.relay_cycles is None:
            raise NotNow(f"outlet {command.outlet} counts no wear: relay_cycles is not configured")
        before = self._draft.wear.get(command.outlet)
        if before is not None:
            self._draft.wear[command.outlet] = replace(before, worn=0.0)

    def _reset_sensor(self, command: ResetMeter) -> None:
        number = command.target.index
        live = _entry(self._draft.sensors, number, "sensor")
        if command.what is not Reset.ALL:
            raise InvalidValue(
                f"sensor {number} has no {command.what.value} to reset; expected {Reset.ALL.value}"
            )
        self._draft.sensors[number] = live.reset(self._wall_s)

    def acknowledge(self, command: AcknowledgeAlarm) -> None:
        for key, alarm in self._draft.alarms.items():
            if alarm.id == command.alarm:
                self._draft.alarms[key] = replace(alarm, acknowledged=command.acknowledged)
                return
        raise UnknownTarget(f"there is no active alarm {command.alarm}")

    def _override(self, section: AnySection, name: str, value: object) -> None:
        path, override = path_of(section, name), override_for(section, name, value)
        self._claim(path, override.value)
        self._draft.overrides[path] = override

    def _claim(self, path: str, value: object) -> None:
        """A batch counts as done at once, so of two values neither could be the right one."""
        if self._given.setdefault(path, value) != value:
            raise NotNow(f"{path} is given two values in one batch")


def _entry(entries: Mapping[int, _Row], number: int, what: str) -> _Row:
    if number not in entries:
        raise UnknownTarget(f"there is no {what} {number}")
    return entries[number]

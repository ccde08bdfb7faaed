# SPDX-License-Identifier: Apache-2.0
"""Judges a batch of commands on a draft: who may switch what now, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pdu_agent.core.live_settings import override_for, path_of, with_overrides
from pdu_agent.core.outlet import Step, Timing
from pdu_agent.core.settings import CoreSettings, InletSettings, OutletSettings
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.model.commands import (
    Action,
    Actor,
    Command,
    ConfigureDevice,
    ConfigureInlet,
    ConfigureOutlet,
    Lock,
    ResetMeter,
    SetLock,
    SwitchAll,
    SwitchOutlet,
)
from pdu_agent.model.errors import (
    CommandError,
    InvalidValue,
    NotNow,
    OutletLocked,
    Unavailable,
    UnknownTarget,
)

_DELAYED = (Action.ON_DELAYED, Action.OFF_DELAYED, Action.REBOOT_DELAYED)
MAX_DELAY_S = 7200
_LOCK_NEEDS = {Lock.LOCKED_ON: Step.ON, Lock.LOCKED_OFF: Step.OFF}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the judgement depends on besides the state. bank_trouble: board -> why it is down."""

    now_s: float
    wall_s: float
    bank_trouble: Mapping[str, str]


def timing_of(settings: OutletSettings) -> Timing:
    return Timing(settings.on_delay_s, settings.off_delay_s, settings.reboot_s)


class Batch:
    """One batch being judged: the draft it would lead to and what it has touched so far."""

    def __init__(
        self, settings: CoreSettings, state: CoreState, actor: Actor, around: Circumstances
    ) -> None:
        self.draft = state.draft()
        self._device = settings.device
        self._inlets = {inlet.number: inlet for inlet in settings.inlets}
        self._outlets = {outlet.number: outlet for outlet in settings.outlets}
        self._actor = actor
        self._around = around
        self._switched: set[int] = set()
        self._judges: dict[type, Callable[..., None]] = {
            SwitchOutlet: self._switch,
            SwitchAll: self._switch_all,
            SetLock: self._lock,
            ConfigureOutlet: self._configure_outlet,
            ConfigureInlet: self._configure_inlet,
            ConfigureDevice: self._configure_device,
            ResetMeter: self._reset_meter,
        }

    def judge(self, commands: Sequence[Command]) -> CoreState:
        """The state after the whole batch. Raises CommandError with the refused position."""
        for position, command in enumerate(commands):
            try:
                self._judges[type(command)](command)
            except CommandError as exc:
                exc.position = position
                raise
        return self.draft

    def _switch(self, command: SwitchOutlet) -> None:
        settings, live = self._outlet(command.outlet)
        self._require_relay(settings)
        self._claim(command.outlet)
        if live.lock is not Lock.UNLOCKED and command.action is not Action.CANCEL:
            raise OutletLocked(
                f"outlet {command.outlet} is {live.lock.value}: unlock it before switching it"
            )
        self._apply(settings, live, command.action, self._delay(command))

    def _delay(self, command: SwitchOutlet) -> float | None:
        if command.delay_s is None:
            return None
        if command.action not in _DELAYED:
            raise InvalidValue(
                f"outlet {command.outlet}: a delay goes with a delayed action only, "
                f"not with {command.action.value}"
            )
        if not 0 <= command.delay_s <= MAX_DELAY_S:
            raise InvalidValue(
                f"outlet {command.outlet}: delay {command.delay_s} s is outside 0 to {MAX_DELAY_S}"
            )
        return command.delay_s

    def _switch_all(self, command: SwitchAll) -> None:
        free = [
            number
            for number, live in sorted(self.draft.outlets.items())
            if live.lock is Lock.UNLOCKED and self._outlets[number].relay is not None
        ]
        if not free:
            raise OutletLocked("every switched outlet is locked: nothing to do")
        for number in free:
            settings, live = self._outlet(number)
            self._require_relay(settings)
            self._claim(number)
            self._apply(settings, live, command.action, None)

    def _apply(
        self, settings: OutletSettings, live: OutletLive, action: Action, delay_s: float | None
    ) -> None:
        timing = timing_of(settings)
        if delay_s is not None:
            timing = replace(timing, on_delay_s=delay_s, off_delay_s=delay_s)
        self.draft.outlets[settings.number] = live.commanded(
            action, self._actor, self._around.now_s, timing
        )

    def _lock(self, command: SetLock) -> None:
        settings, live = self._outlet(command.outlet)
        self._require_relay(settings)
        self._claim(command.outlet)
        needed = _LOCK_NEEDS.get(command.lock)
        if needed is not None and live.machine.step is not needed:
            raise NotNow(
                f"outlet {command.outlet} is {live.machine.state.value}: it must rest in state "
                f"{needed.value} before it can be {command.lock.value} (a lock moves no relay)"
            )
        self.draft.outlets[command.outlet] = replace(live, lock=command.lock)

    def _configure_outlet(self, command: ConfigureOutlet) -> None:
        self._outlet(command.outlet)
        self._override(self._outlets[command.outlet], command.setting.value, command.value)

    def _configure_inlet(self, command: ConfigureInlet) -> None:
        if command.inlet not in self._inlets:
            raise UnknownTarget(f"there is no inlet {command.inlet}")
        self._override(self._inlets[command.inlet], command.setting.value, command.value)

    def _configure_device(self, command: ConfigureDevice) -> None:
        path = path_of(self._device, command.setting.value)
        self.draft.overrides[path] = override_for(
            self._device, command.setting.value, command.value
        )

    def _override(self, section: InletSettings | OutletSettings, name: str, value: object) -> None:
        self.draft.overrides[path_of(section, name)] = override_for(section, name, value)

    def _reset_meter(self, command: ResetMeter) -> None:
        ledger = self.draft.ledgers.get(command.target)
        if ledger is None:
            raise UnknownTarget(f"{command.target} has no meter")
        self.draft.ledgers[command.target] = ledger.reset(command.what, self._around.wall_s)

    def _outlet(self, number: int) -> tuple[OutletSettings, OutletLive]:
        if number not in self._outlets:
            raise UnknownTarget(f"there is no outlet {number}")
        return (
            with_overrides(self._outlets[number], self.draft.overrides),
            self.draft.outlets[number],
        )

    def _require_relay(self, settings: OutletSettings) -> None:
        if settings.relay is None:
            raise OutletLocked(f"outlet {settings.number} is metered only: it has no relay")
        trouble = self._around.bank_trouble.get(settings.relay.bank)
        if trouble is not None:
            raise Unavailable(f"outlet {settings.number}: board {settings.relay.bank}: {trouble}")

    def _claim(self, number: int) -> None:
        if number in self._switched:
            raise NotNow(f"outlet {number} is named twice in one batch")
        self._switched.add(number)

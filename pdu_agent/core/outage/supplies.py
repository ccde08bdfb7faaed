# SPDX-License-Identifier: Apache-2.0
"""What feeds an inlet, and what that says of mains and battery.

Inlets that the same UPSes feed are one supply. Several UPSes of one inlet are redundant: it is on
battery while all of them are that can be reached, and low when all of these are low.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from pdu_agent.core.outage.settings import LowSettings, ShedStep
from pdu_agent.model.ups import Ups, UpsFlag

_DARK = frozenset({UpsFlag.ON_BATTERY, UpsFlag.OFF, UpsFlag.FORCED_SHUTDOWN})


class Power(Enum):
    """NEITHER: it answers, and says neither, or tests its battery. SILENT: nothing answers."""

    MAINS = "mains"
    BATTERY = "battery"
    NEITHER = "neither"
    SILENT = "silent"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Supply:
    """name: of its UPSes, as in "rack and spare"."""

    name: str
    upses: tuple[Ups, ...]
    inlets: tuple[int, ...]

    @property
    def power(self) -> Power:
        found = {_power(ups) for ups in self.reachable}
        if not found:
            return Power.SILENT
        if found == {Power.BATTERY}:
            return Power.BATTERY
        return Power.MAINS if Power.MAINS in found else Power.NEITHER

    @property
    def is_on_battery(self) -> bool:
        """While nothing answers, what was said last counts, as upsmon has it."""
        if self.power is Power.SILENT:
            return any(UpsFlag.ON_BATTERY in ups.flags for ups in self.upses)
        return self.power is Power.BATTERY

    @property
    def reachable(self) -> tuple[Ups, ...]:
        return tuple(ups for ups in self.upses if ups.is_reachable)

    @property
    def is_forced(self) -> bool:
        """Was it ordered to shut down? Then there is nothing to wait for."""
        return all(UpsFlag.FORCED_SHUTDOWN in ups.flags for ups in self.reachable)

    @property
    def charge_pct(self) -> float | None:
        """The least of all that answer; None where one of them does not tell."""
        charges = [ups.charge_pct for ups in self.reachable]
        known = [charge for charge in charges if charge is not None]
        return min(known) if known and len(known) == len(charges) else None

    def low(self, settings: LowSettings, on_battery_s: float) -> str:
        """Why its battery counts as low; empty while it does not."""
        if settings.after_s is not None and on_battery_s >= settings.after_s:
            return f"UPS {self.name} on battery for {spoken_s(settings.after_s)}"
        return self._of_all(lambda ups: _low(ups, settings))

    def due(self, step: ShedStep, on_battery_s: float) -> str:
        """Why a step has come true; empty while it has not."""
        if step.after_s is not None and on_battery_s >= step.after_s:
            return f"UPS {self.name} on battery for {spoken_s(step.after_s)}"
        if step.after_s is step.charge_pct is step.runtime_s is None:
            return f"UPS {self.name} on battery"
        return self._of_all(lambda ups: _below(ups, step.charge_pct, step.runtime_s))

    def _of_all(self, reason: Callable[[Ups], str]) -> str:
        """The reason of the first one, where all that answer have one."""
        reasons = [reason(ups) for ups in self.reachable]
        return reasons[0] if reasons and all(reasons) else ""


def supplies_of(upses: Iterable[Ups]) -> dict[str, Supply]:
    """By name; a UPS that is only shown is part of none."""
    feeding: dict[int, list[Ups]] = {}
    for ups in upses:
        for inlet in ups.inlets:
            feeding.setdefault(inlet, []).append(ups)
    found: dict[str, Supply] = {}
    for inlet, members in sorted(feeding.items()):
        name = " and ".join(ups.name for ups in members)
        inlets = (*found[name].inlets, inlet) if name in found else (inlet,)
        found[name] = Supply(name, tuple(members), inlets)
    return found


def spoken_s(seconds: float) -> str:
    """As a person says it: 90 s, 30 min, 2 h."""
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * unit_s and seconds % unit_s == 0:
            return f"{seconds / unit_s:g} {unit}"
    return f"{seconds:g} s"


def _power(ups: Ups) -> Power:
    """A calibration runs on battery while mains is there."""
    flags = ups.flags
    if UpsFlag.FORCED_SHUTDOWN in flags:
        return Power.BATTERY
    if UpsFlag.ON_BATTERY in flags and UpsFlag.CALIBRATING not in flags:
        return Power.BATTERY
    return Power.MAINS if flags and not flags & _DARK else Power.NEITHER


def _low(ups: Ups, settings: LowSettings) -> str:
    if UpsFlag.FORCED_SHUTDOWN in ups.flags:
        return f"UPS {ups.name} was ordered to shut down"
    if UpsFlag.LOW_BATTERY in ups.flags:
        charge = "" if ups.charge_pct is None else f" (charge {ups.charge_pct:.0f} %)"
        return f"battery of UPS {ups.name} low{charge}"
    return _below(ups, settings.charge_pct, settings.runtime_s)


def _below(ups: Ups, charge_pct: float | None, runtime_s: float | None) -> str:
    """What is not known is below nothing."""
    if charge_pct is not None and ups.charge_pct is not None and ups.charge_pct <= charge_pct:
        return f"battery of UPS {ups.name} at {ups.charge_pct:.0f} %"
    if runtime_s is not None and ups.runtime_s is not None and ups.runtime_s <= runtime_s:
        return f"UPS {ups.name} has {ups.runtime_s:.0f} s left"
    return ""

# SPDX-License-Identifier: Apache-2.0
"""UPSes: what changed is told, and alarms stand while one of them is in trouble."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pdu_agent.core.watching.alarms import UPS_KINDS, AlarmBook
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import UpsChanged, UpsOnBattery
from pdu_agent.model.snapshot import Severity
from pdu_agent.model.ups import Ups, UpsFlag

UNREACHABLE = "ups unreachable"


class _Trouble(NamedTuple):
    kind: str
    severity: Severity
    text: str


_TROUBLES: Mapping[UpsFlag, _Trouble] = {
    UpsFlag.ON_BATTERY: _Trouble(
        "ups on battery", Severity.WARNING, "mains has failed, it runs on battery"
    ),
    UpsFlag.LOW_BATTERY: _Trouble(
        "ups low battery", Severity.CRITICAL, "its battery is nearly empty"
    ),
    UpsFlag.REPLACE_BATTERY: _Trouble(
        "ups replace battery", Severity.WARNING, "its battery is worn out and has to be replaced"
    ),
    UpsFlag.OVERLOADED: _Trouble(
        "ups overloaded", Severity.CRITICAL, "it feeds more than it is made for: switch loads off"
    ),
}


MINUTES_FROM_S = 180.0
"""A runtime below this is told in seconds."""


class UpsWatch:
    """Compares what is known of the UPSes with what was. A UPS goes by its name."""

    def __init__(
        self, clock: Clock, alarms: AlarmBook, publish: Callable[[UpsChanged | UpsOnBattery], None]
    ) -> None:
        self._clock = clock
        self._alarms = alarms
        self._publish = publish
        self._known: dict[str, Ups] = {}

    def take(self, upses: tuple[Ups, ...]) -> None:
        """All of them as they are now. One that is gone has no alarms any more."""
        before, self._known = self._known, {ups.name: ups for ups in upses}
        for name in before.keys() - self._known.keys():
            for kind in UPS_KINDS:
                self._alarms.clear(kind, _subject(name))
        for ups in upses:
            old = before.get(ups.name)
            if old is not None and (_tells_more(old, ups) or self._has_failed(ups, old)):
                self._publish(UpsChanged(self._clock.wall_s(), old, ups))
            if old is not None and _minutes(ups) > _minutes(old):
                self._publish(UpsOnBattery(self._clock.wall_s(), ups))
            self._judge(ups, old)

    def _judge(self, ups: Ups, old: Ups | None) -> None:
        """What is not known any more is as it was last: its alarms stand."""
        subject, target = _subject(ups.name), Target(TargetKind.UPS, ups.index)
        if ups.is_reachable:
            self._alarms.clear(UNREACHABLE, subject)
        elif ups.flags or self._is_lost(ups) or self._has_failed(ups, old):
            text = f"{ups.source} cannot be read: {ups.trouble}"
            self._alarms.set(UNREACHABLE, subject, Severity.WARNING, text, target)
        for flag, trouble in _TROUBLES.items():
            if flag in ups.flags:
                text = _text(trouble, ups)
                self._alarms.set(trouble.kind, subject, trouble.severity, text, target)
            elif ups.is_reachable:
                self._alarms.clear(trouble.kind, subject)

    def _has_failed(self, ups: Ups, old: Ups | None) -> bool:
        """Has the first try to reach it come to nothing? Until then its trouble stays the same."""
        is_unknown = not ups.is_reachable and not ups.flags and not self._is_lost(ups)
        return is_unknown and old is not None and old.trouble != ups.trouble

    def _is_lost(self, ups: Ups) -> bool:
        return self._alarms.find(UNREACHABLE, _subject(ups.name)) is not None


def _subject(name: str) -> str:
    return f"UPS {name}"


def _tells_more(old: Ups, new: Ups) -> bool:
    return (old.flags, old.is_reachable) != (new.flags, new.is_reachable)


def _minutes(ups: Ups) -> int:
    """Whole ones on battery; none while nobody knows."""
    return int(ups.on_battery_s // 60) if ups.is_reachable else 0


def _text(trouble: _Trouble, ups: Ups) -> str:
    """With the figures that matter to whoever has to act."""
    figures = {
        "ups on battery": _left(ups),
        "ups low battery": _left(ups),
        "ups overloaded": [f"load {ups.load_pct:.3g} %"] if ups.load_pct is not None else [],
    }.get(trouble.kind, [])
    return ", ".join([trouble.text, *figures])


def _left(ups: Ups) -> list[str]:
    return [
        *([f"charge {ups.charge_pct:.3g} %"] if ups.charge_pct is not None else []),
        *([f"{_rounded_down(ups.runtime_s)} left"] if ups.runtime_s is not None else []),
    ]


def _rounded_down(runtime_s: float) -> str:
    """Nobody is to count on more than there is, and the last minutes matter."""
    return (
        f"{runtime_s // 60:.0f} min" if runtime_s >= MINUTES_FROM_S else f"{runtime_s // 1:.0f} s"
    )

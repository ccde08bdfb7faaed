# SPDX-License-Identifier: Apache-2.0
"""Alarms of the board that the agent runs on: its card is nearly full, or it is too hot.

A Raspberry Pi is slowed down from 80 degrees Celsius on, and more so from 85 on; see `clocks and
temperature` in the documentation of its makers. What has no value, as of a board without a sensor
or a card that cannot be asked, raises nothing: a card that fails is told by whoever writes to it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.core.watching.alarms import BOARD_HEAT, DISK, AlarmBook
from pdu_agent.model.host import HostStatus, Storage, StorageKind
from pdu_agent.model.snapshot import Severity

_SUBJECT = {DISK: "state folder", BOARD_HEAT: "board"}


@dataclass(frozen=True, slots=True)
class Borders:
    """From when on it is told; a severity ends when the value is lower by the hysteresis."""

    warning: float
    critical: float
    hysteresis: float


DISK_PCT = Borders(90.0, 97.0, 2.0)
HEAT_C = Borders(80.0, 85.0, 3.0)


class BoardWatch:
    """Judges each look at the board."""

    def __init__(self, alarms: AlarmBook) -> None:
        self._alarms = alarms

    def take(self, status: HostStatus) -> None:
        disk = status.storage(StorageKind.DISK)
        if disk is not None and disk.size_octets > 0:
            used_pct = 100.0 * disk.used_octets / disk.size_octets
            self._judge(DISK, used_pct, DISK_PCT, _disk_in_words(disk, used_pct))
        if status.temperature_c is not None:
            text = f"the board has {status.temperature_c:.1f} C: it slows itself down, cool it"
            self._judge(BOARD_HEAT, status.temperature_c, HEAT_C, text)

    def _judge(self, kind: str, value: float, borders: Borders, text: str) -> None:
        subject = _SUBJECT[kind]
        present = self._alarms.find(kind, subject)
        severity = _severity(value, borders, present.severity if present else None)
        if severity is None:
            self._alarms.clear(kind, subject)
        else:
            self._alarms.set(kind, subject, severity, text)


def _severity(value: float, borders: Borders, present: Severity | None) -> Severity | None:
    critical, warning = borders.critical, borders.warning
    if present is Severity.CRITICAL:
        critical -= borders.hysteresis
    if present is not None:
        warning -= borders.hysteresis
    if value >= critical:
        return Severity.CRITICAL
    return Severity.WARNING if value >= warning else None


def _disk_in_words(disk: Storage, used_pct: float) -> str:
    free_mb = (disk.size_octets - disk.used_octets) / 1e6
    return (
        f"{used_pct:.0f} % full, {free_mb:.0f} MB left: when nothing can be written any more, "
        f"commands are refused"
    )

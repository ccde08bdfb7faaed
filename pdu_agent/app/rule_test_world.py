# SPDX-License-Identifier: Apache-2.0
"""What a test of rules lets the unit measure: sensors, meters, hosts and UPSes, told again and
again as the real ones do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from pdu_agent.core.core import Core
from pdu_agent.core.rules.settings import FLAGS, HostSettings
from pdu_agent.core.settings import CoreSettings
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import HostSeen, Measurement, Reading, SensorReading
from pdu_agent.model.ups import Ups, UpsFlag

MISSING = "missing"
FIELDS: Mapping[str, str] = {
    "voltage": "voltage_v",
    "current": "current_a",
    "active power": "active_power_w",
    "apparent power": "apparent_power_va",
    "power factor": "power_factor",
    "frequency": "frequency_hz",
}
ANSWERS = {"answers": True, "silent": False}
_CONTACT = {"closed": 1.0, "wet": 1.0, "open": 0.0, "dry": 0.0}
_METERED = re.compile(r"(inlet|line|branch|outlet) ([1-9][0-9]?) (.+)")
_SENSOR = re.compile(r"sensor ([1-9][0-9]?)")


class World:
    """The newest values. They are fed to a core by `feed`."""

    def __init__(self, settings: CoreSettings, hosts: tuple[HostSettings, ...]) -> None:
        self._sensors = {sensor.number for sensor in settings.sensors}
        self._points = set(settings.metered_points())
        self._hosts = {host.name: host for host in hosts}
        self._felt: dict[int, float | None] = {}
        self._measured: dict[Target, Electrical] = {}
        self._answers: dict[str, bool | None] = {}
        self._asked_s: dict[str, float] = {}
        self._upses: dict[str, Ups] = {}
        self._count = 0

    def set(self, key: str, value: str) -> None:
        """As the file writes it, such as "sensor 1", "31". Raises ConfigError."""
        sensor, metered = _SENSOR.fullmatch(key), _METERED.fullmatch(key)
        kind, _, name = key.partition(" ")
        if sensor and int(sensor[1]) in self._sensors:
            is_contact = value in _CONTACT
            self._felt[int(sensor[1])] = _CONTACT[value] if is_contact else _number(value)
        elif metered and metered[3] in FIELDS:
            self._set_metered(Target(TargetKind(metered[1]), int(metered[2])), metered[3], value)
        elif kind == "host" and name in self._hosts:
            if value not in (*ANSWERS, MISSING):
                raise ConfigError(f"{value!r}; expected answers, silent or {MISSING}")
            self._answers[name] = ANSWERS.get(value)
            self._asked_s.pop(name, None)
        elif kind == "ups" and name:
            self._upses[name] = _ups(len(self._upses) + 1, name, value)
        else:
            raise ConfigError(
                f"{key!r} is nothing that this unit measures; expected one of its sensors as "
                "sensor N, a metered point as in outlet 1 active power, host NAME, ups NAME"
            )

    def _set_metered(self, target: Target, quantity: str, value: str) -> None:
        if target not in self._points:
            raise ConfigError(f"nothing in `meters` feeds {target}")
        known = self._measured.get(target, Electrical(quality=Quality.OK))
        changed: dict[str, float | None] = {FIELDS[quantity]: _number(value)}
        self._measured[target] = replace(known, **changed)  # type: ignore[arg-type]

    def feed(self, core: Core, now_s: float, span_s: float) -> None:
        """Tell the core everything once more. span_s: since the last time."""
        self._count += 1
        for number, value in self._felt.items():
            error = "" if value is not None else "no answer"
            core.on_sensor(SensorReading(number, now_s, value, error))
        if self._measured:
            measured = tuple(
                Measurement(target, electrical, 0.0)
                for target, electrical in self._measured.items()
            )
            core.on_reading(Reading("test", self._count, now_s, span_s, measured))
        for name, answers in self._answers.items():
            if now_s >= self._asked_s.get(name, -math.inf) + self._hosts[name].interval_s:
                self._asked_s[name] = now_s
                error = "" if answers else "silent"
                core.on_watched_host(HostSeen(name, bool(answers), error, answers is not None))
        if self._upses:
            core.on_upses(tuple(self._upses.values()))

    def said(self) -> str:
        """All of it in words, for who wants to know why."""
        words = [f"sensor {n} {MISSING if v is None else f'{v:g}'}" for n, v in self._felt.items()]
        for target, electrical in self._measured.items():
            for quantity, field in FIELDS.items():
                if (value := getattr(electrical, field)) is not None:
                    words.append(f"{target} {quantity} {value:g}")
        return ", ".join(words)


def _number(value: str) -> float | None:
    if value == MISSING:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"{value!r}; expected a number, or {MISSING}")
    return number


def _ups(index: int, name: str, value: str) -> Ups:
    """value: its flags with blanks between them, or that it is missing."""
    flags: frozenset[UpsFlag] = frozenset()
    if value != MISSING:
        unknown = [word for word in value.split() if word not in FLAGS]
        if unknown:
            raise ConfigError(f"{unknown[0]!r}; expected {MISSING}, or some of {', '.join(FLAGS)}")
        flags = frozenset(FLAGS[word] for word in value.split())
    unreachable_s = 0.0 if value == MISSING else None
    return Ups(index, name, "", "", "", flags, {}, unreachable_s, 0.0)

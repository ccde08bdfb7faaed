# SPDX-License-Identifier: Apache-2.0
"""What Home Assistant's NUT integration makes of a device, by the rules of its source (2025/26).

It asks with aionut: LIST VAR once a minute, LIST CMD once at its start, and only with a user and a
password. The rules are in docs/nut-names.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

UNITS = {"current": "A", "power": "VA", "realpower": "W", "desc": ""}
"""Of an outlet's variables that become sensors; energy is none of them."""
OF_THE_UNIT = (
    "input.current",
    "input.frequency",
    "input.load",
    "input.phases",
    "input.power",
    "input.realpower",
    "input.voltage",
    *(f"input.L{n}.{what}" for n in (1, 2, 3) for what in ("current", "realpower")),
    *(f"input.L{n}-N.voltage" for n in (1, 2, 3)),
    "outlet.voltage",
    "ups.alarm",
    "ups.status",
)
"""Those that become sensors and that a PDU may have; there are more for UPSes."""
AMBIENT = ("humidity", "humidity.status", "temperature", "temperature.status")
STATUS_OF_AMBIENT = ("good", "warning-low", "critical-low", "warning-high", "critical-high")
STATUS_WORDS = {
    *("OL", "OB", "LB", "HB", "RB", "CHRG", "DISCHRG", "BYPASS", "CAL", "OFF", "OVER"),
    *("TRIM", "BOOST", "FSD", "ALARM"),
}
BUTTONS_OF_THE_UNIT = ("load.off", "shutdown.reboot", "shutdown.stayoff")
_FAKE_SERIALS = ("unknown", "blank")


@dataclass(frozen=True)
class Entities:
    """unique_id: None where there is no serial number to make one of. Names by outlet."""

    unique_id: str | None
    firmware: str | None
    switches: Mapping[int, str]
    buttons: Collection[str]
    sensors: Mapping[str, str]


def entities(variables: Mapping[str, str], commands: Collection[str]) -> Entities:
    numbers = range(1, int(variables.get("outlet.count", "0")) + 1)
    return Entities(
        unique_id=_unique_id(variables),
        firmware=variables.get("ups.firmware") or variables.get("ups.firmware.aux"),
        switches={
            n: _name(variables, n)
            for n in numbers
            if variables.get(f"outlet.{n}.switchable") == "yes"
            and {f"outlet.{n}.load.on", f"outlet.{n}.load.off"} <= set(commands)
        },
        buttons=[
            name
            for name in (*BUTTONS_OF_THE_UNIT, *(f"outlet.{n}.load.cycle" for n in numbers))
            if name in commands
        ],
        sensors=_sensors(variables, numbers),
    )


def is_on(variables: Mapping[str, str], outlet: int) -> bool | None:
    """None is shown as unknown."""
    status = variables.get(f"outlet.{outlet}.status")
    return None if status is None else status == "on"


def _sensors(variables: Mapping[str, str], numbers: Collection[int]) -> dict[str, str]:
    candidates = [f"outlet.{n}.{what}" for n in numbers for what in UNITS]
    candidates += OF_THE_UNIT
    if variables.get("ambient.present") != "no":
        candidates += [f"ambient.{what}" for what in AMBIENT]
    return {name: variables[name] for name in candidates if name in variables}


def _name(variables: Mapping[str, str], outlet: int) -> str:
    names = (variables.get(f"outlet.{outlet}.{what}") for what in ("name", "desc"))
    return next((name for name in names if name), str(outlet))


def _unique_id(variables: Mapping[str, str]) -> str | None:
    serial = variables.get("device.serial") or variables.get("ups.serial")
    if not serial or serial.lower() in _FAKE_SERIALS or re.fullmatch("0+", serial.strip()):
        return None
    parts = (variables.get(f"device.{what}") for what in ("mfr", "model"))
    return "_".join((*(part for part in parts if part), serial))

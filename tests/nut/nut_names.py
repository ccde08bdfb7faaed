# SPDX-License-Identifier: Apache-2.0
"""Names that NUT has: RFC 9271 and docs/nut-names.txt of NUT 2.8. Only those of a PDU."""

from __future__ import annotations

import re

_DEGREES = r"(low|high)\.(warning|critical)"
_LIMITS = rf"status|{_DEGREES}"
_VOLTAGE = rf"voltage(\.({_LIMITS}|maximum|minimum))?"
_CURRENT = rf"current(\.({_LIMITS}|maximum|minimum|nominal))?"  # nominal: of the EATON mapping
_POWER = "realpower|power|powerfactor|crestfactor"
_AMBIENT = rf"(temperature|humidity)(\.({_LIMITS}|maximum|minimum|alarm))?"

_VARIABLES = (
    r"device\.(type|mfr|model|serial|description|contact|location|part|macaddr|uptime)",
    r"driver\.(name|state|version|version\.(internal|data|usb)|(parameter|flag)\.\w+)",
    r"ups\.(status|alarm|mfr|model|serial|firmware|temperature)",
    r"input\.(phases|load|feed\.(desc|color)|voltage\.nominal|frequency(\.nominal)?)",
    rf"input\.(L[123]\.)?({_CURRENT}|{_POWER}|load)",
    rf"input\.(L[123]-N\.)?({_VOLTAGE})",
    r"outlet\.(count|switchable|group\.count)",
    r"outlet\.\d+\.(id|name|desc|groupid|switch|status|switchable|designator|type|alarm)",
    r"outlet\.\d+\.(delay|timer)\.(shutdown|start)",
    rf"outlet\.\d+\.({_CURRENT}|{_VOLTAGE}|{_POWER})",
    r"outlet\.group\.\d+\.(id|name|status|type|color|count|phase|input)",
    rf"outlet\.group\.\d+\.({_CURRENT}|{_VOLTAGE}|{_POWER})",
    rf"ambient\.(count|present|{_AMBIENT})",
    rf"ambient\.\d+\.(id|name|address|present|{_AMBIENT}|contacts\.\d+\.(status|config|name))",
)
_COMMANDS = (
    r"load\.(on|off)(\.delay)?",
    r"shutdown\.stop",
    r"reset\.input\.minmax",
    r"outlet\.\d+\.(load\.(on|off|cycle)|shutdown\.return)",
    # Of NUT's drivers (EATON and Raritan mappings of snmp-ups), though not of that document:
    r"(outlet\.(group\.)?\d+\.)?load\.(on|off|cycle)(\.delay)?",
    # By analogy with those of the unit and of an outlet:
    r"outlet\.(group\.)?\d+\.shutdown\.(stop|return)",
)
VARIABLE = re.compile("|".join(_VARIABLES))
COMMAND = re.compile("|".join(_COMMANDS))


def is_variable(name: str) -> bool:
    return name.startswith("experimental.") or VARIABLE.fullmatch(name) is not None

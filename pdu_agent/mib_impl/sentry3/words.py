# SPDX-License-Identifier: Apache-2.0
"""Enumerations of Sentry3-MIB. A plain value is the label: the model has other words.

Notifications carry a label as text too, and whether it means that something is wrong.
"""

from __future__ import annotations

from pdu_agent.mib_impl.syntax import Bits, Enumerated, Special
from pdu_agent.model.commands import Action, PowerUp, TemperatureScale


def _numbered(*labels: str) -> Enumerated:
    """Labels from 0 up."""
    return Enumerated(*((number, label, label) for number, label in enumerate(labels)))


TOWER_STATUS = _numbered("normal", "noComm", "fanFail", "overTemp", "nvmFail", "outOfBalance")

LINE_STATUS = _numbered(
    "off",
    "on",
    "offWait",
    "onWait",
    "offError",
    "onError",
    "noComm",
    "reading",
    "offFuse",
    "onFuse",
)
"""Of infeeds, outlets and branches."""

LOAD_STATUS = _numbered(
    "normal",
    "notOn",
    "reading",
    "loadLow",
    "loadHigh",
    "overLoad",
    "readError",
    "noComm",
)

CONTROL_STATE = _numbered(
    "idleOff",
    "idleOn",
    "wakeOff",
    "wakeOn",
    "off",
    "on",
    "lockedOff",
    "lockedOn",
    "reboot",
    "shutdown",
    "pendOn",
    "pendOff",
    "minimumOff",
    "minimumOn",
    "eventOff",
    "eventOn",
    "eventReboot",
    "eventShutdown",
)

CONTROL_ACTION = Enumerated(
    (0, "none", Special.NONE),
    (1, "on", Action.ON),
    (2, "off", Action.OFF),
    (3, "reboot", Action.REBOOT),
)

WAKEUP_STATE = Enumerated(
    (1, "last", PowerUp.LAST),
    (2, "off", PowerUp.OFF),
    (3, "on", PowerUp.ON),
)

REACTANCE = _numbered("unknown", "capacitive", "inductive", "resistive")

ENV_MON_STATUS = _numbered("normal", "noComm")
CLOSURE_STATUS = _numbered("normal", "alarm", "noComm")
"""Of contacts and water sensors."""

PROBE_STATUS = _numbered("found", "notFound", "lost", "noComm")
TEMP_STATUS = _numbered(
    "normal",
    "notFound",
    "reading",
    "tempLow",
    "tempHigh",
    "readError",
    "lost",
    "noComm",
)
HUMID_STATUS = _numbered(
    "normal",
    "notFound",
    "reading",
    "humidLow",
    "humidHigh",
    "readError",
    "lost",
    "noComm",
)
TEMP_SCALE = Enumerated(
    (0, "celsius", TemperatureScale.CELSIUS),
    (1, "fahrenheit", TemperatureScale.FAHRENHEIT),
)

CONDITION = Enumerated((0, "nonError", False), (1, "error", True))

TOWER_CAPABILITIES = Bits(
    "failSafe", "fuseSense", "directCurrent", "threePhase", "fanSense", "tempSense"
)
INFEED_CAPABILITIES = Bits(
    "onSense",
    "loadSense",
    "powerControl",
    "failSafe",
    "defaultOff",
    "voltageSense",
    "powerSense",
    "branchOnSense",
    "branchLoadSense",
)
OUTLET_CAPABILITIES = Bits(
    "onSense",
    "loadSense",
    "powerControl",
    "shutdown",
    "defaultOn",
    "ownInfeed",
    "fusedBranch",
    "voltageSense",
    "powerSense",
)
BRANCH_CAPABILITIES = Bits("onSense", "loadSense")

_ERRORS = frozenset(
    {
        "noComm",
        "nvmFail",
        "offError",
        "onError",
        "offFuse",
        "onFuse",
        "loadLow",
        "loadHigh",
        "overLoad",
        "readError",
        "alarm",
        "lost",
        "tempLow",
        "tempHigh",
        "humidLow",
        "humidHigh",
    }
)


def is_error(status: str) -> bool:
    """eventStatusCondition of a label, as the texts of the notifications sort them."""
    return status in _ERRORS

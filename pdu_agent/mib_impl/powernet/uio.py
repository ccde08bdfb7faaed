# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB uio: temperature and humidity, as universal sensor ports show them.

Each probe is alone on the port of its number. A reading of -1 is one that is not valid;
one degree below zero looks the same, as it does on the vendor's units.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pdu_agent.mib_impl.powernet.rpdu2_probe import (
    COMM_STATUS,
    Half,
    Probe,
    probe_name,
    probe_number,
    probes,
    sets_probe_name,
)
from pdu_agent.mib_impl.powernet.words import fahrenheit
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import DisplayString, Enumerated, Integer32, Oid
from pdu_agent.model.commands import Limit
from pdu_agent.model.snapshot import Severity, Snapshot, ThresholdState

NUMBER = Integer32(1)
ONLY_SENSOR: Final = 1
"""Its number on its port."""
INVALID: Final = -1

ALARM_STATUS = Enumerated(
    (1, "uioNormal", Severity.INFO),
    (2, "uioWarning", Severity.WARNING),
    (3, "uioCritical", Severity.CRITICAL),
    (4, "sensorStatusNotApplicable", "unknown"),
)

_SEVERITIES = {
    ThresholdState.NORMAL: Severity.INFO,
    ThresholdState.LOW_WARNING: Severity.WARNING,
    ThresholdState.HIGH_WARNING: Severity.WARNING,
    ThresholdState.LOW_CRITICAL: Severity.CRITICAL,
    ThresholdState.HIGH_CRITICAL: Severity.CRITICAL,
}
_BY_SEVERITY = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)

# uioSensorStatusViolationStatus: max, high, low and min temperature; of humidity 8 bits up.
_VIOLATIONS = {
    ThresholdState.HIGH_CRITICAL: 0x1,
    ThresholdState.HIGH_WARNING: 0x2,
    ThresholdState.LOW_WARNING: 0x4,
    ThresholdState.LOW_CRITICAL: 0x8,
}
_HUMIDITY_SHIFT = 8
# Whoever is beyond the outer limit is beyond the inner one too, if that is watched.
_INNER = {
    ThresholdState.HIGH_CRITICAL: (Limit.HIGH_WARNING, ThresholdState.HIGH_WARNING),
    ThresholdState.LOW_CRITICAL: (Limit.LOW_WARNING, ThresholdState.LOW_WARNING),
}


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Probe]]:
    for probe in probes(snapshot):
        yield (probe.number, ONLY_SENSOR), probe


def _reading(half: Half | None) -> float | None:
    """None for a value that is old, or that nothing measures."""
    return None if half is None else half.reading


def _state(half: Half | None) -> ThresholdState:
    return ThresholdState.UNKNOWN if half is None or half.watch is None else half.watch.state


def _bits(half: Half | None) -> int:
    """As for a temperature."""
    found = _VIOLATIONS.get(_state(half), 0)
    inner = _INNER.get(_state(half))
    if inner is not None and half is not None and half.watch is not None:
        limit, state = inner
        found |= _VIOLATIONS[state] if limit in half.watch.enabled else 0
    return found


def _violations(probe: Probe) -> int:
    return _bits(probe.temperature) | _bits(probe.humidity) << _HUMIDITY_SHIFT


def _alarm(probe: Probe) -> Severity | str:
    """The worse of its two values'."""
    states = [_state(half) for half in probe.halves]
    known = [_SEVERITIES[state] for state in states if state in _SEVERITIES]
    return max(known, key=_BY_SEVERITY.index) if known else "unknown"


SIZE: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 25, 1),
    source=whole,
    objects=(ObjectType(1, "uioSensorStatusTableSize", Integer32(0), lambda s: len(probes(s))),),
)

STATUS: Table[Probe] = Table(
    suffix=(1, 1, 25, 1, 2),
    name="uioSensorStatusTable",
    index=("uioSensorStatusPortID", "uioSensorStatusSensorID"),
    rows=_rows,
    objects=(
        ObjectType(1, "uioSensorStatusPortID", NUMBER, probe_number),
        ObjectType(2, "uioSensorStatusSensorID", NUMBER, lambda _: ONLY_SENSOR),
        ObjectType(3, "uioSensorStatusSensorName", DisplayString(), probe_name),
        ObjectType(
            5,
            "uioSensorStatusTemperatureDegF",
            Integer32(),
            lambda probe: fahrenheit(_reading(probe.temperature)),
            units="degrees Fahrenheit",
            absent=INVALID,
        ),
        ObjectType(
            6,
            "uioSensorStatusTemperatureDegC",
            Integer32(),
            lambda probe: _reading(probe.temperature),
            units="degrees Celsius",
            absent=INVALID,
        ),
        ObjectType(
            7,
            "uioSensorStatusHumidity",
            Integer32(0, 100),
            lambda probe: _reading(probe.humidity),
            units="percent",
            absent=INVALID,
        ),
        ObjectType(8, "uioSensorStatusViolationStatus", Integer32(0), _violations),
        ObjectType(9, "uioSensorStatusAlarmStatus", ALARM_STATUS, _alarm),
        ObjectType(
            10,
            "uioSensorStatusCommStatus",
            COMM_STATUS,
            lambda probe: probe.status,
        ),
    ),
)

CONFIG_SIZE: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 25, 1),
    source=whole,
    objects=(ObjectType(3, "uioSensorConfigTableSize", Integer32(0), lambda s: len(probes(s))),),
)

# LibreNMS takes names from here. Limits are written in rPDU2.
CONFIG: Table[Probe] = Table(
    suffix=(1, 1, 25, 1, 4),
    name="uioSensorConfigTable",
    index=("uioSensorConfigPortID", "uioSensorConfigSensorID"),
    rows=_rows,
    objects=(
        ObjectType(1, "uioSensorConfigPortID", NUMBER, probe_number),
        ObjectType(2, "uioSensorConfigSensorID", NUMBER, lambda _: ONLY_SENSOR),
        ObjectType(
            3,
            "uioSensorConfigSensorName",
            DisplayString(0, 32),
            probe_name,
            to_command=sets_probe_name,
        ),
    ),
)

UIO = (SIZE, STATUS, CONFIG_SIZE, CONFIG)

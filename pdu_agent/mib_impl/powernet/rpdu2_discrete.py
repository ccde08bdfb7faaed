# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2SensorDiscrete: the contacts, numbered from 1 in the order of the sensors.

The unit has no normal state of a contact, so nothing here tells of an alarm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pdu_agent.mib_impl.powernet.rpdu2_columns import RPDU2_ARC, named, size
from pdu_agent.mib_impl.powernet.rpdu2_probe import COMM_STATUS, current_value
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Enumerated, Oid
from pdu_agent.model.commands import Command, ConfigureSensor, SensorSetting
from pdu_agent.model.snapshot import Sensor, SensorKind, SensorStatus, Snapshot

TYPE = Enumerated((6, "dryContactSensor", SensorKind.CONTACT))
STATE = Enumerated((1, "open", False), (2, "closed", True))
_STATE_UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Contact:
    number: int
    sensor: Sensor

    @property
    def is_closed(self) -> bool | None:
        """None while nobody knows it."""
        value = current_value(self.sensor)
        return None if value is None else value != 0

    @property
    def status(self) -> SensorStatus:
        """A contact that fell silent is one whose communication is lost."""
        is_stale = self.sensor.status is SensorStatus.STALE
        return SensorStatus.FAULT if is_stale else self.sensor.status


def _contacts(snapshot: Snapshot) -> list[Sensor]:
    return [sensor for sensor in snapshot.sensors if sensor.kind is SensorKind.CONTACT]


def _rows(snapshot: Snapshot) -> Iterator[tuple[Oid, Contact]]:
    for number, sensor in enumerate(_contacts(snapshot), start=1):
        yield (number,), Contact(number, sensor)


def _number(contact: Contact) -> int:
    return contact.number


def _name(contact: Contact) -> str:
    return contact.sensor.name


def _sets_name(contact: Contact, text: str) -> Command:
    return ConfigureSensor(contact.sensor.index, SensorSetting.NAME, text)


DISCRETE_SIZE = size((10,), 3, "rPDU2SensorDiscreteTableSize", lambda s: len(_contacts(s)))

DISCRETE_CONFIG: Table[Contact] = Table(
    suffix=(*RPDU2_ARC, 10, 4, 1),
    name="rPDU2SensorDiscreteConfigTable",
    index=("rPDU2SensorDiscreteConfigIndex",),
    rows=_rows,
    objects=(*named("rPDU2SensorDiscreteConfig", _number, _name, _sets_name),),
)

DISCRETE_STATUS: Table[Contact] = Table(
    suffix=(*RPDU2_ARC, 10, 4, 2),
    name="rPDU2SensorDiscreteStatusTable",
    index=("rPDU2SensorDiscreteStatusIndex",),
    rows=_rows,
    objects=(
        *named("rPDU2SensorDiscreteStatus", _number, _name),
        ObjectType(5, "rPDU2SensorDiscreteStatusType", TYPE, lambda contact: contact.sensor.kind),
        ObjectType(
            6,
            "rPDU2SensorDiscreteStatusCommStatus",
            COMM_STATUS,
            lambda contact: contact.status,
        ),
        ObjectType(
            7,
            "rPDU2SensorDiscreteStatusCurrentState",
            STATE,
            lambda contact: contact.is_closed,
            absent=_STATE_UNKNOWN,
        ),
    ),
)

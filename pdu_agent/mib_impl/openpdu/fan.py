# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduFanTable: the fans of the unit."""

from __future__ import annotations

from pdu_agent.mib_impl.openpdu.sensor import STATUS
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Unsigned32, Utf8
from pdu_agent.model.snapshot import Fan

FANS: Table[Fan] = Table(
    suffix=(5, 2),
    name="opduFanTable",
    index=("opduFanIndex",),
    rows=lambda snapshot: (((fan.index,), fan) for fan in snapshot.fans),
    objects=(
        ObjectType(1, "opduFanIndex", Unsigned32(1, 255)),
        ObjectType(2, "opduFanName", Utf8(0, 32), lambda fan: fan.name),
        ObjectType(
            3,
            "opduFanDuty",
            Unsigned32(0, 1000, scale=10),
            lambda fan: fan.duty_percent,
            units="tenths of a percent",
        ),
        ObjectType(
            4,
            "opduFanSpeed",
            Unsigned32(),
            lambda fan: fan.speed_rpm,
            units="revolutions per minute",
        ),
        ObjectType(5, "opduFanStatus", STATUS, lambda fan: fan.status),
    ),
)

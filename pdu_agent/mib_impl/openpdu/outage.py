# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduOutageTable: what is done now because a UPS has lost mains."""

from __future__ import annotations

from pdu_agent.access.grant import EVERY_OUTLET
from pdu_agent.mib_impl.openpdu.words import number_list
from pdu_agent.mib_impl.schema import ObjectType, Table, or_never
from pdu_agent.mib_impl.syntax import DateAndTime, Enumerated, Gauge32, Unsigned32, Utf8
from pdu_agent.model.control import Outage, OutageState

STATE = Enumerated(
    (1, "onBattery", OutageState.ON_BATTERY),
    (2, "lowBattery", OutageState.LOW),
    (3, "mainsBack", OutageState.BACK),
)

OUTAGES: Table[Outage] = Table(
    suffix=(9, 3),
    name="opduOutageTable",
    index=("opduOutageIndex",),
    rows=lambda snapshot: (((n,), outage) for n, outage in enumerate(snapshot.outages, start=1)),
    outlet=lambda _: EVERY_OUTLET,
    objects=(
        ObjectType(1, "opduOutageIndex", Unsigned32(1, 255)),
        ObjectType(2, "opduOutageUps", Utf8(), lambda outage: outage.ups),
        ObjectType(3, "opduOutageState", STATE, lambda outage: outage.state),
        ObjectType(4, "opduOutageSince", DateAndTime(), lambda outage: outage.since_wall_s),
        ObjectType(5, "opduOutageInlets", Utf8(0, 32), lambda outage: number_list(outage.inlets)),
        ObjectType(6, "opduOutageTaken", Utf8(), lambda outage: number_list(outage.taken)),
        ObjectType(7, "opduOutageTakenCount", Gauge32(), lambda outage: len(outage.taken)),
        ObjectType(8, "opduOutageText", Utf8(), lambda outage: outage.text),
        ObjectType(9, "opduOutageNextText", Utf8(), lambda outage: outage.next),
        ObjectType(
            10, "opduOutageNextTime", DateAndTime(), lambda outage: or_never(outage.next_wall_s)
        ),
    ),
)

# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduCapTable: limits of what is drawn that are kept by switching outlets off."""

from __future__ import annotations

from pdu_agent.access.grant import EVERY_OUTLET
from pdu_agent.mib_impl.openpdu.threshold import UNITS
from pdu_agent.mib_impl.openpdu.words import (
    ENTRY_NUMBER,
    QUANTITY,
    TARGET_KIND,
    number_list,
    scale_of,
)
from pdu_agent.mib_impl.schema import ObjectType, Table
from pdu_agent.mib_impl.syntax import Enumerated, Gauge32, Integer32, Unsigned32, Utf8
from pdu_agent.model.commands import CapSetting, ConfigureCap
from pdu_agent.model.control import Cap, CapState

STATE = Enumerated(
    (1, "under", CapState.UNDER),
    (2, "shedding", CapState.SHEDDING),
    (3, "restoring", CapState.RESTORING),
    (4, "over", CapState.OVER),
    (5, "unknown", CapState.UNKNOWN),
)


def _setting(number: int, name: str, setting: CapSetting) -> ObjectType[Cap]:
    """In the unit of the row's quantity, which is why its scale is not in the syntax."""
    return ObjectType(
        number,
        name,
        Unsigned32(),
        lambda cap: getattr(cap, setting.value) * scale_of(cap.quantity),
        units=UNITS,
        to_command=lambda cap, sent: ConfigureCap(
            cap.number, setting, sent / scale_of(cap.quantity)
        ),
    )


def _value(cap: Cap) -> float | None:
    return None if cap.value is None else cap.value * scale_of(cap.quantity)


CAPS: Table[Cap] = Table(
    suffix=(10, 1),
    name="opduCapTable",
    index=("opduCapIndex",),
    rows=lambda snapshot: (((cap.number,), cap) for cap in snapshot.caps),
    outlet=lambda _: EVERY_OUTLET,
    objects=(
        ObjectType(1, "opduCapIndex", ENTRY_NUMBER),
        ObjectType(2, "opduCapName", Utf8(0, 32), lambda cap: cap.name),
        ObjectType(3, "opduCapTargetKind", TARGET_KIND, lambda cap: cap.target.kind),
        ObjectType(4, "opduCapTargetIndex", ENTRY_NUMBER, lambda cap: cap.target.index),
        ObjectType(5, "opduCapQuantity", QUANTITY, lambda cap: cap.quantity),
        _setting(6, "opduCapLimit", CapSetting.LIMIT),
        _setting(7, "opduCapMargin", CapSetting.MARGIN),
        ObjectType(8, "opduCapValue", Integer32(), _value, units=UNITS),
        ObjectType(9, "opduCapState", STATE, lambda cap: cap.state),
        ObjectType(10, "opduCapShed", Utf8(), lambda cap: number_list(cap.shed)),
        ObjectType(11, "opduCapShedCount", Gauge32(), lambda cap: len(cap.shed)),
    ),
)

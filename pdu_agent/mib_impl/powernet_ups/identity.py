# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB upsIdent: what the UPS is."""

from __future__ import annotations

from pdu_agent.mib_impl.one_ups import first_ups, of_ups
from pdu_agent.mib_impl.schema import ObjectType, Scalars
from pdu_agent.mib_impl.syntax import DisplayString
from pdu_agent.model.ups import Ups

_TEXT = DisplayString(0, 255)

_BASIC: Scalars[Ups | None] = Scalars(
    suffix=(1, 1),
    source=first_ups,
    objects=(
        ObjectType(1, "upsBasicIdentModel", _TEXT, of_ups(lambda ups: ups.model)),
        ObjectType(2, "upsBasicIdentName", _TEXT, of_ups(lambda ups: ups.name)),
    ),
)

_ADVANCED: Scalars[Ups | None] = Scalars(
    suffix=(1, 2),
    source=first_ups,
    objects=(
        ObjectType(1, "upsAdvIdentFirmwareRevision", _TEXT, of_ups(lambda ups: ups.firmware)),
        ObjectType(
            3, "upsAdvIdentSerialNumber", _TEXT, of_ups(lambda ups: ups.variables.get("ups.serial"))
        ),
    ),
)

IDENTITY = (_BASIC, _ADVANCED)

# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB upsComm and upsState: does the UPS answer, and all its flags in one string."""

from __future__ import annotations

from pdu_agent.mib_impl.one_ups import first_ups, of_ups
from pdu_agent.mib_impl.schema import ObjectType, Scalars
from pdu_agent.mib_impl.syntax import DisplayString, Enumerated
from pdu_agent.model.ups import Ups, UpsFlag

_COMMUNICATION = Enumerated((1, "ok", True), (2, "noComm", False))
_LENGTH = 64
_ABNORMAL, _ESTABLISHED, _ON = 1, 6, 19
_PLACES = {
    UpsFlag.ON_BATTERY: 2,
    UpsFlag.LOW_BATTERY: 3,
    UpsFlag.ON_LINE: 4,
    UpsFlag.REPLACE_BATTERY: 5,
    UpsFlag.BOOSTING: 7,
    UpsFlag.TRIMMING: 8,
    UpsFlag.OVERLOADED: 9,
    UpsFlag.CALIBRATING: 10,
    UpsFlag.BYPASS: 13,
    UpsFlag.FORCED_SHUTDOWN: 22,
}
"""Counted from 1 at the left, as the text does."""
_ORDINARY = frozenset(
    {
        *(UpsFlag.ON_LINE, UpsFlag.BOOSTING, UpsFlag.TRIMMING),
        *(UpsFlag.CHARGING, UpsFlag.DISCHARGING, UpsFlag.CALIBRATING),
    }
)


def _state(ups: Ups) -> str:
    if not ups.is_reachable or not ups.flags:
        return "UNKNOWN"
    places = {_ESTABLISHED} | {_PLACES[flag] for flag in ups.flags if flag in _PLACES}
    if ups.flags - _ORDINARY:
        places.add(_ABNORMAL)
    if UpsFlag.OFF not in ups.flags:
        places.add(_ON)
    return "".join("1" if place in places else "0" for place in range(1, _LENGTH + 1))


_COMM: Scalars[Ups | None] = Scalars(
    suffix=(8,),
    source=first_ups,
    objects=(ObjectType(1, "upsCommStatus", _COMMUNICATION, of_ups(lambda ups: ups.is_reachable)),),
)

_OUTPUT_STATE: Scalars[Ups | None] = Scalars(
    suffix=(11, 1),
    source=first_ups,
    objects=(ObjectType(1, "upsBasicStateOutputState", DisplayString(0, 255), of_ups(_state)),),
)

STATE = (_COMM, _OUTPUT_STATE)

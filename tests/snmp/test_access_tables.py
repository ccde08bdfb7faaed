# SPDX-License-Identifier: Apache-2.0
"""Rights on groups, thresholds, alarms and settings of the unit: every SET by everybody.

The rights that each SET takes are written down here, independently of pdu_agent.access.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.snmp.credentials import Community
from tests.mib.unit import SENSOR, furnished, unit
from tests.snmp import ber
from tests.snmp.rig import BASE, Rig

NOTHING, READ, SWITCH, WRITE = range(4)
RIGHTS = (Rights.NONE, Rights.READ, Rights.SWITCH, Rights.WRITE)
CREATE_AND_GO, DESTROY, OFF, OFF_NOW, TRUE, FALSE, LOCK = 4, 6, 2, 9, 1, 2, 41
NO_ERROR, NO_ACCESS = 0, 6

Needed = tuple[int, int, int]
"""On the unit, on outlet 1, on outlet 2."""

SETS: dict[str, tuple[tuple[int, ...], ber.Node, Needed]] = {
    "switch a group of 1 and 2": (
        (6, 1, 1, 4, 1),
        ber.integer(OFF),
        (SWITCH, SWITCH, SWITCH),
    ),
    "switch a group of 2": ((6, 1, 1, 4, 7), ber.integer(OFF), (SWITCH, NOTHING, SWITCH)),
    "name a group": ((6, 1, 1, 2, 7), ber.string(b"lab"), (WRITE, NOTHING, NOTHING)),
    "make a group": ((6, 1, 1, 8, 9), ber.integer(CREATE_AND_GO), (WRITE, NOTHING, NOTHING)),
    "remove a group of 2": ((6, 1, 1, 8, 7), ber.integer(DESTROY), (WRITE, NOTHING, WRITE)),
    "put 1 in": ((6, 2, 1, 1, 7, 1), ber.integer(CREATE_AND_GO), (WRITE, WRITE, NOTHING)),
    "take 2 out": ((6, 2, 1, 1, 7, 2), ber.integer(DESTROY), (WRITE, NOTHING, WRITE)),
    "delay a limit of 2": (
        (4, 1, 1, 9, 3, 2, 2),
        ber.integer(5, 0x42),
        (NOTHING, NOTHING, WRITE),
    ),
    "delay a limit of a sensor": (
        (4, 1, 1, 9, 4, 1, 8),
        ber.integer(5, 0x42),
        (WRITE, NOTHING, NOTHING),
    ),
    "acknowledge for 2": ((8, 2, 1, 7, 4), ber.integer(TRUE), (NOTHING, NOTHING, WRITE)),
    "acknowledge a board": ((8, 2, 1, 7, 9), ber.integer(TRUE), (WRITE, NOTHING, NOTHING)),
    "silence a class": ((11, 1, 0), ber.integer(FALSE), (WRITE, NOTHING, NOTHING)),
    "take the lock": ((1, 12, 0), ber.integer(LOCK), (WRITE, NOTHING, NOTHING)),
    "force 2 off": ((3, 1, 1, 8, 2), ber.integer(OFF_NOW), (NOTHING, NOTHING, SWITCH)),
    "force all off": ((1, 9, 0), ber.integer(OFF_NOW), (SWITCH, SWITCH, SWITCH)),
    "give 2 a priority": (
        (3, 1, 1, 16, 2),
        ber.integer(5, 0x42),
        (NOTHING, NOTHING, WRITE),
    ),
    "give 2 a pulse": ((3, 1, 1, 38, 2), ber.integer(500, 0x42), (NOTHING, NOTHING, WRITE)),
    **{
        f"give 2 hook {column}": (
            (3, 3, 1, column, 2),
            ber.string(b"tidy"),
            (NOTHING, NOTHING, WRITE),
        )
        for column in (1, 2, 3, 4)
    },
    "reset the trip of 2": ((3, 3, 1, 18, 2), ber.integer(TRUE), (NOTHING, NOTHING, WRITE)),
    "reset the wear of 2": ((3, 3, 1, 21, 2), ber.integer(TRUE), (NOTHING, NOTHING, WRITE)),
    "run a plan": ((7, 1, 1, 13, 1), ber.integer(TRUE), (SWITCH, SWITCH, SWITCH)),
    "stop a plan": ((7, 1, 1, 3, 1), ber.integer(FALSE), (WRITE, WRITE, WRITE)),
    "stop a rule": ((13, 1, 1, 3, 1), ber.integer(FALSE), (WRITE, WRITE, WRITE)),
    "move a cap": ((10, 1, 1, 6, 1), ber.integer(9, 0x42), (WRITE, WRITE, WRITE)),
    "give a cap room": ((10, 1, 1, 7, 1), ber.integer(9, 0x42), (WRITE, WRITE, WRITE)),
    "silence plans": ((11, 8, 0), ber.integer(FALSE), (WRITE, NOTHING, NOTHING)),
    "silence caps": ((11, 9, 0), ber.integer(FALSE), (WRITE, NOTHING, NOTHING)),
}
HOLDERS = list(product(range(4), repeat=3))


def community(held: Needed) -> Community:
    name = "-".join(map(str, held))
    on_unit, *on_outlets = (RIGHTS[rank] for rank in held)
    outlets = {str(number): rights for number, rights in enumerate(on_outlets, start=1)}
    return Community(name, name, rights=on_unit, outlets=outlets)


@pytest.fixture(scope="module")
def rig() -> Rig:
    rig = Rig(2, communities=tuple(map(community, HOLDERS)))
    rig.core.snapshot = furnished(replace(unit(2, sensors=(SENSOR,)), seq=2))
    return rig


def status_of(answer: bytes | None) -> int:
    assert answer is not None
    fields = ber.decode(answer)[1]
    assert isinstance(fields, list)
    response = fields[2][1]
    assert isinstance(response, list)
    return ber.to_int(response[1])


@pytest.mark.parametrize("what", SETS)
def test_a_set_takes_its_rights_wherever_it_reaches(rig: Rig, what: str) -> None:
    suffix, value, needed = SETS[what]
    pdu = ber.request(ber.SET, [(*BASE, *suffix)], [value])
    for held in HOLDERS:
        rig.core.submitted.clear()
        name = community(held).name.encode("ascii")
        status = status_of(rig.process(ber.encode(ber.message(1, name, pdu))))
        allowed = all(has >= wants for has, wants in zip(held, needed, strict=True))
        assert status == (NO_ERROR if allowed else NO_ACCESS), held
        assert len(rig.core.submitted) == allowed, held

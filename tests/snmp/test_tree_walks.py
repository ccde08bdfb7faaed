# SPDX-License-Identifier: Apache-2.0
"""A walk of all trees, by our own way and through pysnmp, in each version: one and the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from pdu_agent.mib_impl.identity import MIB_NAMES
from pdu_agent.mib_impl.syntax import Oid, Tag
from pdu_agent.mib_impl.view import END_OF_MIB_VIEW
from tests.mib.test_host_and_ups import HOST, UPS
from tests.mib.unit import SENSOR, furnished, unit
from tests.snmp import ber
from tests.snmp.answers import open_answer
from tests.snmp.rig import Rig

V1, V2C = 0, 1
SOURCE = ("192.0.2.9", 4000)
REPETITIONS = 25

Ask = Callable[[bytes], bytes | None]
Varbind = tuple[Oid, int, bytes]


@pytest.fixture(scope="module")
def rig() -> Rig:
    made = Rig(mibs=MIB_NAMES)
    snapshot = furnished(unit(8, sensors=(SENSOR,)))
    made.core.snapshot = replace(snapshot, host=HOST, upses=(UPS,))
    return made


def walked(ask: Ask, version: int) -> Iterator[Varbind]:
    """What a manager finds from the first instance to the last."""
    oid: Oid = (1, 3)
    while True:
        kind = ber.GET_NEXT if version == V1 else ber.GET_BULK
        repetitions = 0 if version == V1 else REPETITIONS
        request = ber.request(kind, [oid], index=repetitions)
        message = ber.message(version, b"public", request)
        reply = ask(ber.encode(message))
        assert reply is not None
        answer = open_answer(reply)
        if answer.status:
            return
        for varbind in answer.varbinds:
            if varbind[1] == ber.END_OF_MIB_VIEW:
                return
            yield varbind
        oid = answer.varbinds[-1][0]


@pytest.mark.parametrize("version", [V1, V2C])
def test_a_walk_is_complete_and_strictly_increasing_by_both_ways(rig: Rig, version: int) -> None:
    ours = list(walked(rig.process, version))
    names = [name for name, _, _ in ours]
    assert all(low < high for low, high in pairwise(names))
    expected, step = [], rig.view.next((), rig.core.snapshot)
    while step is not END_OF_MIB_VIEW:
        if version != V1 or step[1].tag is not Tag.COUNTER64:
            expected.append(step[0])
        step = rig.view.next(step[0], rig.core.snapshot)
    assert names == expected
    assert len(names) > 1500
    slow = list(walked(lambda packet: rig.engine.through_pysnmp(packet, SOURCE), version))
    counting = (1, 3, 6, 1, 2, 1, 11)  # the requests themselves are counted there
    assert without(slow, counting) == without(ours, counting)


def without(varbinds: list[Varbind], root: Oid) -> list[Varbind]:
    return [varbind for varbind in varbinds if varbind[0][: len(root)] != root]

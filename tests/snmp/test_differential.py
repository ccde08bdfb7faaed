# SPDX-License-Identifier: Apache-2.0
"""The same requests to the agent's read path, to pysnmp alone, and to net-snmp's snmpd.

snmpd serves a copy of the agent's tree. What may differ from its answers, and why:

- noSuchObject and noSuchInstance: snmpd's copy consists of instances, it knows no objects.
- Live objects (counters of SNMP itself) have the same type, not the same value.
- GETBULK ends earlier here: after 50 repetitions, after 1472 octets, and after the first
  repetition that found nothing. What is there is the same.
- In a GETBULK, snmpd gives endOfMibView the name of another column.
- v1 noSuchName: the error-index is that of the first name that is not there; snmpd's may be
  that of a later one (RFC 1157 section 4.1.2 allows both).
- tooBig, where snmpd sends about 1472 octets or more.
- A long GETBULK in v3 may end a few varbinds later than pysnmp's, which counts longer headers.
- A GETBULK in a v1 message, or with negative numbers, is none (RFC 3416 section 3); snmpd
  answers both, the agent neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.access.grant import Rights
from pdu_agent.snmp.credentials import Community
from pdu_agent.snmp.settings import ViewSettings
from tests.peers import require
from tests.snmp import ber
from tests.snmp.answers import Answer, Oid, open_answer
from tests.snmp.faults import Target
from tests.snmp.fuzz import READER, WRITER, discover, target_of
from tests.snmp.recorded import recorded
from tests.snmp.rig import OUTLET, Rig
from tests.snmp.snmpd import Instance, Snmpd, snmpd_with
from tests.snmp.usm_client import REPORTABLE, Usm, V3Message
from tests.snmp.verdict import COMMUNITY_LIMIT

SOURCE = ("192.0.2.9", 4000)
TOO_BIG = 1
NULL = 0x05
HIDDEN_COLUMN = "1.3.6.1.4.1.8072.9999.9999.6738.1.3.2.1.15"
SPARE = 32
"""Octets that the agent keeps free for headers at their longest."""
ABSENT = (ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE)
LIVE = (
    (1, 3, 6, 1, 2, 1, 11),
    (1, 3, 6, 1, 6, 3, 10),
    (1, 3, 6, 1, 6, 3, 11),
    (1, 3, 6, 1, 6, 3, 12),
    (1, 3, 6, 1, 6, 3, 15),
)
REQUESTS = (ber.GET, ber.GET_NEXT, ber.GET_BULK)


class Peers:
    """instances: what the rig serves, and so snmpd too."""

    def __init__(self, rig: Rig, instances: list[Instance], target: Target, snmpd: Snmpd) -> None:
        self.rig = rig
        self.instances = instances
        self.target = target
        self.snmpd = snmpd
        self.snmpd_target = discover(snmpd.exchange)

    def here(self, packet: bytes) -> bytes | None:
        return self.rig.process(packet)

    def pysnmp(self, packet: bytes) -> bytes | None:
        return self.rig.engine.through_pysnmp(packet, SOURCE)


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peers]:
    require("snmpd")
    rig = Rig()
    target = target_of(rig)
    instances = list(walk(rig))
    with snmpd_with(tmp_path_factory.mktemp("snmpd"), instances, (READER, WRITER)) as snmpd:
        yield Peers(rig, instances, target, snmpd)


def walk(rig: Rig) -> Iterator[Instance]:
    """All that a reader sees, by GETNEXT."""
    name: Oid = (1, 3)
    while True:
        packet = ber.encode(ber.message(1, b"public", ber.request(ber.GET_NEXT, [name])))
        ((name, tag, content),) = open_answer(rig.process(packet) or b"").varbinds
        if tag == ber.END_OF_MIB_VIEW:
            return
        yield name, tag, content


def plain(name: Oid, tag: int, content: bytes) -> tuple[Oid, int, bytes]:
    """A varbind without what may differ."""
    if tag in ABSENT:
        return name, ABSENT[0], b""
    if any(name[: len(prefix)] == prefix for prefix in LIVE):
        return name, tag, b""
    return name, tag, content


def without_values(answer: Answer) -> Answer:
    """Live values left out, and who signed it."""
    varbinds = tuple(plain(*varbind) for varbind in answer.varbinds)
    return replace(answer, varbinds=varbinds, security=None)


def is_same(ours: Answer, theirs: Answer, theirs_octets: int, bulk: bool) -> bool:
    if ours.status == TOO_BIG and theirs_octets > COMMUNITY_LIMIT - SPARE:
        return True
    ours, theirs = without_values(ours), without_values(theirs)
    if ours.version == 0 and ours.status and 0 < ours.index < theirs.index:
        theirs = replace(theirs, index=ours.index)
    if bulk and not ours.status and not theirs.status and ours.varbinds:
        number = min(len(ours.varbinds), len(theirs.varbinds))
        ours, theirs = (nameless_ends(each, number) for each in (ours, theirs))
    return ours == theirs


def nameless_ends(answer: Answer, number: int) -> Answer:
    """The first varbinds, with no name where the MIB has ended."""
    varbinds = tuple(
        ((), tag, content) if tag == ber.END_OF_MIB_VIEW else (name, tag, content)
        for name, tag, content in answer.varbinds[:number]
    )
    return replace(answer, varbinds=varbinds)


def compare(peers: Peers, packet: bytes) -> None:
    """One v1 or v2c request to all three."""
    version, _, (tag, _) = ber.children(ber.decode(packet))
    ours, slow = peers.here(packet), peers.pysnmp(packet)
    if tag == ber.GET_BULK and ber.to_int(version) == 0:
        assert (ours, slow) == (None, None)
        return
    assert ours is not None
    assert slow is not None
    opened = open_answer(ours)
    assert without_values(opened) == without_values(open_answer(slow)), packet.hex()
    theirs = peers.snmpd.exchange(packet)
    assert theirs is not None, packet.hex()
    expected = open_answer(theirs, shortest=False)
    assert is_same(opened, expected, len(theirs), tag == ber.GET_BULK), (
        f"{packet.hex()}\nours:  {opened}\nsnmpd: {expected}"
    )


def test_the_copy_has_every_type_and_a_walk_of_it_is_the_same(peers: Peers) -> None:
    assert {tag for _, tag, _ in peers.instances} >= {0x02, 0x04, 0x06, 0x41, 0x42, 0x43, 0x46}
    for version in (0, 1):
        name: Oid = (1, 3)
        while name[:4] == (1, 3, 6, 1) or name == (1, 3):
            packet = ber.encode(ber.message(version, b"public", ber.request(ber.GET_NEXT, [name])))
            compare(peers, packet)
            name, tag, _ = open_answer(peers.here(packet) or b"").varbinds[0]
            if tag in (ber.END_OF_MIB_VIEW, 0x05):
                break


@pytest.mark.parametrize(("command", "packet"), recorded())
def test_what_the_tools_send_is_answered_alike(peers: Peers, command: str, packet: bytes) -> None:
    compare(peers, packet)


SUBIDS = st.one_of(st.integers(0, 30), st.sampled_from([127, 128, 255, 16384, 2**31, 2**32 - 1]))


@st.composite
def names(draw: st.DrawFn, instances: list[Instance]) -> Oid:
    """An instance, or something near one: cut, longer, or with another last number."""
    name = draw(st.sampled_from(instances))[0]
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return name[: draw(st.integers(2, len(name)))]
    if kind == 1:
        return (*name, *draw(st.lists(SUBIDS, min_size=1, max_size=4)))
    if kind == 2:
        return (*name[:-1], draw(SUBIDS))
    if kind == 3:
        return (1, 3, *draw(st.lists(SUBIDS, max_size=6)))
    return name


@st.composite
def requests(draw: st.DrawFn, instances: list[Instance]) -> ber.Node:
    tag = draw(st.sampled_from(REQUESTS))
    wanted = draw(st.lists(names(instances), min_size=1, max_size=12))
    request_id = draw(st.integers(-(2**31), 2**31 - 1))
    if tag != ber.GET_BULK:
        return ber.request(tag, wanted, request_id=request_id)
    singles, repetitions = draw(st.integers(0, 14)), draw(st.integers(0, 60))
    return ber.request(tag, wanted, None, request_id, singles, repetitions)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(data=st.data())
def test_random_requests_are_answered_alike(peers: Peers, data: st.DataObject) -> None:
    version = data.draw(st.sampled_from((0, 1)))
    pdu = data.draw(requests(peers.instances))
    compare(peers, ber.encode(ber.message(version, b"public", pdu)))


class Tenant:
    """A rig whose "public" sees some outlets and some subtrees only; what there would be."""

    def __init__(self) -> None:
        public = Community(
            "tenant",
            "public",
            rights=Rights.READ,
            view="some",
            outlets={"1": Rights.NONE, "3": Rights.NONE},
        )
        view = ViewSettings(
            "some", include=("1.3.6.1.2.1.1", "1.3.6.1.4.1"), exclude=(HIDDEN_COLUMN,)
        )
        self.rig = Rig(communities=(public,), views=(view,))
        self.instances = list(walk(Rig()))


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return Tenant()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_who_may_not_see_everything_is_shown_the_same_by_both_paths(
    tenant: Tenant, data: st.DataObject
) -> None:
    pdu = data.draw(requests(tenant.instances))
    packet = ber.encode(ber.message(data.draw(st.sampled_from((0, 1))), b"public", pdu))
    engine = tenant.rig.engine
    ours, slow = engine.process(packet, SOURCE), engine.through_pysnmp(packet, SOURCE)
    if ours is None or slow is None:
        assert ours is slow
        return
    opened = without_values(open_answer(ours))
    assert opened == without_values(open_answer(slow))
    for name, tag, _ in opened.varbinds:
        if tag not in (*ABSENT, ber.END_OF_MIB_VIEW, NULL):
            assert name[: len(OUTLET)] != OUTLET or name[-1] not in (1, 3)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data())
def test_random_v3_requests_are_answered_alike(peers: Peers, data: st.DataObject) -> None:
    user = data.draw(st.sampled_from((READER, WRITER)))
    pdu = data.draw(requests(peers.instances))
    packet = asked(peers.target, user, pdu)
    ours, slow = (
        open_answer(answer or b"", [user]) for answer in (peers.here(packet), peers.pysnmp(packet))
    )
    theirs = peers.snmpd.exchange(asked(peers.snmpd_target, user, pdu)) or b""
    assert is_same(ours, slow, 0, pdu[0] == ber.GET_BULK)
    expected = open_answer(theirs, [user], shortest=False)
    assert is_same(ours, expected, len(theirs), pdu[0] == ber.GET_BULK), f"{ours}\n{expected}"
    assert ours.security is not None
    assert (ours.security.flags, ours.security.user) == (user.flags, user.name)


def asked(target: Target, user: Usm, pdu: ber.Node) -> bytes:
    flags = bytes((user.flags | REPORTABLE,))
    return V3Message(target.engine_id, target.boots, target.time_s(), user, pdu, flags).encode()

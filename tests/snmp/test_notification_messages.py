# SPDX-License-Identifier: Apache-2.0
"""Notifications as octets, read back by a decoder that is not the agent's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.mib_impl.syntax import Oid, Tag, Value
from pdu_agent.snmp.ber import REPORT, RESPONSE, MalformedMessage
from pdu_agent.snmp.envelope import VERSION_1
from pdu_agent.snmp.notification_messages import (
    Answer,
    Undelivered,
    community_message,
    inform,
    random_id,
    read_community_answer,
    read_scoped_answer,
    trap,
    trap_v1,
)
from tests.snmp import ber
from tests.snmp.notices import (
    ARC,
    COLD_START,
    NAME,
    OUTLET_STATE_CHANGE,
    SNMP_TRAP_OID,
    STATE,
    SYS_UP_TIME,
    notice,
)

TIME_TICKS, IP_ADDRESS = 0x43, 0x40


def children(node: ber.Node) -> list[ber.Node]:
    assert isinstance(node[1], list)
    return node[1]


def varbinds(node: ber.Node) -> list[tuple[Oid, ber.Node]]:
    return [(ber.to_oid(name), value) for name, value in map(children, children(node))]


OUTLET_VARBINDS = [((*NAME, 3), ber.string(b"Outlet 3")), ((*STATE, 3), ber.integer(2))]


@pytest.mark.parametrize(("build", "tag"), [(trap, ber.TRAP), (inform, ber.INFORM)])
def test_v2_notifications_begin_with_uptime_and_their_name(build: object, tag: int) -> None:
    assert callable(build)
    body = ber.decode(build(notice(), 0x7FFF_FFFF))
    assert body[0] == tag
    request_id, status, index, bindings = children(body)
    assert [ber.to_int(field) for field in (request_id, status, index)] == [0x7FFF_FFFF, 0, 0]
    assert varbinds(bindings) == [
        (SYS_UP_TIME, ber.integer(1234, TIME_TICKS)),
        (SNMP_TRAP_OID, ber.oid(OUTLET_STATE_CHANGE)),
        *OUTLET_VARBINDS,
    ]


def test_every_type_of_value_is_encoded() -> None:
    values = {
        Tag.INTEGER: (-129, b"\xff\x7f"),
        Tag.OCTET_STRING: (b"\xc3\xa4", b"\xc3\xa4"),
        Tag.OBJECT_IDENTIFIER: ((1, 3, 0xFFFF_FFFF), b"\x2b\x8f\xff\xff\xff\x7f"),
        Tag.IP_ADDRESS: (b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x01"),
        Tag.COUNTER32: (0xFFFF_FFFF, b"\x00\xff\xff\xff\xff"),
        Tag.UNSIGNED32: (128, b"\x00\x80"),
        Tag.TIME_TICKS: (0, b"\x00"),
        Tag.COUNTER64: (1 << 63, b"\x00\x80" + bytes(7)),
        Tag.NULL: (None, b""),
    }
    made = notice(
        varbinds=tuple(
            ((*ARC, tag.value), Value(tag, content)) for tag, (content, _) in values.items()
        )
    )
    bindings = children(ber.decode(trap(made, 1)))[3]
    assert varbinds(bindings)[2:] == [
        ((*ARC, tag.value), (tag.value, octets)) for tag, (_, octets) in values.items()
    ]


@pytest.mark.parametrize(
    ("oid", "enterprise", "generic", "specific"),
    [
        (OUTLET_STATE_CHANGE, ARC, 6, 1),
        ((*ARC, 7), ARC, 6, 7),  # without the zero that SMIv2 puts before the number
        (COLD_START, COLD_START[:-1], 0, 0),
        ((*COLD_START[:-1], 2), COLD_START[:-1], 1, 0),
        ((*COLD_START[:-1], 5), COLD_START[:-1], 4, 0),
        ((*COLD_START[:-1], 7), COLD_START[:-1], 6, 7),
    ],
)
def test_v1_names_follow_rfc_3584(oid: Oid, enterprise: Oid, generic: int, specific: int) -> None:
    body = ber.decode(trap_v1(notice(oid=oid), bytes((192, 0, 2, 200))))
    assert body[0] == ber.TRAP_V1
    fields = children(body)
    assert ber.to_oid(fields[0]) == enterprise
    assert fields[1] == (IP_ADDRESS, bytes((192, 0, 2, 200)))
    assert (ber.to_int(fields[2]), ber.to_int(fields[3])) == (generic, specific)
    assert fields[4] == ber.integer(1234, TIME_TICKS)
    assert varbinds(fields[5]) == OUTLET_VARBINDS


def test_v1_refuses_a_counter64_and_names_it() -> None:
    made = notice(varbinds=(((*ARC, 9), Value(Tag.COUNTER64, 1)),))
    with pytest.raises(Undelivered, match=r"Counter64 1\.3\.6\.1\.4\.1\.8072\.9999\.9999\.6738\.9"):
        trap_v1(made, bytes(4))


def test_a_community_message_has_version_and_community_around_the_body() -> None:
    body = trap_v1(notice(), bytes(4))
    datagram = community_message(VERSION_1, b"to the nms", body)
    assert datagram == ber.encode(ber.message(0, b"to the nms", ber.decode(body)))


def test_request_ids_are_positive_and_differ() -> None:
    ids = {random_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(1 <= number <= 0x7FFF_FFFF for number in ids)


def answer(
    tag: int = ber.RESPONSE, request_id: int = 77, status: int = 0, version: int = 1
) -> bytes:
    body = ber.request(tag, [SYS_UP_TIME], [ber.null()], request_id, status)
    return ber.encode(ber.message(version, b"public", body))


def test_an_acknowledgement_is_read() -> None:
    assert read_community_answer(answer(), b"public") == Answer(RESPONSE, 77, 0, SYS_UP_TIME)
    assert read_community_answer(answer(status=5), b"public").error_status == 5


@pytest.mark.parametrize(
    "datagram",
    [answer(tag=ber.GET), answer(version=0), answer(version=3), answer() + b"\0", b"", b"\x30"],
)
def test_what_is_no_acknowledgement_is_refused(datagram: bytes) -> None:
    with pytest.raises(MalformedMessage):
        read_community_answer(datagram, b"public")


def test_another_community_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        read_community_answer(answer(), b"private")


def test_a_report_without_varbinds_has_no_first_name() -> None:
    scoped = ber.sequence(
        ber.string(b"engine"), ber.string(b""), ber.request(ber.REPORT, [], [], -1)
    )
    assert read_scoped_answer(ber.encode(scoped)) == Answer(REPORT, -1, 0, None)


@given(st.binary(max_size=80))
def test_noise_raises_nothing_but_malformed(noise: bytes) -> None:
    for read in (lambda octets: read_community_answer(octets, b"public"), read_scoped_answer):
        with pytest.raises(MalformedMessage):
            read(noise)


@given(st.data())
def test_a_damaged_acknowledgement_raises_nothing_but_malformed(data: st.DataObject) -> None:
    octets = bytearray(answer())
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(octets[: data.draw(st.integers(0, len(octets)))])
    try:
        read_community_answer(cut, b"public")
    except MalformedMessage:
        return


@given(
    st.integers(-(2**31), 2**31 - 1),
    st.integers(0, 18),
    st.sampled_from([RESPONSE, REPORT]),
)
def test_every_answer_is_read_as_it_was_written(request_id: int, status: int, tag: int) -> None:
    datagram = answer(tag, request_id, status)
    assert read_community_answer(datagram, b"public") == Answer(
        tag, request_id, status, SYS_UP_TIME
    )

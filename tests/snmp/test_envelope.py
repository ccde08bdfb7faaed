# SPDX-License-Identifier: Apache-2.0
"""The strict look at a datagram: what passes, and what each fault is called."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.snmp.ber import MalformedMessage
from pdu_agent.snmp.envelope import (
    NotARequest,
    UnknownVersion,
    open_envelope,
    too_big_answer,
)
from tests.snmp import ber
from tests.snmp.mutations import ENGINE_ID, SYS_DESCR

GOOD = ber.encode(ber.message(1, b"public", ber.request(ber.GET, [SYS_DESCR] * 2, request_id=300)))
DISCOVERY = ber.v3_message(ber.request(ber.GET, [SYS_DESCR]), ENGINE_ID, b"viewer", 3, 4)


def test_a_request_shows_version_community_and_varbinds() -> None:
    envelope = open_envelope(GOOD)
    assert (envelope.version, envelope.community, envelope.tag) == (1, b"public", ber.GET)
    assert (envelope.request_id, envelope.varbinds) == (300, 2)


def test_a_v3_message_is_left_to_usm() -> None:
    assert open_envelope(ber.v3_message(ber.request(ber.GET, []), b"")).version == 3


@pytest.mark.parametrize("version", [2, 4, -1, 2**32, 2**32 + 1, 2**64 + 3])
def test_other_versions_are_unknown(version: int) -> None:
    with pytest.raises(UnknownVersion):
        open_envelope(ber.encode(ber.message(version, b"public", ber.request(ber.GET, []))))


@pytest.mark.parametrize("tag", [ber.RESPONSE, ber.TRAP_V1, ber.INFORM, ber.TRAP, ber.REPORT])
def test_what_is_for_managers_is_no_request(tag: int) -> None:
    with pytest.raises(NotARequest):
        open_envelope(ber.encode(ber.message(1, b"public", ber.request(tag, [SYS_DESCR]))))


def test_getbulk_does_not_exist_in_v1() -> None:
    with pytest.raises(MalformedMessage):
        open_envelope(ber.encode(ber.message(0, b"public", ber.request(ber.GET_BULK, [SYS_DESCR]))))


def test_counter64_does_not_exist_in_v1() -> None:
    pdu = ber.request(ber.SET, [SYS_DESCR], [ber.integer(5, 0x46)])
    assert open_envelope(ber.encode(ber.message(1, b"x", pdu))).varbinds == 1
    with pytest.raises(MalformedMessage):
        open_envelope(ber.encode(ber.message(0, b"x", pdu)))


def test_counting_stops_where_it_is_too_many() -> None:
    pdu = ber.request(ber.GET, [SYS_DESCR] * 3000)
    envelope = open_envelope(ber.encode(ber.message(1, b"public", pdu)))
    assert envelope.has_too_many_varbinds
    assert envelope.varbinds == 129
    answer = ber.decode(too_big_answer(envelope))
    assert answer == ber.message(1, b"public", ber.request(ber.RESPONSE, [], status=1))


def test_every_cut_is_malformed() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(MalformedMessage):
            open_envelope(GOOD[:length])


@given(st.binary(max_size=200))
def test_noise_is_malformed_and_nothing_worse(noise: bytes) -> None:
    with pytest.raises(MalformedMessage):
        open_envelope(noise)


@given(st.data())
def test_a_changed_octet_raises_nothing_else(data: st.DataObject) -> None:
    packet = bytearray(data.draw(st.sampled_from([GOOD, DISCOVERY])))
    packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedMessage):
        open_envelope(bytes(packet))

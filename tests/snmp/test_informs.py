# SPDX-License-Identifier: Apache-2.0
"""Informs in v2c and v3: what has to be agreed on first, and what counts as an acknowledgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.model.clock import ManualClock
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from pdu_agent.snmp.inform_sessions import CommunityInforms, UserInforms
from pdu_agent.snmp.informs import InformSender, Verdict
from pdu_agent.snmp.notification_messages import Undelivered
from pdu_agent.snmp.v3_message import parse
from tests.snmp import ber
from tests.snmp.inform_receiver import (
    ENDPOINT,
    NOT_IN_TIME_WINDOWS,
    UNKNOWN_ENGINE_IDS,
    UNKNOWN_USER_NAMES,
    USER,
    Receiver,
    Wire,
    request_id_of,
)
from tests.snmp.mutations import ENGINE_ID
from tests.snmp.notices import SYS_UP_TIME, notice
from tests.snmp.usm_client import AUTH, PRIV

pytestmark = pytest.mark.asyncio


class V3:
    """A session with a receiver, at timeout 1.5 s and three retries."""

    def __init__(self, user: User = USER) -> None:
        self.clock = ManualClock()
        self.receiver = Receiver(self.clock, started_s=self.clock.monotonic_s() - 1000)
        self.wire = Wire(self.receiver, self.clock)
        self.session = UserInforms(user, ENGINE_ID, self.clock.monotonic_s)
        self.sender = InformSender(self.session, self.wire, timeout_s=1.5, retries=3)  # type: ignore[arg-type]

    async def send(self, number: int = 3) -> None:
        await self.sender.send(notice(number), ENDPOINT)


async def test_the_first_inform_learns_engine_and_time_and_the_next_one_needs_neither() -> None:
    rig = V3()
    await rig.send()
    assert rig.receiver.heard == ["unknown engine", "not in time window", "inform"]
    rig.clock.advance(86_400)  # its clock is followed meanwhile
    await rig.send()
    assert rig.receiver.heard[3:] == ["inform"]
    assert rig.wire.waits_s == []


async def test_what_arrives_is_the_notification_in_our_own_context() -> None:
    rig = V3()
    await rig.send()
    _, fields = ber.decode(rig.receiver.taken[0])
    assert isinstance(fields, list)
    assert fields[0] == ber.string(ENGINE_ID)
    assert fields[2][0] == ber.INFORM


async def test_discovery_reveals_no_user_and_no_notification() -> None:
    rig = V3()
    await rig.send()
    first = parse(rig.wire.sent[0])
    assert (first.engine_id, first.user_name, first.reportable) == (b"", b"", True)
    assert b"Outlet" not in rig.wire.sent[0]
    assert all(b"Outlet" not in sent for sent in rig.wire.sent)  # encrypted


async def test_a_restarted_receiver_is_followed() -> None:
    rig = V3()
    await rig.send()
    rig.receiver.boots += 1
    rig.receiver.started_s = rig.clock.monotonic_s()
    await rig.send()
    assert rig.receiver.heard[3:] == ["not in time window", "inform"]


async def test_a_replaced_receiver_is_discovered_again() -> None:
    rig = V3()
    await rig.send()
    rig.receiver.engine_id = b"\x80\x00\x1f\x88\x04another"
    rig.receiver.boots = 1
    await rig.send()
    assert rig.receiver.heard[3:] == ["unknown engine", "not in time window", "inform"]


async def test_a_receiver_that_lost_count_of_its_boots_costs_one_inform() -> None:
    rig = V3()
    await rig.send()
    rig.receiver.boots = 1
    with pytest.raises(Undelivered, match="no acknowledgement after 4 attempts"):
        await rig.send()
    await rig.send()
    assert len(rig.receiver.taken) == 2


async def test_the_waits_double_and_end() -> None:
    rig = V3()
    rig.wire.peer = lambda datagram: None
    with pytest.raises(Undelivered, match="no acknowledgement after 4 attempts"):
        await rig.send()
    assert rig.wire.waits_s == [1.5, 3.0, 6.0, 12.0]
    assert len(set(rig.wire.sent)) == 4  # a msgID of its own for each


async def test_the_waits_are_bounded() -> None:
    rig = V3()
    rig.wire.peer = lambda datagram: None
    sender = InformSender(rig.session, rig.wire, timeout_s=1.0, retries=8)  # type: ignore[arg-type]
    with pytest.raises(Undelivered):
        await sender.send(notice(), ENDPOINT)
    assert rig.wire.waits_s == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_lost_acknowledgement_is_made_up_by_the_next_attempt() -> None:
    rig = V3()
    await rig.send()
    lost = iter([True, False])
    rig.wire.peer = lambda datagram: None if next(lost) else rig.receiver(datagram)
    await rig.send()
    assert rig.wire.waits_s == [1.5]
    assert len(rig.receiver.taken) == 2


async def test_a_receiver_that_only_reports_is_not_answered_for_ever() -> None:
    rig = V3()
    rig.wire.peer = lambda datagram: rig.receiver.report(
        UNKNOWN_ENGINE_IDS, parse(datagram).msg_id, flags=0
    )
    with pytest.raises(Undelivered):
        await rig.send()
    assert len(rig.wire.sent) == 4 * 4


async def test_a_user_that_the_receiver_does_not_know_is_named_in_the_reason() -> None:
    rig = V3()
    rig.wire.peer = lambda datagram: (
        rig.receiver.report(UNKNOWN_USER_NAMES, parse(datagram).msg_id, flags=0)
        if parse(datagram).engine_id
        else rig.receiver(datagram)
    )
    with pytest.raises(Undelivered, match="does not know the user"):
        await rig.send()
    assert len(rig.wire.sent) == 2


async def test_a_wrong_passphrase_is_named_in_the_reason() -> None:
    rig = V3(replace(USER, auth_pass="something-else"))
    with pytest.raises(Undelivered, match="another auth_pass"):
        await rig.send()
    assert rig.receiver.taken == []


async def test_a_refused_inform_says_the_error_status() -> None:
    rig = V3()
    await rig.send()
    inform = rig.session.inform(notice())
    sent = await inform.datagram()
    scoped_id = request_id_of(await _taken(rig, sent))
    refusal = inform.accept(rig.receiver.response(parse(sent).msg_id, scoped_id, status=5))
    assert refusal is not None
    assert "error-status 5" in str(refusal)


async def _taken(rig: V3, datagram: bytes) -> bytes:
    rig.receiver(datagram)
    return rig.receiver.taken[-1]


Forge = Callable[[V3, int, int], bytes]


def _forged(rig: V3, msg_id: int, request_id: int, flags: int, **changes: object) -> bytes:
    body = ber.request(ber.RESPONSE, [], [], request_id)
    return replace(rig.receiver.message(body, msg_id, flags), **changes).encode()  # type: ignore[arg-type]


FORGERIES: dict[str, Forge] = {
    "another msgID": lambda rig, m, r: rig.receiver.response(m ^ 1, r),
    "another request-id": lambda rig, m, r: rig.receiver.response(m, r ^ 1),
    "no authentication": lambda rig, m, r: _forged(rig, m, r, 0),
    "no privacy": lambda rig, m, r: _forged(rig, m, r, AUTH),
    "wrong digest": lambda rig, m, r: _forged(rig, m, r, AUTH | PRIV, digest=bytes(24)),
    "short digest": lambda rig, m, r: _forged(rig, m, r, AUTH | PRIV, digest=b"\0"),
    "another engine": lambda rig, m, r: _forged(rig, m, r, AUTH | PRIV, engine_id=b"x" * 12),
    "before the window": lambda rig, m, r: _forged(rig, m, r, AUTH | PRIV, time_s=700),
    "an earlier boot": lambda rig, m, r: _forged(rig, m, r, AUTH | PRIV, boots=4),
    "time told without a digest": lambda rig, m, r: rig.receiver.report(
        NOT_IN_TIME_WINDOWS, m, flags=0
    ),
    "not SNMP": lambda rig, m, r: b"hello",
    "v2c": lambda rig, m, r: ber.encode(
        ber.message(1, b"public", ber.request(ber.RESPONSE, [SYS_UP_TIME], None, r))
    ),
}


@pytest.mark.parametrize("kind", FORGERIES)
async def test_what_the_receiver_did_not_write_is_ignored(kind: str) -> None:
    rig = V3()
    await rig.send()
    known = replace(rig.session.receiver)
    inform = rig.session.inform(notice())
    sent = await inform.datagram()
    request_id = request_id_of(await _taken(rig, sent))
    msg_id = parse(sent).msg_id
    assert inform.accept(FORGERIES[kind](rig, msg_id, request_id)) is None
    assert rig.session.receiver == known
    assert inform.accept(rig.receiver.response(msg_id, request_id)) is Verdict.ACKNOWLEDGED


async def test_the_acknowledgement_of_an_earlier_inform_is_none_for_this_one() -> None:
    rig = V3()
    await rig.send()
    first = rig.session.inform(notice())
    recorded = rig.receiver(await first.datagram())
    assert first.accept(recorded) is Verdict.ACKNOWLEDGED
    second = rig.session.inform(notice())
    await second.datagram()
    assert second.accept(recorded) is None


async def test_a_user_without_authentication_needs_no_time() -> None:
    user = User("plain", AuthProtocol.NONE, "", PrivProtocol.NONE)
    rig = V3(user)

    def peer(datagram: bytes) -> bytes:
        message = parse(datagram)
        if not message.engine_id:
            return rig.receiver.report(UNKNOWN_ENGINE_IDS, message.msg_id, flags=0)
        return _forged(rig, message.msg_id, request_id_of(message.data), 0)

    rig.wire.peer = peer
    await rig.send()
    assert len(rig.wire.sent) == 2


class V2c:
    def __init__(self) -> None:
        self.session = CommunityInforms(b"to the nms")
        self.inform = self.session.inform(notice())

    async def request_id(self) -> int:
        _, fields = ber.decode(await self.inform.datagram())
        assert isinstance(fields, list)
        body = fields[2][1]
        assert isinstance(body, list)
        return ber.to_int(body[0])


def acknowledgement(
    request_id: int, tag: int = ber.RESPONSE, community: bytes = b"to the nms", status: int = 0
) -> bytes:
    body = ber.request(tag, [SYS_UP_TIME], None, request_id, status)
    return ber.encode(ber.message(1, community, body))


async def test_v2c_is_acknowledged_by_its_request_id() -> None:
    rig = V2c()
    request_id = await rig.request_id()
    for foreign in (
        acknowledgement(request_id ^ 1),
        acknowledgement(request_id, tag=ber.REPORT),
        acknowledgement(request_id, tag=ber.INFORM),
        acknowledgement(request_id, community=b"public"),
        acknowledgement(request_id)[:-1],
    ):
        assert rig.inform.accept(foreign) is None
    assert rig.inform.accept(acknowledgement(request_id)) is Verdict.ACKNOWLEDGED
    assert "error-status 1" in str(rig.inform.accept(acknowledgement(request_id, status=1)))


async def test_v2c_repeats_the_same_octets() -> None:
    clock = ManualClock()
    wire = Wire(lambda datagram: None, clock)
    sender = InformSender(CommunityInforms(b"x"), wire, timeout_s=0.5, retries=2)  # type: ignore[arg-type]
    with pytest.raises(Undelivered):
        await sender.send(notice(), ENDPOINT)
    assert len(wire.sent) == 3
    assert len(set(wire.sent)) == 1


@given(st.data())
async def test_damage_to_an_acknowledgement_is_never_taken_for_one(data: st.DataObject) -> None:
    rig = V3()
    await rig.send()
    inform = rig.session.inform(notice())
    sent = await inform.datagram()
    good = rig.receiver.response(parse(sent).msg_id, request_id_of(await _taken(rig, sent)))
    position = data.draw(st.integers(0, 1 << 16)) % len(good)
    bad = bytearray(good)
    bad[position] ^= data.draw(st.integers(1, 255))
    assert inform.accept(bytes(bad)) is None
    assert inform.accept(good[:position]) is None
    assert inform.accept(good) is Verdict.ACKNOWLEDGED

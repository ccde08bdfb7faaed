# SPDX-License-Identifier: Apache-2.0
"""A receiver of v3 informs without sockets, and the wire between it and an InformSender."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pdu_agent.model.clock import ManualClock
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from pdu_agent.snmp.resolver import Endpoint
from pdu_agent.snmp.usm import UserKeys, WrongDigest, open_message
from pdu_agent.snmp.v3_message import parse
from tests.snmp import ber
from tests.snmp.notices import Oid
from tests.snmp.usm_client import AUTH, PRIV, Usm, V3Message

T = TypeVar("T")

USM_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)
UNKNOWN_ENGINE_IDS = (*USM_STATS, 4, 0)
NOT_IN_TIME_WINDOWS = (*USM_STATS, 2, 0)
UNKNOWN_USER_NAMES = (*USM_STATS, 3, 0)
WRONG_DIGESTS = (*USM_STATS, 5, 0)

USER = User(
    "informer", AuthProtocol.SHA256, "inform-auth-pass", PrivProtocol.AES128, "inform-priv-pass"
)
PEER = Usm(b"informer", b"inform-auth-pass", b"inform-priv-pass")
ENDPOINT = Endpoint(2, ("192.0.2.7", 162))
WINDOW_S = 150


@dataclass
class Receiver:
    """An authoritative engine of RFC 3414: reports what is wrong, and acknowledges the rest.

    taken: the scoped PDUs of acknowledged informs. heard: one word per datagram.
    """

    clock: ManualClock
    engine_id: bytes = b"\x80\x00\x1f\x88\x04receiver"
    boots: int = 5
    started_s: float = 0.0
    taken: list[bytes] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def time_s(self) -> int:
        return int(self.clock.monotonic_s() - self.started_s)

    def __call__(self, datagram: bytes) -> bytes:
        message = parse(datagram)
        if message.engine_id != self.engine_id:
            self.heard.append("unknown engine")
            return self.report(UNKNOWN_ENGINE_IDS, message.msg_id, flags=0)
        try:
            scoped = open_message(message, UserKeys.of(USER, self.engine_id))
        except WrongDigest:
            self.heard.append("wrong digest")
            return self.report(WRONG_DIGESTS, message.msg_id, flags=0)
        if message.boots != self.boots or abs(message.time_s - self.time_s()) > WINDOW_S:
            self.heard.append("not in time window")
            return self.report(NOT_IN_TIME_WINDOWS, message.msg_id, flags=AUTH)
        self.heard.append("inform")
        self.taken.append(scoped)
        return self.response(message.msg_id, request_id_of(scoped))

    def report(self, counter: Oid, msg_id: int, flags: int) -> bytes:
        body = ber.request(ber.REPORT, [counter], [ber.integer(1, 0x41)], 0)
        return self.message(body, msg_id, flags).encode()

    def response(self, msg_id: int, request_id: int, status: int = 0) -> bytes:
        body = ber.request(ber.RESPONSE, [], [], request_id, status)
        return self.message(body, msg_id, AUTH | PRIV).encode()

    def message(self, body: ber.Node, msg_id: int, flags: int) -> V3Message:
        return V3Message(
            engine_id=self.engine_id,
            boots=self.boots,
            time_s=self.time_s(),
            user=PEER if flags else replace(PEER, name=b""),
            pdu=body,
            flags=bytes((flags,)),
            message_id=msg_id,
        )


def request_id_of(scoped: bytes) -> int:
    _, fields = ber.decode(scoped)
    assert isinstance(fields, list)
    body = fields[2][1]
    assert isinstance(body, list)
    return ber.to_int(body[0])


class Wire:
    """Stands in for NotificationSockets: `peer` answers at once, or with None never.

    waits_s: how long each unanswered datagram was waited for.
    """

    def __init__(self, peer: Callable[[bytes], bytes | None], clock: ManualClock) -> None:
        self.peer = peer
        self.clock = clock
        self.sent: list[bytes] = []
        self.waits_s: list[float] = []
        self.ignored = 0

    async def exchange(
        self,
        datagram: bytes,
        endpoint: Endpoint,
        timeout_s: float,
        accept: Callable[[bytes], T | None],
    ) -> T | None:
        assert endpoint == ENDPOINT
        self.sent.append(datagram)
        answer = self.peer(datagram)
        if answer is not None:
            found = accept(answer)
            if found is not None:
                return found
            self.ignored += 1
        self.waits_s.append(timeout_s)
        self.clock.advance(timeout_s)
        return None

# SPDX-License-Identifier: Apache-2.0
"""What two sides of an inform have to agree on: a community, or the receiver's engine and time.

The receiver of an inform is the authoritative engine (RFC 3412 section 6.4). Its engine ID
is asked for without protection; its boots and time are believed only when they come with a
digest that the user's key made (RFC 3414 section 4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pdu_agent.mib_impl.notifications import Notification
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.snmp.ber import REPORT, RESPONSE, MalformedMessage
from pdu_agent.snmp.credentials import SecurityLevel, User
from pdu_agent.snmp.envelope import VERSION_2C
from pdu_agent.snmp.informs import Declined, Inform, Reply, Verdict
from pdu_agent.snmp.notification_messages import (
    Answer,
    community_message,
    discovery,
    inform,
    random_id,
    read_community_answer,
    read_scoped_answer,
)
from pdu_agent.snmp.reports import Refusal
from pdu_agent.snmp.usm import (
    DecryptionFailed,
    UnsupportedLevel,
    UserKeys,
    WrongDigest,
    open_message,
    scoped_pdu,
    seal,
)
from pdu_agent.snmp.v3 import TIME_WINDOW_S
from pdu_agent.snmp.v3_message import V3Message, parse

_DECLINED: dict[Oid | None, str] = {
    Refusal.UNSUPPORTED_LEVEL.oid: "its user has no such security level",
    Refusal.UNKNOWN_USER.oid: "it does not know the user",
    Refusal.WRONG_DIGEST.oid: "its user has another auth_pass",
    Refusal.DECRYPTION.oid: "its user has another priv_pass",
}


class CommunityInforms:
    """Informs of v2c."""

    def __init__(self, community: bytes) -> None:
        self._community = community

    def inform(self, notification: Notification) -> Inform:
        return _CommunityInform(self._community, notification)

    def forget(self) -> None:
        """Nothing is remembered of such a receiver."""


class _CommunityInform:
    def __init__(self, community: bytes, notification: Notification) -> None:
        self._community = community
        self._request_id = random_id()
        body = inform(notification, self._request_id)
        self._datagram = community_message(VERSION_2C, community, body)

    async def datagram(self) -> bytes:
        return self._datagram

    def accept(self, datagram: bytes) -> Reply | None:
        try:
            answer = read_community_answer(datagram, self._community)
        except MalformedMessage:
            return None
        return _judge_response(answer, self._request_id)


def _judge_response(answer: Answer, request_id: int) -> Reply | None:
    if answer.tag != RESPONSE or answer.request_id != request_id:
        return None
    if answer.error_status:
        return Declined(f"error-status {answer.error_status}")
    return Verdict.ACKNOWLEDGED


@dataclass(slots=True)
class _Receiver:
    """The receiver's engine as far as it is known: not at all while engine_id is empty.

    boots, time_s: as the engine last proved them, at read_s of our clock.
    """

    engine_id: bytes = b""
    keys: UserKeys | None = None
    boots: int = 0
    time_s: int = 0
    read_s: float = 0.0

    def now_s(self, monotonic_s: float) -> int:
        """What the receiver's snmpEngineTime should be by now."""
        return self.time_s + int(monotonic_s - self.read_s) if self.boots else 0

    def admits(self, message: V3Message, monotonic_s: float) -> bool:
        """RFC 3414 section 3.2 step 7b, of a message that is authentic: learn from a newer
        one; refuse one that is older than the window.
        """
        if (message.boots, message.time_s) > (self.boots, self.time_s):
            self.boots, self.time_s, self.read_s = message.boots, message.time_s, monotonic_s
        return (
            message.boots == self.boots
            and message.time_s >= self.now_s(monotonic_s) - TIME_WINDOW_S
        )


class UserInforms:
    """Informs of v3 to one receiver. context_engine_id: ours, as the objects are ours.

    The receiver's engine and the keys for it are kept from one inform to the next.
    """

    def __init__(
        self, user: User, context_engine_id: bytes, monotonic_s: Callable[[], float]
    ) -> None:
        self.user = user
        self.context_engine_id = context_engine_id
        self.monotonic_s = monotonic_s
        self.receiver = _Receiver()

    def inform(self, notification: Notification) -> Inform:
        return _UserInform(self, notification)

    def forget(self) -> None:
        """Ask anew: it may be another engine, or one that has lost count of its boots."""
        self.receiver = _Receiver()


class _UserInform:
    def __init__(self, session: UserInforms, notification: Notification) -> None:
        self._session = session
        self._level = session.user.level
        self._request_id = random_id()
        body = inform(notification, self._request_id)
        self._scoped = scoped_pdu(session.context_engine_id, b"", body)
        self._msg_ids: set[int] = set()

    async def datagram(self) -> bytes:
        receiver = self._session.receiver
        if not receiver.engine_id:
            return self._discovery()
        if receiver.keys is None:
            # In a thread, as it hashes a megabyte or two.
            receiver.keys = await asyncio.to_thread(
                UserKeys.of, self._session.user, receiver.engine_id
            )
        return seal(
            receiver.keys,
            engine_id=receiver.engine_id,
            boots=receiver.boots,
            time_s=receiver.now_s(self._session.monotonic_s()),
            msg_id=self._new_msg_id(),
            scoped=self._scoped,
            level=self._level,
            reportable=True,
        )

    def _discovery(self) -> bytes:
        return seal(
            UserKeys(b""),
            engine_id=b"",
            boots=0,
            time_s=0,
            msg_id=self._new_msg_id(),
            scoped=scoped_pdu(b"", b"", discovery(self._request_id)),
            level=SecurityLevel.NO_AUTH_NO_PRIV,
            reportable=True,
        )

    def _new_msg_id(self) -> int:
        msg_id = random_id()
        self._msg_ids.add(msg_id)
        return msg_id

    def accept(self, datagram: bytes) -> Reply | None:
        try:
            message = parse(datagram)
            if message.msg_id not in self._msg_ids:
                return None
            if message.level is SecurityLevel.NO_AUTH_NO_PRIV:
                return self._judge_unprotected(message)
            return self._judge_authentic(message)
        except (MalformedMessage, WrongDigest, UnsupportedLevel, DecryptionFailed):
            return None

    def _judge_unprotected(self, message: V3Message) -> Reply | None:
        """Anybody can have written it who has seen our msgID: no time is taken from it."""
        answer = read_scoped_answer(message.data)
        if answer.tag == RESPONSE:
            unprotected = self._level is SecurityLevel.NO_AUTH_NO_PRIV
            return _judge_response(answer, self._request_id) if unprotected else None
        if answer.first == Refusal.UNKNOWN_ENGINE.oid and 5 <= len(message.engine_id) <= 32:
            if message.engine_id != self._session.receiver.engine_id:
                self._session.receiver = _Receiver(message.engine_id)
            return Verdict.LEARNED
        return Declined(_DECLINED[answer.first]) if answer.first in _DECLINED else None

    def _judge_authentic(self, message: V3Message) -> Reply | None:
        receiver = self._session.receiver
        if receiver.keys is None or (message.engine_id, message.user_name) != (
            receiver.engine_id,
            receiver.keys.name,
        ):
            return None
        answer = read_scoped_answer(open_message(message, receiver.keys))
        if not receiver.admits(message, self._session.monotonic_s()):
            return None
        if answer.tag == REPORT:
            late = answer.first == Refusal.NOT_IN_TIME_WINDOW.oid
            return Verdict.LEARNED if late else None
        if message.level < self._level:
            return None
        return _judge_response(answer, self._request_id)

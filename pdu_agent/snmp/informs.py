# SPDX-License-Identifier: Apache-2.0
"""Informs: sent until they are acknowledged, or until there is no use in it any more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from pdu_agent.mib_impl.notifications import Notification
from pdu_agent.snmp.notification_messages import Undelivered
from pdu_agent.snmp.notification_sockets import NotificationSockets
from pdu_agent.snmp.resolver import Endpoint

LONGEST_WAIT_S = 60.0
"""The wait for an acknowledgement doubles with each attempt, up to this (or to timeout_s)."""
MAX_LESSONS = 3
"""Messages of one attempt that only teach us something: the receiver's engine ID, its time, and
once more because it has just restarted. A receiver that never has enough is not answered."""


class Verdict(Enum):
    ACKNOWLEDGED = "acknowledged"
    LEARNED = "learned"
    """Not what we wanted to hear, but now we know how to ask."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The receiver will not take it, however often it is sent."""

    reason: str


Reply = Verdict | Declined


class Inform(Protocol):
    """One notification on its way to be acknowledged. Bytes in, bytes out."""

    async def datagram(self) -> bytes:
        """What to send next."""
        ...

    def accept(self, datagram: bytes) -> Reply | None:
        """What an answer says; None for one that is malformed, forged or meant for another."""
        ...


class InformSession(Protocol):
    """What is known of one receiver."""

    def inform(self, notification: Notification) -> Inform: ...

    def forget(self) -> None:
        """Nothing that is believed of the receiver has helped to reach it."""
        ...


class InformSender:
    """timeout_s: of the first attempt. retries: attempts after it."""

    def __init__(
        self,
        session: InformSession,
        sockets: NotificationSockets,
        timeout_s: float,
        retries: int,
    ) -> None:
        self._session = session
        self._sockets = sockets
        longest_s = max(timeout_s, LONGEST_WAIT_S)
        self._waits_s = [min(timeout_s * 2**n, longest_s) for n in range(retries + 1)]

    async def send(self, notification: Notification, endpoint: Endpoint) -> bool:
        """Returns when it is acknowledged. Raises Undelivered, OSError."""
        inform = self._session.inform(notification)
        for wait_s in self._waits_s:
            reply = await self._attempt(inform, endpoint, wait_s)
            if reply is Verdict.ACKNOWLEDGED:
                return True
            if isinstance(reply, Declined):
                self._session.forget()
                raise Undelivered(f"refuses informs: {reply.reason}")
        self._session.forget()
        raise Undelivered(f"no acknowledgement after {len(self._waits_s)} attempts")

    async def _attempt(self, inform: Inform, endpoint: Endpoint, wait_s: float) -> Reply | None:
        reply: Reply | None = Verdict.LEARNED
        for _ in range(MAX_LESSONS + 1):
            if reply is not Verdict.LEARNED:
                break
            datagram = await inform.datagram()
            reply = await self._sockets.exchange(datagram, endpoint, wait_s, inform.accept)
        return reply

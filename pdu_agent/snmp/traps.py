# SPDX-License-Identifier: Apache-2.0
"""Traps: sent once; whether they arrive is not known."""

from __future__ import annotations

from collections.abc import Callable

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.notifications import Notification
from pdu_agent.snmp.credentials import SecurityLevel
from pdu_agent.snmp.envelope import VERSION_1, VERSION_2C
from pdu_agent.snmp.notification_messages import (
    community_message,
    random_id,
    trap,
    trap_v1,
)
from pdu_agent.snmp.notification_sockets import NotificationSockets, own_ipv4
from pdu_agent.snmp.resolver import Endpoint
from pdu_agent.snmp.usm import UserKeys, scoped_pdu, seal

Write = Callable[[Notification, Endpoint], bytes]
"""A message for an endpoint. Raises Undelivered if the notification does not go into one."""


class TrapSender:
    def __init__(self, write: Write, sockets: NotificationSockets) -> None:
        self._write = write
        self._sockets = sockets

    async def send(self, notification: Notification, endpoint: Endpoint) -> bool:
        """Raises Undelivered, OSError."""
        self._sockets.send(self._write(notification, endpoint), endpoint)
        return False


def v1_traps(community: bytes) -> Write:
    def write(notification: Notification, endpoint: Endpoint) -> bytes:
        body = trap_v1(notification, own_ipv4(endpoint))
        return community_message(VERSION_1, community, body)

    return write


def v2c_traps(community: bytes) -> Write:
    def write(notification: Notification, _: Endpoint) -> bytes:
        return community_message(VERSION_2C, community, trap(notification, random_id()))

    return write


def v3_traps(engine: OwnEngine, keys: UserKeys, level: SecurityLevel) -> Write:
    """keys: localized to our own engine, which is the authoritative one of a trap
    (RFC 3412 section 6.4).
    """

    def write(notification: Notification, _: Endpoint) -> bytes:
        return seal(
            keys,
            engine_id=engine.engine_id,
            boots=engine.boots,
            time_s=engine.time_s(),
            msg_id=random_id(),
            scoped=scoped_pdu(engine.engine_id, b"", trap(notification, random_id())),
            level=level,
            reportable=False,
        )

    return write

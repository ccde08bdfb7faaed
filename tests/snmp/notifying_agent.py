# SPDX-License-Identifier: Apache-2.0
"""The half of an agent that notifies, with a credential of each kind that trap_receiver knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.notifications import Notification, NotificationCounters
from pdu_agent.snmp.credentials import AuthProtocol, Community, PrivProtocol, User
from pdu_agent.snmp.delivery import Delivery
from pdu_agent.snmp.settings import SnmpSettings, TargetSettings, TargetVersion
from pdu_agent.snmp.targets import Targets
from tests.snmp.mutations import ENGINE_ID

ENGINE = OwnEngine(ENGINE_ID, 3, lambda: 4711, 8192)
V1, V2C, V3 = TargetVersion.V1, TargetVersion.V2C, TargetVersion.V3
COMMUNITY = Community("nms", "public")
SHA256, AES = AuthProtocol.SHA256, PrivProtocol.AES128
USERS = (
    User("auth-traps", SHA256, "auth-traps-pass", PrivProtocol.NONE),
    User("priv-traps", SHA256, "priv-traps-pass", AES, "priv-traps-secret"),
    User("old-traps", AuthProtocol.SHA, "old-traps-pass", AES, "old-traps-secret"),
    User(
        *("big-traps", AuthProtocol.SHA512, "big-traps-pass"),
        *(PrivProtocol.AES256, "big-traps-secret"),
    ),
    User("auth-informs", SHA256, "auth-informs-pass", PrivProtocol.NONE),
    User("priv-informs", SHA256, "priv-informs-pass", AES, "priv-informs-secret"),
    User(
        *("big-informs", AuthProtocol.SHA512, "big-informs-pass"),
        *(PrivProtocol.AES256, "big-informs-secret"),
    ),
)
KINDS = {
    "v1 trap": (V1, "nms", False, "TRAP, SNMP v1, community public"),
    "v2c trap": (V2C, "nms", False, "TRAP2, SNMP v2c, community public"),
    "v2c inform": (V2C, "nms", True, "INFORM, SNMP v2c, community public"),
    **{
        f"v3 {user.name}": (
            *(V3, user.name, user.name.endswith("informs")),
            f"{'INFORM' if user.name.endswith('informs') else 'TRAP2'}, SNMP v3,"
            f" user {user.name}, context ",
        )
        for user in USERS
    },
}
"""version, credential, inform, and what snmptrapd calls it."""


def dotted(oid: tuple[int, ...]) -> str:
    return "." + ".".join(map(str, oid))


class Agent:
    """The sending half of an agent with one target."""

    def __init__(
        self,
        address: str,
        kind: tuple[TargetVersion, str, bool],
        timeout_s: float = 2.0,
        retries: int = 3,
        mibs: tuple[str, ...] = (),
        **options: object,
    ) -> None:
        version, credential, inform = kind
        target = TargetSettings(
            "nms", address, credential, version, inform, timeout_s, retries, mibs=mibs
        )
        settings = SnmpSettings(communities=(COMMUNITY,), users=USERS, targets=(target,))
        self.counters = NotificationCounters()
        self.targets = Targets(settings, ENGINE, self.counters, **options)  # type: ignore[arg-type]

    @property
    def delivery(self) -> Delivery:
        return self.targets.deliveries[0]

    async def send(self, *notifications: Notification) -> None:
        """Returns when the last one has left, or is acknowledged or lost if it is an inform."""
        for notification in notifications:
            self.delivery.put(notification)
        async with asyncio.timeout(20):
            await self.delivery.drained()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Agent]:
        task = asyncio.get_running_loop().create_task(self.delivery.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.targets.sockets.close()

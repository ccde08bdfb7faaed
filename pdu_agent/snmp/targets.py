# SPDX-License-Identifier: Apache-2.0
"""From the `targets` of the configuration to a delivery for each of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from pdu_agent.access.complaints import Complaints
from pdu_agent.mib_impl.framework import OwnEngine
from pdu_agent.mib_impl.identity import module_names
from pdu_agent.mib_impl.names import IDENTITIES
from pdu_agent.mib_impl.notifications import NotificationCounters
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.credentials import User
from pdu_agent.snmp.delivery import Delivery, Sender, Trouble
from pdu_agent.snmp.inform_sessions import CommunityInforms, UserInforms
from pdu_agent.snmp.informs import InformSender, InformSession
from pdu_agent.snmp.notification_sockets import NotificationSockets
from pdu_agent.snmp.resolver import Destination, LookUp, look_up
from pdu_agent.snmp.security import user_keys
from pdu_agent.snmp.settings import SnmpSettings, TargetSettings, TargetVersion, parse_target
from pdu_agent.snmp.traps import TrapSender, Write, v1_traps, v2c_traps, v3_traps

T = TypeVar("T")
log = logging.getLogger(__name__)


class Targets:
    """Every target's delivery, over common sockets. modules: what any of them is told of.

    settings: with the secrets that the targets refer to. resolve: how names are looked up.
    Takes some milliseconds per v3 target, for its keys. Raises ConfigError for a credential
    that there is not.
    """

    def __init__(
        self,
        settings: SnmpSettings,
        engine: OwnEngine,
        counters: NotificationCounters,
        resolve: LookUp = look_up,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._communities = {entry.name: entry.community for entry in settings.communities}
        self._users = {user.name: user for user in settings.users}
        self._identity = settings.identity
        self._engine = engine
        self._counters = counters
        self._resolve = resolve
        self._monotonic_s = monotonic_s
        ignored = Complaints(log, "unexpected answers to notifications ignored", monotonic_s)
        self.sockets = NotificationSockets(ignored.add)
        self.deliveries = tuple(self._delivery(target) for target in settings.targets)
        self.modules = frozenset().union(*map(self._modules, settings.targets))

    def _delivery(self, target: TargetSettings) -> Delivery:
        sender: Sender
        if target.inform:
            session = self._session(target)
            sender = InformSender(session, self.sockets, target.timeout_s, target.retries)
        else:
            sender = TrapSender(self._traps(target), self.sockets)
        host, port = parse_target(target.address)
        destination = Destination(host, port, self._resolve, self._monotonic_s)
        trouble = Trouble(target.name, self._monotonic_s)
        modules = self._modules(target)
        return Delivery(target.name, sender, destination, self._counters, trouble, modules=modules)

    def _modules(self, target: TargetSettings) -> frozenset[str]:
        """Of those whose notifications the target is sent: by default of the MIB that whoever
        takes the unit for what it says it is will know.
        """
        mibs = target.mibs or (IDENTITIES[self._identity],)
        return frozenset({"SNMPv2-MIB"}.union(*map(module_names, mibs)))

    def _session(self, target: TargetSettings) -> InformSession:
        if target.version is TargetVersion.V3:
            user = self._user(target)
            return UserInforms(user, self._engine.engine_id, self._monotonic_s)
        return CommunityInforms(self._community(target))

    def _traps(self, target: TargetSettings) -> Write:
        if target.version is TargetVersion.V3:
            user = self._user(target)
            return v3_traps(self._engine, user_keys(user, self._engine.engine_id), user.level)
        write = v1_traps if target.version is TargetVersion.V1 else v2c_traps
        return write(self._community(target))

    def _community(self, target: TargetSettings) -> bytes:
        return _find(target, "community", self._communities).encode("utf-8")

    def _user(self, target: TargetSettings) -> User:
        return _find(target, "user", self._users)


def _find(target: TargetSettings, what: str, known: Mapping[str, T]) -> T:
    if target.credential not in known:
        raise ConfigError(f"snmp target {target.name}: no {what} is called {target.credential!r}")
    return known[target.credential]

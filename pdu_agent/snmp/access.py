# SPDX-License-Identifier: Apache-2.0
"""Who may do what over SNMP: the single policy that every SNMP path asks before it acts.

It is asked in front of every read and every SET, whoever decoded the message. The access
control inside pysnmp is not used: up to 7.1.30 its VACM lets a user without a write view
SET everything.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.needs import Need
from pdu_agent.access.networks import Networks
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.credentials import Community, SecurityLevel, User
from pdu_agent.snmp.settings import ViewSettings, parse_subtree

Oid = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Subtrees of the tree: the longest one that an instance lies in decides (RFC 3415)."""

    subtrees: Mapping[Oid, bool]

    @staticmethod
    def of(settings: ViewSettings) -> View:
        included = {parse_subtree(text): True for text in settings.include}
        return View(included | {parse_subtree(text): False for text in settings.exclude})

    def contains(self, oid: Oid) -> bool:
        for length in range(len(oid), 0, -1):
            found = self.subtrees.get(oid[:length])
            if found is not None:
                return found
        return False


@dataclass(frozen=True, slots=True)
class Credential:
    """Someone who proved who they are. `name` is the configured name, never a secret.

    view: the instances that exist for this credential at all; None: all of them.
    reads_everything: there is nothing that `may_read` would refuse.
    """

    name: str
    grant: Grant
    view: View | None = None
    reads_everything: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Asked for every varbind, so it is not worked out each time.
        everything = self.view is None and self.grant.reads_everything
        object.__setattr__(self, "reads_everything", everything)

    def may_read(self, oid: Oid, outlet: int | None) -> bool:
        """Whether the instance may be shown; one that may not be shown is as good as absent.

        outlet: the one that the instance tells of, None if it is of the unit.
        """
        if not self.grant.allows(Rights.READ, outlet):
            return False
        return self.view is None or self.view.contains(oid)

    def may_write(self, oid: Oid, need: Need) -> bool:
        """Whether the instance may be SET, if it can be at all."""
        return self.grant.allows(*need) and (self.view is None or self.view.contains(oid))


@dataclass(frozen=True, slots=True)
class _Entry:
    credential: Credential
    networks: Networks
    level: int = SecurityLevel.NO_AUTH_NO_PRIV

    def admits(self, host: str) -> bool:
        return not self.networks or self.networks.admit(host)


class AccessPolicy:
    """Maps what a message proves to a credential, and a credential to what it may touch.

    Raises ConfigError for a network, a view or an OID that cannot be read, for a view that
    is not there, and for two of one name, as only one of them would be asked.
    """

    def __init__(
        self,
        communities: Sequence[Community],
        users: Sequence[User],
        views: Sequence[ViewSettings] = (),
    ) -> None:
        _refuse_twins("view", views)
        _refuse_twins("community", communities)
        _refuse_twins("user", users)
        self._views = {settings.name: View.of(settings) for settings in views}
        self._communities = {
            entry.community.encode("utf-8"): self._entry(entry, SecurityLevel.NO_AUTH_NO_PRIV)
            for entry in communities
        }
        if len(self._communities) < len(communities):
            raise ConfigError("snmp communities: two entries have the same community string")
        self._users = {user.name: self._entry(user, user.level) for user in users}

    def _entry(self, settings: Community | User, level: int) -> _Entry:
        view = None
        if settings.view:
            view = self._views.get(settings.view)
            if view is None:
                raise ConfigError(
                    f"snmp credential {settings.name}: no view is called {settings.view!r}"
                )
        credential = Credential(settings.name, settings.grant(), view)
        return _Entry(credential, Networks(settings.networks), level)

    def for_community(self, community: bytes, host: str) -> Credential | None:
        """The credential of a v1/v2c community from a numeric source address, None if wrong.

        Every configured community is compared in full, so that the time taken does not
        tell how much of a guess was right.
        """
        found: _Entry | None = None
        for secret, entry in self._communities.items():
            if hmac.compare_digest(secret, community):
                found = entry
        return found.credential if found is not None and found.admits(host) else None

    def for_user(self, name: str, level: int, host: str) -> Credential | None:
        """The credential of an authenticated v3 user at the security level of the message.

        None for an unknown user, for a level below the one the user is configured with, and
        for a source outside the user's networks.
        """
        entry = self._users.get(name)
        if entry is None or level < entry.level or not entry.admits(host):
            return None
        return entry.credential


def _refuse_twins(what: str, entries: Iterable[Community | User | ViewSettings]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            raise ConfigError(f"snmp: the {what} name {entry.name!r} is used twice")
        seen.add(entry.name)

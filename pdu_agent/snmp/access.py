# SPDX-License-Identifier: Apache-2.0
"""Who may do what over SNMP: the single policy that every SNMP path asks before it acts.

It is asked in front of every read and every SET, whoever decoded the message. The access
control inside pysnmp is not used: up to 7.1.30 its VACM lets a user without a write view
SET everything.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from pdu_agent.snmp.settings import Community, Rights, SecurityLevel, User


@dataclass(frozen=True, slots=True)
class Credential:
    """Someone who proved who they are. `name` is the configured name, never a secret."""

    name: str
    rights: Rights


class AccessPolicy:
    """Maps what a message proves to a credential, and a credential to what it may touch."""

    def __init__(self, communities: Iterable[Community], users: Iterable[User]) -> None:
        self._communities = [
            (entry.community.encode("utf-8"), Credential(entry.name, entry.rights))
            for entry in communities
        ]
        self._users = {
            user.name: (user.level, Credential(user.name, user.rights)) for user in users
        }

    def for_community(self, community: bytes) -> Credential | None:
        """The credential of a v1/v2c community string, None if there is no such one.

        Every configured community is compared in full, so that the time taken does not
        tell how much of a guess was right.
        """
        found: Credential | None = None
        for secret, credential in self._communities:
            if hmac.compare_digest(secret, community):
                found = credential
        return found

    def for_user(self, name: str, level: int) -> Credential | None:
        """The credential of an authenticated v3 user at the security level of the message.

        None for an unknown user, and for a level below the one the user is configured with.
        """
        least, credential = self._users.get(name, (SecurityLevel.AUTH_PRIV, None))
        return credential if level >= least else None

    # Both questions name the instance, because what may be switched is asked per instance;
    # today's rights are the same for all of them.

    def may_read(self, credential: Credential, oid: tuple[int, ...]) -> bool:  # noqa: ARG002
        """Whether the instance may be shown; one that may not be shown is as good as absent."""
        return credential.rights in (Rights.READ, Rights.WRITE)

    def may_write(self, credential: Credential, oid: tuple[int, ...]) -> bool:  # noqa: ARG002
        """Whether the instance may be SET, if it can be at all."""
        return credential.rights is Rights.WRITE

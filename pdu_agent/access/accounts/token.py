# SPDX-License-Identifier: Apache-2.0
"""One token of a program, as kept: its secret is not."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from pdu_agent.access.accounts.role import Scope, grant_for
from pdu_agent.access.accounts.user import check_name
from pdu_agent.access.grant import Grant, Rights

PREFIX = "openpdu_"
"""By which one that was published by accident is found."""
SECRET_OCTETS = 32
MAX_SECRET = 64
"""Characters of what is looked up at all."""
ID_OCTETS = 6


@dataclass(frozen=True, slots=True)
class Token:
    """id: names it in paths. name: what for. owner: the user who made it, and without whom it is
    nothing; empty where it was made on the machine itself. digest: SHA-256 of the secret, hex.
    expires_wall_s: None for never. Raises InvalidValue.
    """

    id: str
    name: str
    owner: str
    digest: str = field(repr=False)
    scope: Scope
    outlets: Mapping[str, Rights]
    created_wall_s: float
    expires_wall_s: float | None
    grant: Grant = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "grant", grant_for(self.scope, self.outlets))

    @property
    def is_admin(self) -> bool:
        return self.scope is Scope.ADMIN

    def is_expired(self, wall_s: float) -> bool:
        return self.expires_wall_s is not None and wall_s >= self.expires_wall_s


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(SECRET_OCTETS)


def digest_of(secret: str) -> str:
    """What is kept of a secret: it is 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

# SPDX-License-Identifier: Apache-2.0
"""One user, as kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pdu_agent.access.accounts.role import Role, grant_for
from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.errors import InvalidValue

MAX_NAME = 32
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._@-]{{0,{MAX_NAME - 1}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class User:
    """password: as `password.hashed` makes it. outlets: rights on some of them, in place of the
    role's. Two are equal only if nothing has changed in between: a session holds its own. Raises
    InvalidValue.
    """

    name: str
    role: Role
    password: str = field(repr=False)
    outlets: Mapping[str, Rights] = field(default_factory=dict)
    grant: Grant = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "grant", grant_for(self.role, self.outlets))

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


def check_name(name: object) -> str:
    """A name that a log line, a path and a shell can hold. Raises InvalidValue."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidValue(
            f"name: expected up to {MAX_NAME} letters, digits, and . _ @ - after the first"
        )
    return name

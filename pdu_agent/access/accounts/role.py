# SPDX-License-Identifier: Apache-2.0
"""What a user or a token may do, in one word, and outlet by outlet."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.outlet_rights import check_spans, grant_of
from pdu_agent.model.errors import ConfigError, InvalidValue


class Role(Enum):
    """Of a user, or of a client certificate."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    @property
    def rights(self) -> Rights:
        return _RIGHTS[self.value]


class Scope(Enum):
    """Of a token. WRITE changes settings; ADMIN also users, tokens and the configuration."""

    READ = "read"
    SWITCH = "switch"
    WRITE = "write"
    ADMIN = "admin"

    @property
    def rights(self) -> Rights:
        return _RIGHTS[self.value]


_RIGHTS: Mapping[str, Rights] = {
    "viewer": Rights.READ,
    "operator": Rights.SWITCH,
    "admin": Rights.WRITE,
    "read": Rights.READ,
    "switch": Rights.SWITCH,
    "write": Rights.WRITE,
}


def grant_for(role: Role | Scope, outlets: Mapping[str, Rights]) -> Grant:
    """outlets: other rights on some of them, as the settings have it: "4-6", "others".

    Raises InvalidValue. An administrator has all rights everywhere: whoever may change users could
    give themselves any that were missing.
    """
    if role in (Role.ADMIN, Scope.ADMIN) and outlets:
        raise InvalidValue("outlets: an administrator has all rights on every outlet")
    try:
        check_spans("rights", outlets)
    except ConfigError as error:
        raise InvalidValue(str(error)) from None
    return grant_of(role.rights, outlets)

# SPDX-License-Identifier: Apache-2.0
"""Time zones by their names in the IANA data base, as the system has it."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo

from pdu_agent.model.errors import ConfigError


def zone_of(name: str) -> tzinfo | None:
    """The zone of that name, None (the system's) for "". Raises ConfigError."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # unknown; a path; one that is a folder
        raise ConfigError(f"this system knows no time zone {name!r}") from None

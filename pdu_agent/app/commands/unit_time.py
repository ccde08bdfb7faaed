# SPDX-License-Identifier: Apache-2.0
"""Instants as the unit's owner reads them: in its time zone, with the distance from UTC.

Whoever asks may be elsewhere; a plan "at 07:00" is due at seven where the unit stands.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pdu_agent.app.client import AgentClient
from pdu_agent.app.terminal import MISSING


def unit_zone(agent: AgentClient) -> tzinfo | None:
    """That of its configuration; None where it has none: this machine's, as it most likely is
    the unit itself. UTC where this machine does not know the zone.
    """
    name = agent.get("device").get("time_zone")
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def unit_time(instant: str | None, zone: tzinfo | None, seconds: bool = True) -> str:
    """An instant of the API, to the second or to the minute."""
    if instant is None:
        return MISSING
    local = datetime.fromisoformat(instant).astimezone(zone)
    offset = "UTC" if local.utcoffset() == timedelta(0) else f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M}{f':{local:%S}' if seconds else ''} {offset}"

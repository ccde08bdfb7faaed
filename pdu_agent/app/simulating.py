# SPDX-License-Identifier: Apache-2.0
"""What the plans of a configuration would do: the real core on a clock of its own."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import Any

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.core_settings import core_settings_of
from pdu_agent.app.rehearsal import Movement, Rehearsal
from pdu_agent.core.plans.book import shown_time
from pdu_agent.core.plans.wall_clock import EARLIEST_WALL_S
from pdu_agent.model.errors import ConfigError


def simulated(settings: AgentSettings, first: date | None, days: int) -> list[dict[str, Any]]:
    """Every relay movement of so many local days: at, outlet, name, state and reason.

    The outlets are on at first. What is measured is not known, so that plans with conditions are
    skipped. Raises ConfigError for days that no plan is made for.
    """
    core = core_settings_of(settings)
    zone = core.time_zone
    first = first or datetime.now(zone).date()
    start_s, end_s = _midnight(first, zone), _midnight(_later(first, days), zone)
    if start_s < EARLIEST_WALL_S:
        raise ConfigError(f"{first}: plans are made for 2025 and later")
    rehearsal = Rehearsal(core, start_s - 1)  # so that what is due at midnight is in it
    rehearsal.run_until(end_s - 0.5)
    names = {outlet.number: outlet.name for outlet in core.outlets}
    return [_shown(move, names, zone) for move in rehearsal.movements]


def _midnight(day: date, zone: tzinfo | None) -> float:
    return datetime.combine(day, time(), zone).timestamp()


def _later(day: date, days: int) -> date:
    try:
        return date.fromordinal(day.toordinal() + days)
    except (OverflowError, ValueError) as exc:
        raise ConfigError(f"{days} days after {day}: there is no such date") from exc


def _shown(move: Movement, names: dict[int, str], zone: tzinfo | None) -> dict[str, Any]:
    return {
        "at": shown_time(round(move.wall_s), zone),
        "outlet": move.outlet,
        "name": names[move.outlet],
        "state": "on" if move.closed else "off",
        "reason": str(move.actor) if move.actor else "",
    }

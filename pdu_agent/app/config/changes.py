# SPDX-License-Identifier: Apache-2.0
"""Which changes of the configuration a running agent can take, and which need a restart.

Whatever is not named here needs one: buses, wiring, listening sockets and credentials are made
once. A restart moves no relay and loses no energy either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.nut.settings import SIMULATED

_TAKEN_WHOLE = frozenset(
    {
        "groups",
        "thresholds",
        "tariffs",
        "prices",
        "plans",
        "rules",
        "caps",
        "hooks",
        "hosts",
        "outage",
        "upses",
        "warnings",
    }
)
_FIXED_FIELDS: Mapping[str, frozenset[str]] = {
    "device": frozenset({"nominal_hz", "demand_window_s", "coil_budget", "coil_interval_s"}),
    "inlets": frozenset({"number"}),
    "lines": frozenset({"number", "line", "inlet"}),
    "branches": frozenset({"number", "inlet", "line"}),
    "outlets": frozenset({"number", "relay", "inlet", "branch", "line"}),
    "sensors": frozenset({"number", "kind", "driver", "options"}),
    "fans": frozenset({"number", "interval_s", "driver", "options"}),
    "http": frozenset(
        {"listen", "socket", "names", "tls", "client_ca", "client_roles"}
        | {"session_idle_s", "session_max_s"}
    ),
    "nut": frozenset({"state_path", "driver", "name", "group"}),
}
"""Section -> what of it, or of its entries, needs a restart; the rest is taken."""


def needing_restart(old: AgentSettings, new: AgentSettings) -> list[str]:
    """The settings, as "outlets 3 relay" or "meters", that differ and need a restart."""
    found = [
        path
        for field in fields(AgentSettings)
        if field.name not in _TAKEN_WHOLE
        for path in _differences(field.name, getattr(old, field.name), getattr(new, field.name))
    ]
    return found + (["upses"] if _simulated(old) != _simulated(new) else [])


def _simulated(settings: AgentSettings) -> list[tuple[str, tuple[int, ...]]]:
    """The UPSes of the simulated server, which are made once."""
    return [(ups.there, ups.inlets) for ups in settings.upses if ups.server == SIMULATED]


def _differences(section: str, old: Any, new: Any) -> Iterator[str]:
    fixed = _FIXED_FIELDS.get(section)
    if old == new:
        return
    if fixed is None:
        yield section
    elif isinstance(old, tuple):
        yield from _in_entries(section, fixed, old, new)
    else:
        yield from (f"{section} {name}" for name in _changed(fixed, old, new))


def _in_entries(
    section: str, fixed: frozenset[str], old: tuple[Any, ...], new: tuple[Any, ...]
) -> Iterator[str]:
    before, after = ({entry.number: entry for entry in entries} for entries in (old, new))
    for number in sorted(before.keys() | after.keys()):
        if number not in before or number not in after:
            yield f"{section} {number}"
        else:
            for name in _changed(fixed, before[number], after[number]):
                yield f"{section} {number} {name}"


def _changed(names: frozenset[str], old: Any, new: Any) -> list[str]:
    return [name for name in sorted(names) if getattr(old, name) != getattr(new, name)]

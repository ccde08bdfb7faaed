# SPDX-License-Identifier: Apache-2.0
"""The page at `/`: outlets and what feeds them as plain tables, read-only, without any script."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from pdu_agent.model.commands import Lock
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Fault, Meter, MeterStatus, Outlet, Snapshot
from pdu_agent.web.page_feeders import energy, feeders
from pdu_agent.web.plain import fixed, instant

REFRESH_S = 5

STYLE = (
    "body{font-family:sans-serif;margin:1.5em}table{border-collapse:collapse}"
    "th,td{padding:.3em .8em;border-bottom:1px solid #999;text-align:left}"
    ".n{text-align:right;font-variant-numeric:tabular-nums}"
)

# The page needs nothing but its own style: name that by its hash and forbid the rest.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; style-src"
    f" 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)

HEADINGS = (
    *("Outlet", "Name", "State", "V", "A", "W", "PF"),
    *("kWh", "kWh since", "Reset", "Device"),
)
FIRST_NUMBER, LAST_NUMBER = 3, 8

FAULT_WORDS = {
    Fault.WELDED: "relay welded",
    Fault.FUSE: "no voltage",
    Fault.RELAY: "relay disobeys",
    Fault.BOARD: "board lost",
}


def page(snapshot: Snapshot) -> str:
    """The whole document. Names come from strangers, so every text is escaped."""
    name = escape(snapshot.device.name)
    head = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
    rows = "".join(_row(row) for row in snapshot.outlets)
    alarms = "".join(
        f"<li>{escape(f'{alarm.severity.value}: {alarm.subject}: {alarm.text}')}"
        f"{' (acknowledged)' if alarm.acknowledged else ''}</li>"
        for alarm in snapshot.alarms
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<meta http-equiv="refresh" content="{REFRESH_S}"><style>{STYLE}</style></head>'
        f"<body><h1>{name}</h1><p>{escape(instant(snapshot.t_wall_s) or '')}</p>"
        f"<table><tr>{head}</tr>{rows}</table>{feeders(snapshot)}"
        f"{f'<h2>Alarms</h2><ul>{alarms}</ul>' if alarms else '<p>No alarms.</p>'}"
        f'<p>This page only reads. <a href="/api/v1/status">JSON</a></p></body></html>'
    )


def _row(row: Outlet) -> str:
    cells = [str(row.index), row.name, _state(row), *_numbers(row.meter), row.device]
    return f"<tr>{''.join(_cell(column, text) for column, text in enumerate(cells))}</tr>"


def _cell(column: int, text: str) -> str:
    kind = ' class="n"' if FIRST_NUMBER <= column <= LAST_NUMBER else ""
    return f"<td{kind}>{escape(text)}</td>"


def _state(row: Outlet) -> str:
    if not row.switched:
        fault = ", no voltage" if Fault.FUSE in row.faults else ""
        return f"metered only{fault}{_limit(row)}"
    pending = f" ({row.pending.value} in {row.pending_s:.0f} s)" if row.pending else ""
    lock = "" if row.lock is Lock.UNLOCKED else f", {row.lock.value}"
    faults = "".join(f", {FAULT_WORDS[fault]}" for fault in FAULT_WORDS if fault in row.faults)
    return f"{row.state.value}{pending}{lock}{faults}{_limit(row)}"


def _limit(row: Outlet) -> str:
    return ", clipped" if row.meter is not None and row.meter.is_clipped else ""


def _numbers(meter: Meter | None) -> list[str]:
    """V, A, W, PF and energy; a dash for what is missing or no longer current."""
    if meter is None:
        return [*["-"] * 4, *energy(None)]
    now = meter.electrical if meter.status is MeterStatus.OK else Electrical()
    return [
        fixed(now.voltage_v, 1),
        fixed(now.current_a, 3),
        fixed(now.active_power_w, 1),
        fixed(now.power_factor, 2),
        *energy(meter),
    ]

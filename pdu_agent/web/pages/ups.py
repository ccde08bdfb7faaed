# SPDX-License-Identifier: Apache-2.0
"""UPSes: what they tell, the outage that goes on, and what an outage would do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aiohttp import web

from pdu_agent.core.outage.what_if import DEFAULT_MIN, LONGEST_MIN, LONGEST_RUNTIME_S
from pdu_agent.model.control import Outage, OutageState
from pdu_agent.model.snapshot import EventKind, LoggedEvent, Snapshot
from pdu_agent.model.ups import Ups, UpsFlag, UpsLine
from pdu_agent.web.pages.ranges import ranges
from pdu_agent.web.pages.site import Site, render
from pdu_agent.web.upses import WORDS

_BAD = frozenset({UpsFlag.LOW_BATTERY, UpsFlag.FORCED_SHUTDOWN, UpsFlag.OVERLOADED, UpsFlag.OFF})
_WARNING = frozenset({UpsFlag.ON_BATTERY, UpsFlag.REPLACE_BATTERY, UpsFlag.BYPASS})
_OUTAGE_KINDS = {
    OutageState.ON_BATTERY: "warning",
    OutageState.LOW: "fault",
    OutageState.BACK: "pending",
}
_TOLD = 30
"""Lines of the event log."""


@dataclass(frozen=True, slots=True)
class UpsCard:
    """flags: words with the kind of their badge. now: whether its numbers are of now. since:
    seconds since the epoch at which it fell silent. lines: name and values.
    """

    ups: Ups
    flags: tuple[tuple[str, str], ...]
    now: bool
    silent_since_wall_s: float | None
    lines: tuple[tuple[str, UpsLine], ...]


@dataclass(frozen=True, slots=True)
class OutageCard:
    outage: Outage
    kind: str
    inlets: str
    taken: str


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/ups", partial(_ups, site))


async def _ups(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    return render(
        request,
        "ups.html",
        snapshot=snapshot,
        cards=[_card(row, snapshot) for row in snapshot.upses],
        outages=[
            OutageCard(row, _OUTAGE_KINDS[row.state], ranges(row.inlets), ranges(row.taken))
            for row in snapshot.outages
        ],
        story=_story(snapshot),
        names={row.index: row.name for row in snapshot.outlets},
        default_min=DEFAULT_MIN,
        longest_min=LONGEST_MIN,
        longest_runtime_min=LONGEST_RUNTIME_S / 60,
    )


def _card(ups: Ups, snapshot: Snapshot) -> UpsCard:
    since_s = ups.unreachable_since_s
    wall_s = None if since_s is None else snapshot.t_wall_s - snapshot.uptime_s + since_s
    flags = tuple((WORDS[flag], _kind(flag)) for flag in UpsFlag if flag in ups.flags)
    lines: list[tuple[str, UpsLine]] = []
    if ups.is_reachable:
        lines += [(_named("Input", place, ups.inputs), each) for place, each in _told(ups.inputs)]
        lines += [
            (_named("Output", place, ups.outputs), each) for place, each in _told(ups.outputs)
        ]
    return UpsCard(ups, flags, ups.is_reachable, wall_s, tuple(lines))


def _told(lines: tuple[UpsLine, ...]) -> list[tuple[int, UpsLine]]:
    return [(place, each) for place, each in enumerate(lines, start=1) if each != UpsLine()]


def _named(word: str, place: int, lines: tuple[UpsLine, ...]) -> str:
    return f"{word} L{place}" if len(lines) > 1 else word


def _kind(flag: UpsFlag) -> str:
    if flag in _BAD:
        return "fault"
    if flag in _WARNING:
        return "warning"
    return "ok" if flag is UpsFlag.ON_LINE else "info"


def _story(snapshot: Snapshot) -> list[LoggedEvent]:
    """What UPSes told, and what was shed or returned by an outage; newest first."""
    faces = ("on battery", "low battery", "mains back")
    found = [
        row
        for row in reversed(snapshot.events)
        if row.kind is EventKind.UPS_CHANGED or row.user.startswith(faces)
    ]
    return found[:_TOLD]

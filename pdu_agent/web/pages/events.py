# SPDX-License-Identifier: Apache-2.0
"""The event log: what happened, newest first, filtered and page by page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.snapshot import EventKind, LoggedEvent, Severity
from pdu_agent.web.pages.alarms import KINDS
from pdu_agent.web.pages.site import Site, render

SHOWN = 50
_FILTERS = ("kind", "severity", "target", "text", "from", "to")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class EventRow:
    """text: without who did it, which `by` says already. because: why they did, if that is told."""

    event: LoggedEvent
    kind: str
    target: str
    text: str
    by: str
    because: str


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/events", partial(_events, site))


async def _events(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    asked = {key: request.query[key] for key in _FILTERS if request.query.get(key)}
    fits = _filter(asked, snapshot.device.time_zone)
    found = [row for row in reversed(snapshot.events) if fits(row)]
    skipped = _skipped(request.query.get("skip", "0"))
    rows = [_row(event) for event in found[skipped : skipped + SHOWN]]
    return render(
        request,
        "events.html",
        snapshot=snapshot,
        rows=rows,
        total=len(found),
        kept=len(snapshot.events),
        skipped=skipped,
        asked={key: asked.get(key, "") for key in _FILTERS},
        kinds=_choices(each.value for each in EventKind),
        severities=_choices(each.value for each in Severity),
        targets=_choices(sorted({str(row.target) for row in snapshot.events if row.target})),
        newer=_address(asked, max(0, skipped - SHOWN)) if skipped else "",
        older=_address(asked, skipped + SHOWN) if skipped + SHOWN < len(found) else "",
    )


def _choices(words: Iterable[str]) -> list[tuple[str, str]]:
    return [(word, word) for word in words]


def _row(event: LoggedEvent) -> EventRow:
    target = str(event.target) if event.target else ""
    text = event.text
    if event.user:
        text = text.removeprefix(f"{event.user}: ").removesuffix(f", by {event.user}")
    by, _, because = event.user.partition(" (")
    return EventRow(event, KINDS[event.severity], target, text, by, because.removesuffix(")"))


def _address(asked: Mapping[str, str], skip: int) -> str:
    return f"/events?{urlencode({**asked, **({'skip': str(skip)} if skip else {})})}"


def _skipped(text: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", text):
        raise InvalidValue(f"skip: {text[:20]!r}; expected a whole number")
    return int(text)


def _filter(asked: Mapping[str, str], time_zone: str) -> Callable[[LoggedEvent], bool]:
    """Raises InvalidValue for a time that is none."""
    since_s = _wall_s("from", asked.get("from", ""), time_zone)
    until = _wall_s("to", asked.get("to", ""), time_zone)
    until_s = None if until is None else until + _MINUTE.total_seconds()
    text = asked.get("text", "").casefold()

    def fits(row: LoggedEvent) -> bool:
        return (
            asked.get("kind") in (None, row.kind.value)
            and asked.get("severity") in (None, row.severity.value)
            and asked.get("target") in (None, str(row.target))
            and text in f"{row.text}\n{row.user}".casefold()
            and (since_s is None or row.t_wall_s >= since_s)
            and (until_s is None or row.t_wall_s < until_s)
        )

    return fits


def _wall_s(name: str, text: str, time_zone: str) -> float | None:
    """Of a local time to the minute, as browsers send it; None for an empty one."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(time_zone) if time_zone else None)
        return moment.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise InvalidValue(f"{name}: {text[:30]!r}; expected such as 2026-11-02T08:30") from None

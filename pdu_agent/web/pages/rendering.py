# SPDX-License-Identifier: Apache-2.0
"""Templates: where they are, and the words that they have besides Jinja2's own."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pdu_agent.model.quantities import kilowatt_hours
from pdu_agent.web.pages import words
from pdu_agent.web.pages.navigation import is_here
from pdu_agent.web.pages.static_files import address
from pdu_agent.web.plain import instant

FOLDER = Path(__file__).with_name("templates")

_time_zone: ContextVar[str] = ContextVar("time_zone", default="")
"""Of the page that is being made. Macros see no context of their callers, but this."""


@cache
def environment() -> Environment:
    """Compiled templates stay in memory; what a template misspells is an error, not a blank."""
    made = Environment(
        loader=FileSystemLoader(FOLDER, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(static=address, is_here=is_here, local=_local)
    made.filters.update(
        fixed=words.fixed,
        instant=instant,
        span=words.span,
        kwh=kilowatt_hours,
        percent_of=words.percent_of,
        typed=words.typed,
    )
    return made


def html_of(template: str, time_zone: str, context: Mapping[str, Any]) -> str:
    """time_zone: of the unit; moments are written as its owner reads them."""
    token = _time_zone.set(time_zone)
    try:
        return environment().get_template(template).render(**context)
    finally:
        _time_zone.reset(token)


def _local(wall_s: float | None, now_s: float | None = None, *, exact: bool = False) -> str:
    return words.local(_time_zone.get(), wall_s, now_s, exact=exact)

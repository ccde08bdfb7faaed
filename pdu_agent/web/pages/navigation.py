# SPDX-License-Identifier: Apache-2.0
"""The pages that the navigation lists, and who sees which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pdu_agent.access.grant import Rights
from pdu_agent.web.caller import Caller

May = Callable[[Caller], bool]


def anybody(_caller: Caller) -> bool:
    return True


def reads_unit(caller: Caller) -> bool:
    return caller.grant.allows(Rights.READ)


def is_admin(caller: Caller) -> bool:
    return caller.is_admin


def writes(caller: Caller) -> bool:
    return caller.grant.allows(Rights.WRITE)


def has_account(caller: Caller) -> bool:
    return caller.is_admin or caller.session is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """may: whether the page is listed for a caller; the page itself decides what it shows."""

    path: str
    label: str
    may: May = anybody


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    entries: tuple[Entry, ...]


SECTIONS = (
    Section(
        "Now",
        (
            Entry("/", "Overview"),
            Entry("/outlets", "Outlets"),
        ),
    ),
    Section(
        "Control",
        (
            Entry("/groups", "Groups"),
            Entry("/schedules", "Schedules"),
            Entry("/rules", "Rules"),
            Entry("/cap", "Power cap", reads_unit),
        ),
    ),
    Section(
        "Watching",
        (
            Entry("/alarms", "Alarms"),
            Entry("/events", "Events"),
            Entry("/audit", "Audit log", reads_unit),
            Entry("/thresholds", "Thresholds"),
            Entry("/sensors", "Sensors", reads_unit),
            Entry("/ups", "UPS", reads_unit),
        ),
    ),
    Section(
        "History",
        (Entry("/energy", "Energy and cost"),),
    ),
    Section(
        "Unit",
        (
            Entry("/settings", "Settings", writes),
            Entry("/users", "Users and tokens", has_account),
            Entry("/about", "About", reads_unit),
        ),
    ),
)
"""Add a page by its line here; see docs/page.md."""


def listed(caller: Caller) -> tuple[Section, ...]:
    """What the caller may open; a section without any entry is left out."""
    sections = (
        Section(section.title, tuple(each for each in section.entries if each.may(caller)))
        for section in SECTIONS
    )
    return tuple(section for section in sections if section.entries)


def is_here(path: str, entry: Entry) -> bool:
    """Does the entry lead to this page, or to the one above it?"""
    return path == entry.path or (entry.path != "/" and path.startswith(f"{entry.path}/"))

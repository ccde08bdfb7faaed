# SPDX-License-Identifier: Apache-2.0
"""Meters whose channels follow from a file or from their settings, and which may share a port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.schema import MeterSettings
from pdu_agent.app.config.tree import Place, Problems
from pdu_agent.hw import registry
from pdu_agent.model.errors import ConfigError

if TYPE_CHECKING:
    from pdu_agent.hw.ports import MeterOutline


def can_share_its_port(meter: MeterSettings) -> bool:
    """Whether `meter_check` looks after its place."""
    return hasattr(registry.driver_class("meters", meter.driver), "outline")


def meter_check(checker: Checker, problems: Problems) -> None:
    """Report what is wrong with register maps, at the place in their file, with the channels
    that are taken of them, and with meters that share a port and cannot.
    """
    seen: dict[str, list[tuple[str, MeterOutline]]] = {}
    for path, meter in checker.found("meters#"):
        if not can_share_its_port(meter):
            continue
        outline = _outline(path, meter, checker, problems)
        if outline is None:
            continue
        _check_channels(path, meter, outline, checker, problems)
        neighbours = seen.setdefault(outline.place, [])
        for other_path, other in neighbours:
            _check_neighbours(path, outline, other_path, other, checker, problems)
        neighbours.append((path, outline))


def _outline(
    path: str, meter: MeterSettings, checker: Checker, problems: Problems
) -> MeterOutline | None:
    def report(file: str, line: int, column: int, text: str) -> None:
        problems.error(Place(file, line, column), text)

    driver = registry.driver_class("meters", meter.driver)
    try:
        outline: MeterOutline | None = driver.outline(meter.options, report)
    except ConfigError as exc:
        problems.error(checker.place(f"{path}.map"), f"{path}.map: {exc}")
        return None
    return outline


def _check_channels(
    path: str, meter: MeterSettings, outline: MeterOutline, checker: Checker, problems: Problems
) -> None:
    names = outline.channel_names
    for name in sorted(getattr(meter.wiring, "channels", {}).keys() - set(names)):
        where = f"{path}.channels.{name}"
        hint = nearest(name, names) or f"; it has {', '.join(names)}"
        problems.error(checker.place(where), f"{where}: this meter has no channel {name!r}{hint}")


def _check_neighbours(
    path: str,
    outline: MeterOutline,
    other_path: str,
    other: MeterOutline,
    checker: Checker,
    problems: Problems,
) -> None:
    where, first = f"{path}.port", checker.place(other_path)
    if outline.unit == other.unit:
        problems.error(
            checker.place(f"{path}.address"),
            f"{path}.address: two meters are {outline.unit} on {outline.place};"
            f" the first is at {first}",
        )
    elif outline.is_general or other.is_general:
        general = outline if outline.is_general else other
        problems.error(
            checker.place(f"{path}.address"),
            f"{path}.address: {outline.unit} on {outline.place} beside {other.unit} at {first}:"
            f" {general.unit} is for a meter that is alone on its line",
        )
    if outline.line != other.line:
        problems.error(
            checker.place(where),
            f"{where}: {outline.place} runs at {outline.line} here and at {other.line} for the"
            f" meter at {first}; meters on one line need the same speed, parity and stop bits",
        )

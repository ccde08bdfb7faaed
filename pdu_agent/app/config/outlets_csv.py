# SPDX-License-Identifier: Apache-2.0
"""Outlets from a spreadsheet: a CSV file as RFC 4180 has it, without line breaks in fields.

The first line names the settings, each further one is an outlet. An empty cell leaves the
setting at its default.
"""

from __future__ import annotations

import re

from pdu_agent.app.config.scalars import nearest
from pdu_agent.app.config.tree import Entry, ListNode, MapNode, Place, Problems, Scalar
from pdu_agent.app.config.yaml12 import MAX_FILE_BYTES, plain_value

_CELL = re.compile(r'(?:"((?:[^"]|"")*)"|([^",]*))(,|$)')

Cell = tuple[Place, str]


def parse(raw: bytes, source: str, known: list[str], problems: Problems) -> ListNode:
    """The rows as a list of mappings whose keys are `known`; complaints go to `problems`."""
    rows = _rows(raw, source, problems)
    header = rows[0] if rows else []
    for position, (place, name) in enumerate(header):
        if name not in known:
            problems.error(place, f"unknown column {name!r}{nearest(name, known)}")
        elif any(name == earlier for _, earlier in header[:position]):
            problems.error(place, f"column {name!r} is there twice")
    if not header:
        problems.error(Place(source), "is empty; expected a line with the names of the columns")
    items = [_outlet(header, row, known, problems) for row in rows[1:]]
    return ListNode(Place(source, 1, 1), tuple(items))


def _rows(raw: bytes, source: str, problems: Problems) -> list[list[Cell]]:
    if len(raw) > MAX_FILE_BYTES:
        problems.error(Place(source), f"is larger than {MAX_FILE_BYTES // 1024} KiB")
        return []
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        problems.error(Place(source), "is not UTF-8; export it as UTF-8")
        return []
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            cells, rest = _cells(line, source, number)
            if rest:
                place = Place(source, number, len(line) - len(rest) + 1)
                problems.error(place, 'a quote that is not closed or not doubled; write "" for one')
            rows.append(cells or [(Place(source, number, 1), "")])
    return rows


def _cells(line: str, source: str, number: int) -> tuple[list[Cell], str]:
    """The cells of a line, and what could not be read of it."""
    cells: list[Cell] = []
    position = 0
    while match := _CELL.match(line, position):
        text = match[2].strip() if match[1] is None else match[1].replace('""', '"')
        cells.append((Place(source, number, position + 1), text))
        position = match.end()
        if not match[3]:
            return cells, ""
    return cells, line[position:]


def _outlet(header: list[Cell], row: list[Cell], known: list[str], problems: Problems) -> MapNode:
    if len(row) > len(header):
        place, _ = row[len(header)]
        problems.error(place, f"{len(row)} cells; the first line names {len(header)} columns")
    entries: dict[str, Entry] = {}
    for (_, name), (place, text) in zip(header, row, strict=False):
        if text and name in known:
            entries[name] = Entry(place, Scalar(place, text, _value(text)))
    return MapNode(row[0][0], entries)


def _value(text: str) -> bool | int | float | str | None:
    try:
        return plain_value(text)
    except ValueError:
        return text

# SPDX-License-Identifier: Apache-2.0
"""Text for people: tables, colours where they are wanted, and nothing that a name could inject."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

MISSING = "-"

COLOURS = {"green": "32", "yellow": "33", "red": "31", "dim": "2", "bold": "1"}


@dataclass(frozen=True, slots=True)
class Style:
    """What the terminal can show. width None: as wide as it takes."""

    colour: bool
    unicode: bool
    width: int | None

    def paint(self, text: str, colour: str | None) -> str:
        if not self.colour or colour is None:
            return text
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"

    @property
    def lock_sign(self) -> str:
        return "\N{LOCK}" if self.unicode else "locked"


def style_of(stream: TextIO, environ: Mapping[str, str]) -> Style:
    """Colour only on a terminal without NO_COLOR; signs only where the locale can print them."""
    is_terminal = stream.isatty()
    colour = is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if is_terminal or "COLUMNS" in environ else None
    return Style(colour, _prints_unicode(stream, environ), width)


def _prints_unicode(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Python writes UTF-8 in the C locale too (PEP 540), where the terminal may not read it."""
    locale = next((environ[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(key)), "C")
    spelled = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return spelled == "utf8" and locale.partition(".")[0] not in ("C", "POSIX")


def printable(text: Any) -> str:
    """`text` without anything that moves a cursor or breaks a line."""
    return "".join(char if char.isprintable() else "?" for char in str(text))


def width_of(text: str) -> int:
    """Columns that `text` takes: wide East Asian characters and emoji take two, accents none."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def clipped(text: str, columns: int) -> str:
    """`text` in at most `columns` columns; a tilde says that there was more."""
    if width_of(text) <= columns:
        return text
    while text and width_of(text) > columns - 1:
        text = text[:-1]
    return text + "~"


@dataclass(frozen=True, slots=True)
class TableColumn:
    """right: numbers. elastic: may be clipped where the terminal is narrow."""

    heading: str
    right: bool = False
    elastic: bool = False


def table(
    columns: Sequence[TableColumn],
    rows: Sequence[Sequence[str]],
    colours: Sequence[Mapping[int, str]],
    style: Style,
) -> list[str]:
    """Aligned lines. colours[row] maps a column's place to a colour."""
    widths = _widths(columns, rows, style.width)
    lines = [style.paint(_line(columns, [c.heading for c in columns], widths, {}, style), "bold")]
    lines += [
        _line(columns, row, widths, painted, style)
        for row, painted in zip(rows, colours, strict=True)
    ]
    return lines


def _widths(
    columns: Sequence[TableColumn], rows: Sequence[Sequence[str]], limit: int | None
) -> list[int]:
    """Natural widths; elastic columns give way, the widest first, but keep their heading."""
    cells = [[column.heading for column in columns], *rows]
    widths = [max(width_of(row[place]) for row in cells) for place in range(len(columns))]
    floors = [width_of(column.heading) for column in columns]
    elastic = [place for place, column in enumerate(columns) if column.elastic]
    while limit is not None and sum(widths) + len(columns) - 1 > limit:
        shrinkable = [place for place in elastic if widths[place] > floors[place]]
        if not shrinkable:
            break
        widths[max(shrinkable, key=lambda place: widths[place])] -= 1
    return widths


def _line(
    columns: Sequence[TableColumn],
    row: Sequence[str],
    widths: Sequence[int],
    colours: Mapping[int, str],
    style: Style,
) -> str:
    cells = []
    for place, (column, text, width) in enumerate(zip(columns, row, widths, strict=True)):
        shown = clipped(text, width)
        padding = " " * (width - width_of(shown))
        painted = style.paint(shown, colours.get(place))
        cells.append(padding + painted if column.right else painted + padding)
    return " ".join(cells).rstrip()


def fixed(value: float | None, decimals: int) -> str:
    return MISSING if value is None else f"{value:.{decimals}f}"


def kilowatt_hours(energy_wh: int | None) -> str:
    return MISSING if energy_wh is None else f"{energy_wh / 1000:.3f}"


def countdown(seconds: float) -> str:
    """The two largest units: `12s`, `2m05s`, `1h02m`, `3d04h`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d{hour:02}h"
    if hours:
        return f"{hours}h{minute:02}m"
    return f"{minutes}m{second:02}s" if minutes else f"{second}s"


def local_time(instant: str | None) -> str:
    """An instant of the API in this machine's time zone, to the second."""
    if instant is None:
        return MISSING
    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")

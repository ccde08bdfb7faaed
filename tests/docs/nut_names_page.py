# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/nut-names.md, from the rows that the unit is told by.

`python -m tests.docs.nut_names_page` rewrites them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pdu_agent.nut.names.instant import RETURN, VERBS
from pdu_agent.nut.names.row import Row
from pdu_agent.nut.names.tables import TABLES, driver_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "nut-names.md"
_BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def variables() -> str:
    rows = ["| variable | unit | may be written | what it is |", "|---|---|---|---|"]
    rows += dict.fromkeys(
        f"| `{table.pattern}{row.name}` | {row.unit} | {_written(row)} | {row.doc} |"
        for table in (*TABLES, driver_table("openpdu"))
        for row in table.rows
    )
    return "\n".join(rows) + "\n"


def commands() -> str:
    rows = ["| command | value | what it does |", "|---|---|---|"]
    rows += [
        f"| `{verb.name}` | {'seconds' if verb.takes_seconds else ''} | {verb.doc} |"
        for verb in VERBS
    ]
    rows.append(
        f"| `{RETURN}` | seconds | as `load.cycle.delay`; on battery, on again once mains is back |"
    )
    return "\n".join(rows) + "\n"


def page_of(text: str) -> str:
    """The same page with its tables as they have to be."""
    made = {"variables": variables, "commands": commands}
    return _BLOCK.sub(lambda match: f"{match[1]}\n{made[match[2]]()}\n{match[3]}", text)


def _written(row: Row[Any]) -> str:
    write = row.write
    if write is None:
        return ""
    return ", ".join(_limits(row)) or "yes"


def _limits(row: Row[Any]) -> Iterator[str]:
    write = row.write
    assert write is not None
    for least, most in write.ranges:
        yield f"{least} to {most}"
    if write.words:
        yield ", ".join(write.words)
    if write.max_octets:
        yield f"up to {write.max_octets} octets"
    if write.may_be_empty:
        yield "or empty"


if __name__ == "__main__":
    PAGE.write_text(page_of(PAGE.read_text("utf-8")), encoding="utf-8")

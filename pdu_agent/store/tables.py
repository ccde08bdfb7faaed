# SPDX-License-Identifier: Apache-2.0
"""Rows of equal columns turned on their side, as small JSON that packs well.

A record is mostly rows with the same few columns. Written column by column their names stand there
once, and numbers of a kind stand together: packed, 64 metered outlets take half the room.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_TABLES, _REST = "tables", "rest"


def to_text(plain: Mapping[str, Any]) -> str:
    """ASCII JSON, the same for equal data; `from_text` takes it back without loss.

    Raises TypeError or ValueError for a value that JSON has no form for, such as a NaN.
    """
    tables = {name: _turned(rows) for name, rows in plain.items() if _is_table(rows)}
    rest = {name: value for name, value in plain.items() if name not in tables}
    whole = {_TABLES: tables, _REST: rest}
    return json.dumps(whole, separators=(",", ":"), sort_keys=True, allow_nan=False)


def from_text(text: bytes) -> dict[str, Any]:
    """Raises ValueError for what `to_text` has not written."""
    try:
        whole = json.loads(text)
        tables = {name: _turned_back(table) for name, table in whole[_TABLES].items()}
        return {**whole[_REST], **tables}
    except (LookupError, TypeError, AttributeError) as exc:
        raise ValueError(f"no tables: {exc!r}") from exc


def _is_table(rows: Any) -> bool:
    return isinstance(rows, dict) and all(isinstance(row, dict) for row in rows.values())


def _turned(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Of each column its values, and the places of the rows that have one unless all do."""
    keys = sorted(rows)
    columns: dict[str, list[list[Any]]] = {}
    for place, key in enumerate(keys):
        for name, value in rows[key].items():
            values, places = columns.setdefault(name, [[], []])
            values.append(value)
            places.append(place)
    return {
        "keys": keys,
        "columns": {
            name: [values] if len(places) == len(keys) else [values, places]
            for name, (values, places) in columns.items()
        },
    }


def _turned_back(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    keys = table["keys"]
    rows: dict[str, dict[str, Any]] = {key: {} for key in keys}
    for name, (values, *places) in table["columns"].items():
        for place, value in zip(places[0] if places else range(len(keys)), values, strict=True):
            rows[keys[place]][name] = value
    return rows

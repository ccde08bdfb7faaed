# SPDX-License-Identifier: Apache-2.0
"""CSV, JSON lines and npz with units and labels. A gap is an empty cell, null or NaN, never 0."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol

from pdu_agent.core.costs.money import MJ_PER_KWH
from pdu_agent.model.commands import Target
from pdu_agent.model.history import Curve, EnergyRow, Kept
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.plain import Plain, number

ENERGY = "energy"
SLICE = 500
"""Steps that are read and written at a time."""
_VALUES = ("minimum", "average", "maximum", "last")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Rows = Curve | Sequence[EnergyRow]


@dataclass(frozen=True, slots=True)
class Label:
    """Of one series: what it is of, and its unit."""

    target: Target
    name: str
    device: str
    quantity: Kept | str

    @property
    def unit(self) -> str:
        return self.quantity.unit if isinstance(self.quantity, Kept) else "kWh"

    @property
    def quantity_name(self) -> str:
        return self.quantity.value if isinstance(self.quantity, Kept) else self.quantity

    @property
    def key(self) -> str:
        """As an array is called, such as outlet_3_active_power_w."""
        kind = self.target.kind.value
        return f"{kind}_{self.target.index}_{self.quantity_name}"


@dataclass(frozen=True, slots=True)
class Table:
    """What the file is about. times: of all steps of each label."""

    times: range
    labels: Sequence[Label]
    zone_name: str
    zone: tzinfo | None

    def time(self, wall_s: int) -> str:
        return datetime.fromtimestamp(wall_s, self.zone).astimezone(self.zone).isoformat()


class Writer(Protocol):
    """Makes the bytes of a file, piece by piece. rows: of one label from the step `begin` on."""

    content_type: str

    def __init__(self, table: Table) -> None: ...
    def begin(self) -> bytes: ...
    def rows(self, label: Label, begin: int, rows: Rows) -> bytes: ...
    def end(self) -> bytes: ...


def labels_of(snapshot: Snapshot, wanted: Sequence[tuple[Target, Kept | str]]) -> tuple[Label, ...]:
    """With the names that things have now."""
    rows: Mapping[str, Sequence[Any]] = {
        "inlet": snapshot.inlets,
        "residual": snapshot.inlets,
        "line": snapshot.lines,
        "branch": snapshot.branches,
        "outlet": snapshot.outlets,
        "sensor": snapshot.sensors,
    }
    found = {
        (kind, row.index): (row.name, getattr(row, "device", ""))
        for kind, some in rows.items()
        for row in some
    }
    return tuple(
        Label(target, *found.get((target.kind.value, target.index), ("", "")), quantity)
        for target, quantity in wanted
    )


def _records(table: Table, label: Label, begin: int, rows: Rows) -> Iterator[Plain]:
    """A record for each step, or for each tariff of an hour; one without values for a gap."""
    front = {
        "target": str(label.target),
        "number": label.target.index,
        "name": label.name,
        "device": label.device,
        "quantity": label.quantity_name,
        "unit": label.unit,
        "step_s": table.times.step,
        "time_zone": table.zone_name,
    }
    if isinstance(rows, Curve):
        for place in range(len(rows.average)):
            at_s = rows.start_wall_s + place * rows.step_s
            values = {name: number(getattr(rows, name)[place]) for name in _VALUES}
            coverage = number(rows.coverage[place])
            yield {"time": table.time(at_s), **front, **values, "coverage": coverage}
        return
    hours: dict[int, list[EnergyRow]] = {}
    for row in rows:
        hours.setdefault(row.start_wall_s, []).append(row)
    for at_s in table.times[begin : begin + SLICE]:
        for part in hours.get(at_s, (None,)):
            yield {"time": table.time(at_s), **front, **_energy(part)}


def _energy(row: EnergyRow | None) -> Plain:
    if row is None:
        return {"tariff": "", "value": None, "energy_mj": None, "complete": False}
    return {
        "tariff": row.tariff,
        "value": row.energy_mj / MJ_PER_KWH,
        "energy_mj": row.energy_mj,
        "complete": row.complete,
    }


def harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


class CsvWriter:
    content_type = "text/csv; charset=utf-8"

    def __init__(self, table: Table) -> None:
        self._table = table
        self._has_head = False

    def begin(self) -> bytes:
        return b""

    def rows(self, label: Label, begin: int, rows: Rows) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        for record in _records(self._table, label, begin, rows):
            if not self._has_head:
                writer.writerow(record)
                self._has_head = True
            writer.writerow(map(harmless, record.values()))
        return text.getvalue().encode()

    def end(self) -> bytes:
        return b""


class LinesWriter:
    content_type = "application/x-ndjson"

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self) -> bytes:
        return b""

    def rows(self, label: Label, begin: int, rows: Rows) -> bytes:
        records = _records(self._table, label, begin, rows)
        return "".join(f"{json.dumps(each, allow_nan=False)}\n" for each in records).encode()

    def end(self) -> bytes:
        return b""


class _Sink(io.RawIOBase):
    """Gives what was written, once; cannot go back, as a connection cannot."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class NpzWriter:
    """`time`: seconds since 1970. For each label one array: of curves (steps, 4), the columns are
    minimum, average, maximum, last; of energy (steps,), kWh of all tariffs. labels.json tells the
    rest.
    """

    content_type = "application/octet-stream"

    def __init__(self, table: Table) -> None:
        self._table = table
        self._sink = _Sink()
        import zipfile  # here: as large as all of this, and few ask for such a file

        self._zip = zipfile.ZipFile(self._sink, "w")
        self._open: Any = None
        self._label: Label | None = None

    def begin(self) -> bytes:
        times = self._table.times
        labels = [
            {
                "key": label.key,
                "target": str(label.target),
                "number": label.target.index,
                "name": label.name,
                "device": label.device,
                "quantity": label.quantity_name,
                "unit": label.unit,
                "columns": list(_VALUES) if isinstance(label.quantity, Kept) else ["sum"],
                "step_s": times.step,
                "time_zone": self._table.zone_name,
            }
            for label in self._table.labels
        ]
        self._zip.writestr("labels.json", json.dumps(labels))
        with self._zip.open("time.npy", "w", force_zip64=True) as file:
            file.write(_npy_header("<i8", (len(times),)))
            for place in range(0, len(times), 10_000):
                part = times[place : place + 10_000]
                file.write(struct.pack(f"<{len(part)}q", *part))
        return self._sink.taken()

    def rows(self, label: Label, begin: int, rows: Rows) -> bytes:
        if label is not self._label:
            self._close()
            self._label = label
            width = (4,) if isinstance(rows, Curve) else ()
            self._open = self._zip.open(f"{label.key}.npy", "w", force_zip64=True)
            self._open.write(_npy_header("<f8", (len(self._table.times), *width)))
        values = _curve_values(rows) if isinstance(rows, Curve) else self._sums(begin, rows)
        self._open.write(struct.pack(f"<{len(values)}d", *values))
        return self._sink.taken()

    def end(self) -> bytes:
        self._close()
        self._zip.close()
        return self._sink.taken()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _sums(self, begin: int, rows: Sequence[EnergyRow]) -> list[float]:
        sums: dict[int, int] = {}
        for row in rows:
            sums[row.start_wall_s] = sums.get(row.start_wall_s, 0) + row.energy_mj
        part = self._table.times[begin : begin + SLICE]
        return [sums[each] / MJ_PER_KWH if each in sums else math.nan for each in part]


def _curve_values(curve: Curve) -> list[float]:
    columns = [getattr(curve, name) for name in _VALUES]
    steps = zip(*columns, strict=True)
    return [math.nan if value is None else value for step in steps for value in step]


def _npy_header(kind: str, shape: tuple[int, ...]) -> bytes:
    """Of version 1.0 (numpy.lib.format): magic, length, a dict of Python padded to 64 bytes."""
    text = repr({"descr": kind, "fortran_order": False, "shape": shape})
    padding = -(10 + len(text) + 1) % 64
    data = f"{text}{' ' * padding}\n".encode("ascii")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(data)) + data


FORMATS: Mapping[str, Callable[[Table], Writer]] = {
    "csv": CsvWriter,
    "jsonl": LinesWriter,
    "npz": NpzWriter,
}

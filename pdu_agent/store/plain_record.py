# SPDX-License-Identifier: Apache-2.0
"""The durable record as JSON-ready data, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from pdu_agent.model.errors import StoreError
from pdu_agent.model.record import (
    AuditHead,
    CapRecord,
    CountdownRecord,
    CounterMark,
    GroupRecord,
    HoldRow,
    MeterRecord,
    OutageRecord,
    OutletRecord,
    Override,
    PlanRecord,
    Record,
    RuleRecord,
    SensorRecord,
    StopRecord,
    TakenRecord,
    TripRecord,
    WearRecord,
)

SCHEMA_VERSION = 1


def to_plain(record: Record) -> dict[str, Any]:
    """JSON-ready data; `from_plain` takes it back without loss."""
    return {
        "schema": SCHEMA_VERSION,
        "seq": record.seq,
        "boots": record.boots,
        "boot_id": record.boot_id,
        "engine_id": record.engine_id.hex(),
        "wall_s": record.wall_s,
        "outlets": {str(number): _plain(row) for number, row in record.outlets.items()},
        "meters": {key: _plain(row) for key, row in record.meters.items()},
        "overrides": {key: _plain(row) for key, row in record.overrides.items()},
        "groups": {
            str(number): {"name": row.name, "members": row.members}
            for number, row in record.groups.items()
        },
        "sensors": {str(number): _plain(row) for number, row in record.sensors.items()},
        "last_event": record.last_event,
        "audit": [record.audit.number, record.audit.hash] if record.audit else None,
        "marks": dict(record.marks),
        **{
            name: {str(key): _plain(row) for key, row in getattr(record, name).items()}
            for name in _CONTROL
        },
    }


def from_plain(plain: Mapping[str, Any]) -> Record:
    """Read what `to_plain` wrote; what a record of before did not have yet is empty.

    Raises StoreError for another schema version, or data that does not fit it.
    """
    if plain.get("schema") != SCHEMA_VERSION:
        raise StoreError(
            f"record has schema {plain.get('schema')!r}, this version reads {SCHEMA_VERSION}"
        )
    try:
        return Record(
            seq=int(plain["seq"]),
            boots=int(plain["boots"]),
            boot_id=str(plain["boot_id"]),
            engine_id=bytes.fromhex(plain["engine_id"]),
            wall_s=float(plain["wall_s"]),
            outlets={int(n): _outlet(row) for n, row in plain["outlets"].items()},
            meters={key: _meter(row) for key, row in plain["meters"].items()},
            overrides={key: Override(**row) for key, row in plain["overrides"].items()},
            groups={int(n): _group(row) for n, row in plain.get("groups", {}).items()},
            sensors={int(n): SensorRecord(**row) for n, row in plain.get("sensors", {}).items()},
            last_event=int(plain.get("last_event", 0)),
            audit=_audit(plain.get("audit")),
            marks={key: _mark(row) for key, row in plain.get("marks", {}).items()},
            **{name: _control(name, plain.get(name, {})) for name in _CONTROL},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise StoreError(f"record does not fit its schema: {exc!r}") from exc


def _plain(row: Any) -> dict[str, Any]:
    """A flat row as a dict, without the columns that are at their default: eight metered outlets
    then take one block of the card. Each second there are hundreds of rows: dataclasses.asdict,
    which copies whatever lies deeper, takes ten times as long.
    """
    return {
        name: value
        for name, default in _COLUMNS[type(row)]
        if (value := getattr(row, name)) != default
    }


_COLUMNS: Mapping[type, tuple[tuple[str, Any], ...]] = {
    kind: tuple((each.name, each.default) for each in fields(kind))
    for kind in (
        OutletRecord,
        MeterRecord,
        SensorRecord,
        Override,
        PlanRecord,
        RuleRecord,
        CapRecord,
        CountdownRecord,
        TripRecord,
        StopRecord,
        WearRecord,
        OutageRecord,
        TakenRecord,
    )
}
"""Name and default of each; what has no default has MISSING for one, which equals nothing."""


_CONTROL: Mapping[str, tuple[type, type]] = {
    "plans": (str, PlanRecord),
    "rules": (str, RuleRecord),
    "caps": (int, CapRecord),
    "countdowns": (int, CountdownRecord),
    "trips": (int, TripRecord),
    "stops": (int, StopRecord),
    "wear": (int, WearRecord),
    "outages": (str, OutageRecord),
    "taken": (int, TakenRecord),
}
"""Sections of what switches by itself: the type of their keys, and of their rows."""


def _control(name: str, rows: Mapping[str, Mapping[str, Any]]) -> dict[Any, Any]:
    key_type, row_type = _CONTROL[name]
    return {key_type(key): row_type(**_with_tuples(row)) for key, row in rows.items()}


def _with_tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists in place of tuples."""
    return {key: tuple(each) if isinstance(each, list) else each for key, each in row.items()}


def _outlet(row: Mapping[str, Any]) -> OutletRecord:
    actor = row.get("actor")
    together = tuple(int(number) for number in row.get("together", ()))
    holds = tuple(HoldRow(*each) for each in row.get("holds", ()))
    return OutletRecord(
        **{
            **row,
            "actor": tuple(actor) if actor else None,
            "together": together,
            "holds": holds,
        }
    )


def _meter(row: Mapping[str, Any]) -> MeterRecord:
    tariffs = tuple(
        (str(name), int(energy_mj), int(inductive), int(capacitive))
        for name, energy_mj, inductive, capacitive in row.get("tariffs", ())
    )
    return MeterRecord(**{**row, "tariffs": tariffs})


def _mark(row: Sequence[Any]) -> CounterMark:
    source, wall_s, mono_s, numbers = row
    return CounterMark(
        str(source),
        float(wall_s),
        None if mono_s is None else float(mono_s),
        tuple(int(number) for number in numbers),
    )


def _audit(row: Any) -> AuditHead | None:
    return AuditHead(int(row[0]), str(row[1])) if row else None


def _group(row: Mapping[str, Any]) -> GroupRecord:
    return GroupRecord(str(row["name"]), tuple(int(number) for number in row["members"]))

# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDULoad: the load of phases and banks, and its limits.

A phase is a line or an inlet, see phases.py; a bank is a branch; a unit without
branches has no rows of banks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from pdu_agent.mib_impl.powernet.phases import Phase, phases
from pdu_agent.mib_impl.powernet.rpdu_ident import COUNT, bank_rating_a, phase_rating_a
from pdu_agent.mib_impl.powernet.watched import (
    Watched,
    limits,
    metered_outlets,
    watched_banks,
    watched_outlets,
    watched_phases,
)
from pdu_agent.mib_impl.powernet.words import Load
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import Enumerated, Gauge32, Integer32, Oid
from pdu_agent.model.snapshot import Branch, Outlet, Snapshot

NUMBER = Integer32(1)

PHASE_INDEX = Enumerated((1, "phase1", 1), (2, "phase2", 2), (3, "phase3", 3))

LOAD_ALARM = Enumerated(
    (1, "noLoadAlarm", Load.NORMAL),
    (2, "underCurrentAlarm", Load.LOW),
    (3, "nearOverCurrentAlarm", Load.NEAR_OVERLOAD),
    (4, "overCurrentAlarm", Load.OVERLOAD),
)

# Rows of banks are named after phases too.
LOAD_STATE = Enumerated(
    (1, "phaseLoadNormal", Load.NORMAL),
    (2, "phaseLoadLow", Load.LOW),
    (3, "phaseLoadNearOverload", Load.NEAR_OVERLOAD),
    (4, "phaseLoadOverload", Load.OVERLOAD),
)


@dataclass(frozen=True, slots=True)
class LoadRow:
    """A phase or a bank; the number of the other kind is 0."""

    index: int
    phase: int
    bank: int
    watched: Watched[Phase] | Watched[Branch]


def _load_rows(snapshot: Snapshot) -> Iterator[tuple[Oid, LoadRow]]:
    """Phases, then banks, as rPDULoadStatusIndex demands."""
    number = count(1)
    for (phase,), inlet in watched_phases(snapshot):
        index = next(number)
        yield (index,), LoadRow(index, phase, 0, inlet)
    for (bank,), branch in watched_banks(snapshot):
        index = next(number)
        yield (index,), LoadRow(index, 0, bank, branch)


def _max_phase_load_a(snapshot: Snapshot) -> float | None:
    """0 for a unit with banks, as the text wants it."""
    return 0 if snapshot.branches else phase_rating_a(snapshot)


def _outlet_rating_a(row: Watched[Outlet]) -> float | None:
    return None if row.part.meter is None else row.part.meter.rated_current_a


LOAD_DEVICE: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 12, 2, 1),
    source=whole,
    objects=(
        ObjectType(1, "rPDULoadDevMaxPhaseLoad", COUNT, _max_phase_load_a, units="amperes"),
        ObjectType(2, "rPDULoadDevNumPhases", COUNT, lambda s: len(phases(s))),
        ObjectType(3, "rPDULoadDevMaxBankLoad", COUNT, bank_rating_a, units="amperes"),
        ObjectType(4, "rPDULoadDevNumBanks", COUNT, lambda s: len(s.branches)),
        ObjectType(5, "rPDULoadDevBankTableSize", COUNT, lambda s: len(s.branches)),
        ObjectType(7, "rPDULoadDevMaxOutletTableSize", COUNT, lambda s: len(metered_outlets(s))),
    ),
)

BANK_RATINGS: Table[Watched[Branch]] = Table(
    suffix=(1, 1, 12, 2, 1, 6),
    name="rPDULoadDevBankTable",
    index=("rPDULoadDevBankIndex",),
    rows=watched_banks,
    objects=(
        ObjectType(1, "rPDULoadDevBankIndex", NUMBER, lambda row: row.part.index),
        ObjectType(2, "rPDULoadDevBankNumber", NUMBER, lambda row: row.part.index),
        ObjectType(
            3,
            "rPDULoadDevBankMaxLoad",
            COUNT,
            lambda row: row.part.rated_current_a,
            units="amperes",
        ),
    ),
)

OUTLET_RATINGS: Table[Watched[Outlet]] = Table(
    suffix=(1, 1, 12, 2, 1, 8),
    name="rPDULoadDevMaxOutletTable",
    index=("rPDULoadDevOutletIndex",),
    rows=watched_outlets,
    outlet=lambda row: row.part.index,
    objects=(
        ObjectType(1, "rPDULoadDevOutletIndex", NUMBER, lambda row: row.part.index),
        ObjectType(2, "rPDULoadDevOutletNumber", NUMBER, lambda row: row.part.index),
        ObjectType(
            3,
            "rPDULoadDevMaxOutletLoad",
            COUNT,
            _outlet_rating_a,
            units="amperes",
        ),
    ),
)

PHASE_CONFIG: Table[Watched[Phase]] = Table(
    suffix=(1, 1, 12, 2, 2, 1),
    name="rPDULoadPhaseConfigTable",
    index=("rPDULoadPhaseConfigIndex",),
    rows=watched_phases,
    objects=(
        ObjectType(1, "rPDULoadPhaseConfigIndex", PHASE_INDEX, lambda row: row.part.index),
        *limits("rPDULoadPhaseConfig", first=2),
        ObjectType(5, "rPDULoadPhaseConfigAlarm", LOAD_ALARM, lambda row: row.load),
    ),
)

LOAD_STATUS: Table[LoadRow] = Table(
    suffix=(1, 1, 12, 2, 3, 1),
    name="rPDULoadStatusTable",
    index=("rPDULoadStatusIndex",),
    rows=_load_rows,
    objects=(
        ObjectType(1, "rPDULoadStatusIndex", NUMBER, lambda row: row.index),
        ObjectType(
            2,
            "rPDULoadStatusLoad",
            Gauge32(scale=10),
            lambda row: row.watched.current_a,
            units="tenths of an ampere",
        ),
        ObjectType(3, "rPDULoadStatusLoadState", LOAD_STATE, lambda row: row.watched.load),
        ObjectType(4, "rPDULoadStatusPhaseNumber", COUNT, lambda row: row.phase),
        ObjectType(5, "rPDULoadStatusBankNumber", COUNT, lambda row: row.bank),
    ),
)

BANK_CONFIG: Table[Watched[Branch]] = Table(
    suffix=(1, 1, 12, 2, 4, 1),
    name="rPDULoadBankConfigTable",
    index=("rPDULoadBankConfigIndex",),
    rows=watched_banks,
    objects=(
        ObjectType(1, "rPDULoadBankConfigIndex", NUMBER, lambda row: row.part.index),
        *limits("rPDULoadBankConfig", first=2),
        ObjectType(5, "rPDULoadBankConfigAlarm", LOAD_ALARM, lambda row: row.load),
    ),
)

RPDU_LOAD = (
    LOAD_DEVICE,
    BANK_RATINGS,
    OUTLET_RATINGS,
    PHASE_CONFIG,
    LOAD_STATUS,
    BANK_CONFIG,
)

# SPDX-License-Identifier: Apache-2.0
"""One outlet as the page tells of it: what it is called, its state, and what it draws now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pdu_agent.model.commands import Lock
from pdu_agent.model.control import TripState
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import Fault, Meter, MeterStatus, Outlet, OutletState
from pdu_agent.web.pages import words
from pdu_agent.web.verifying import is_moving, verification

KINDS: Mapping[OutletState, str] = {
    OutletState.ON: "on",
    OutletState.OFF: "off",
    OutletState.ON_PENDING: "pending",
    OutletState.OFF_PENDING: "pending",
    OutletState.REBOOTING: "pending",
    OutletState.FAULT: "fault",
    OutletState.UNKNOWN: "warning",
}
FAULT_WORDS: Mapping[Fault, str] = {
    Fault.WELDED: "relay welded",
    Fault.FUSE: "no voltage",
    Fault.RELAY: "relay disobeys",
    Fault.BOARD: "board lost",
}
LOCK_WORDS: Mapping[Lock, str] = {
    Lock.UNLOCKED: "",
    Lock.LOCKED_ON: "locked on",
    Lock.LOCKED_OFF: "locked off",
}
PROOF_WORDS: Mapping[bool | None, tuple[str, str]] = {
    True: ("verified", "ok"),
    None: ("not verified", "info"),
    False: ("contradicted", "fault"),
}
"""What is said of the last movement, and the kind of its badge; static/proof.js has it too."""

DRAWS_FROM_W = 1.0
"""From here on an outlet is in use, and is not switched off without a question."""

_NO_VALUES = Electrical()


def now_of(meter: Meter | None) -> Electrical:
    """Values of now; all missing where there are only old ones."""
    is_fresh = meter is not None and meter.status is MeterStatus.OK
    return meter.electrical if meter is not None and is_fresh else _NO_VALUES


@dataclass(frozen=True, slots=True)
class OutletView:
    """kind: of the badge of its state. proof: text and kind of badge, None where nothing moved
    since the agent started. tags: faults and lock, marks: a trip and a value beyond its meter's
    range; each with the kind of its badge.
    """

    row: Outlet
    title: str
    state: str
    kind: str
    now: Electrical
    energy_mj: int | None
    pending: str
    tags: tuple[tuple[str, str], ...]
    marks: tuple[tuple[str, str], ...]
    proof: tuple[str, str] | None
    reason: str

    @property
    def index(self) -> int:
        return self.row.index

    @property
    def is_on(self) -> bool:
        return self.row.is_on is not False

    @property
    def is_locked(self) -> bool:
        return self.row.lock is not Lock.UNLOCKED

    def question(self, what: str) -> str:
        """What is asked before `what` ("Switch off", "Cycle"); empty where nothing can be lost."""
        drawn_w = self.now.active_power_w
        if drawn_w is None:
            return f"{what} {self.title}? Nothing tells what it draws."
        if drawn_w < DRAWS_FROM_W:
            return ""
        return f"{what} {self.title}? It draws {words.fixed(drawn_w, 0)} W now."


def view(row: Outlet) -> OutletView:
    return OutletView(
        row,
        title_of(row),
        row.state.value if row.switched else "metered only",
        KINDS[row.state] if row.switched else "info",
        now_of(row.meter),
        row.meter.energy_mj if row.meter is not None else None,
        _pending(row),
        tuple(_tags(row)),
        tuple(_marks(row)),
        _proof(row),
        _reason(row),
    )


def title_of(row: Outlet) -> str:
    """Its own name, or that of what is plugged in, or its number."""
    named = row.name and row.name != f"Outlet {row.index}"
    return row.name if named else row.device or f"Outlet {row.index}"


def _pending(row: Outlet) -> str:
    return f"{row.pending.value} in {row.pending_s:.0f} s" if row.pending is not None else ""


def _tags(row: Outlet) -> list[tuple[str, str]]:
    tags = [(FAULT_WORDS[fault], "fault") for fault in FAULT_WORDS if fault in row.faults]
    if LOCK_WORDS[row.lock]:
        tags.append((LOCK_WORDS[row.lock], "info"))
    return tags


def _marks(row: Outlet) -> list[tuple[str, str]]:
    is_clipped = row.meter is not None and row.meter.is_clipped
    tripped = [("tripped", "fault")] if row.trip.state is not TripState.NONE else []
    return [*tripped, *([("clipped", "warning")] if is_clipped else [])]


def _proof(row: Outlet) -> tuple[str, str] | None:
    """As the API verifies what was asked for."""
    if row.last_proof is None or is_moving(row):
        return None
    return PROOF_WORDS[verification(row, "on" if row.last_proof.closed else "off").did]


def _reason(row: Outlet) -> str:
    """The strongest wish that stands, or who changed it last."""
    if row.holds:
        return f"{row.holds[0].source}: {row.holds[0].text}"
    if row.last_actor is not None:
        return str(row.last_actor)
    return row.last_reason.value if row.last_reason.value != "unknown" else ""

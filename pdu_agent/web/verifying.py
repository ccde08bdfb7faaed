# SPDX-License-Identifier: Apache-2.0
"""Whether an outlet did as it was told: its relay read back, and what its meter said to that.

A command is accepted at once and its relay moves afterwards. Whoever asks for it gets the answer
a little later, with the proof; never later than they said.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from pdu_agent.model.errors import InvalidValue
from pdu_agent.model.snapshot import Outlet, OutletState, Snapshot
from pdu_agent.model.switch_proof import Verdict

DEFAULT_WAIT_S = 2.0
MAX_WAIT_S = 30.0
LOOK_S = 0.02
"""Between two looks at the outlets, at first; twice as long each time, up to LONGEST_LOOK_S."""
LONGEST_LOOK_S = 0.16

NO_MOVEMENT = frozenset({"lock", "unlock"})
"""Verbs by which no relay moves."""
_WANTED = {"on": True, "off": False, "reboot": True, "cycle": True}
_SETTLED = {OutletState.ON: True, OutletState.OFF: False}


@dataclass(frozen=True, slots=True)
class Verification:
    """did: None where nobody can tell, or not yet. reason: always said, in words."""

    did: bool | None
    reason: str


def wait_of(query: Mapping[str, str]) -> float:
    """How long the caller waits for the proof. Raises InvalidValue."""
    text = query.get("wait_s")
    if text is None:
        return DEFAULT_WAIT_S
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = math.nan
    if not 0 <= wait_s <= MAX_WAIT_S:
        raise InvalidValue(f"wait_s: {text[:20]!r}; expected 0 to {MAX_WAIT_S:g} seconds")
    return wait_s


async def settled(look: Callable[[], Snapshot], outlets: Collection[int], wait_s: float) -> None:
    """Until nothing is pending of the outlets. Ends at once where that takes longer than wait_s."""
    until_s = time.monotonic() + wait_s
    pause_s = LOOK_S
    while (left_s := until_s - time.monotonic()) > 0:
        pending = [row for row in look().outlets if row.index in outlets and is_moving(row)]
        if not pending or max(row.pending_s for row in pending) >= left_s:
            return
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, LONGEST_LOOK_S)


def is_moving(row: Outlet) -> bool:
    return row.pending is not None


def verification(row: Outlet, verb: str) -> Verification:
    """verb: the last that was wanted of the outlet."""
    if verb in NO_MOVEMENT:
        return Verification(None, "no relay moves by it")
    if not row.switched:
        return Verification(None, "the outlet has no relay")
    if is_moving(row):
        return Verification(None, _pending(row))
    return _read_back(row, _WANTED.get(verb))


def _pending(row: Outlet) -> str:
    if row.stopping:
        return f"not yet: it waits, {row.stopping.rstrip('.')}"
    return f"not yet: its next step is in {row.pending_s:.1f} s"


def _read_back(row: Outlet, wanted: bool | None) -> Verification:
    state = _SETTLED.get(row.state)
    if state is None:
        return Verification(False, f"the outlet is in the state {row.state.value}")
    if wanted is not None and state is not wanted:
        return Verification(False, f"the outlet is {row.state.value}")
    proof = row.last_proof
    if row.faults or (proof and proof.closed is state and proof.verdict is Verdict.CONTRADICTED):
        told = ", ".join(sorted(fault.value for fault in row.faults)) or "what is measured"
        return Verification(False, f"{told} contradicts it")
    if row.relay_closed is None:
        if proof and proof.closed is state and proof.verdict is Verdict.VERIFIED:
            return Verification(True, "the meter shows it")
        return Verification(None, "the board cannot tell how the relay stands")
    position = "closed" if row.relay_closed else "open"
    return Verification(row.relay_closed is state, f"the relay reads back {position}")


def of_all(each: Collection[Verification]) -> bool | None:
    """For several outlets: False when one did not, None when one cannot be told of."""
    told = {one.did for one in each}
    if False in told:
        return False
    return None if None in told or not told else True

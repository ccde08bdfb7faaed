# SPDX-License-Identifier: Apache-2.0
"""What outlets draw and may come to draw, and which feeders carry that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.settings import CoreSettings, OutletSettings
from pdu_agent.core.state import CoreState, OutletLive
from pdu_agent.model.commands import Quantity, Target, TargetKind
from pdu_agent.model.record import MeterRecord

SETTLE_S = 0.5
"""A value that was measured so long after a relay moved has nothing of the time before in it: a
window of a fifth of a second, the relay's own delay, and a meter that is late by one window."""
RAMP_S = 60.0
"""For so long what was switched on may come to draw more: a machine that starts."""

GOING_OFF = frozenset({Step.OPEN_QUEUED, Step.OPENING, Step.REBOOT_QUEUED, Step.REBOOT_OPENING})
COMING_ON = frozenset(
    {
        Step.CLOSE_QUEUED,
        Step.CLOSING,
        Step.REBOOT_OFF,
        Step.REBOOT_CLOSE_QUEUED,
        Step.REBOOT_CLOSING,
    }
)


class Fed(Protocol):
    """An outlet, as far as it matters what feeds it."""

    @property
    def inlet(self) -> int: ...
    @property
    def branch(self) -> int | None: ...
    @property
    def line(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Feeds:
    """What of an outlet's draw each feeder carries.

    lines: inlet and phase of each line. branch_lines: the phases of each branch. voltages_v: the
    nominal one of each inlet.
    """

    lines: Mapping[int, tuple[int, str]]
    branch_lines: Mapping[int, str]
    voltages_v: Mapping[int, float]

    @classmethod
    def of(cls, settings: CoreSettings) -> Feeds:
        return cls(
            {line.number: (line.inlet, line.line) for line in settings.lines},
            {branch.number: branch.line for branch in settings.branches},
            {inlet.number: inlet.nominal_voltage_v for inlet in settings.inlets},
        )

    def share(self, target: Target, quantity: Quantity, outlet: Fed) -> float:
        """0 where the target does not feed the outlet. Of watts between two phases each line
        carries half; the amperes are the same in both.
        """
        match target.kind:
            case TargetKind.UNIT:
                return 1.0
            case TargetKind.INLET:
                return float(outlet.inlet == target.index)
            case TargetKind.BRANCH:
                return float(outlet.branch == target.index)
            case TargetKind.LINE:
                inlet, phase = self.lines[target.index]
                phases = self.phases(outlet)
                if inlet != outlet.inlet or phase not in phases:
                    return 0.0
                return 1 / len(phases) if quantity is Quantity.ACTIVE_POWER else 1.0
            case _:
                return 0.0

    def phases(self, outlet: Fed) -> tuple[str, ...]:
        """The phases that feed it, two between which it lies; none where nobody says."""
        word = outlet.line
        if word == "unknown" and outlet.branch is not None:
            word = self.branch_lines.get(outlet.branch, word)
        if word == "unknown":
            return ()
        return tuple(word[at : at + 2] for at in range(0, len(word), 2))


def likely(stated: float | None, last: float | None, recorded: float | None) -> float:
    """What an outlet is to be reckoned with when it is switched on, in the unit of all three.

    stated: by the configuration; it is the owner's word. last: what it drew when it last went off.
    recorded: its peak; it counts for twice the last draw at most, since what once stood there may
    have been something else. 0 where nothing is known.
    """
    if stated is not None:
        return stated
    if last is None:
        return recorded or 0.0
    return max(last, min(recorded or 0.0, 2 * last))


def recorded_peak(record: MeterRecord, quantity: Quantity) -> float | None:
    """The highest draw that lasted, which is the peak of demand, where there is one: a peak of
    single windows has the inrush in it. Amperes go along with the watts.
    """
    sustained_w, highest_w = record.peak_demand_w, record.peak_power_w
    if quantity is Quantity.ACTIVE_POWER:
        return sustained_w if sustained_w is not None else highest_w
    highest_a = record.peak_current_a
    if highest_a is None or sustained_w is None or not highest_w:
        return highest_a
    return highest_a * min(1.0, sustained_w / highest_w)


class Draws:
    """Of the outlets of one state, which may be a draft."""

    def __init__(
        self, state: CoreState, outlets: Mapping[int, OutletSettings], feeds: Feeds
    ) -> None:
        self._state = state
        self._outlets = outlets
        self._feeds = feeds

    def behind(self, target: Target, quantity: Quantity) -> dict[int, float]:
        """The outlets that the target feeds, each with its share there."""
        shares = {
            number: self._feeds.share(target, quantity, outlet)
            for number, outlet in self._outlets.items()
        }
        return {number: share for number, share in shares.items() if share}

    def sampled_s(self, target: Target) -> float | None:
        """When (monotonic) the oldest part of the target's value was measured."""
        parts = [target]
        if target.kind is TargetKind.UNIT:
            parts = [Target(TargetKind.INLET, inlet) for inlet in self._feeds.voltages_v]
        ledgers = [self._state.ledgers.get(part) for part in parts]
        times = [ledger.sample_mono_s if ledger is not None else None for ledger in ledgers]
        known = [time_s for time_s in times if time_s is not None]
        return min(known) if len(known) == len(times) else None

    def present(self, number: int, quantity: Quantity) -> float | None:
        """What the outlet's own meter shows; None without one, or while it is silent."""
        ledger = self._state.ledgers.get(Target(TargetKind.OUTLET, number))
        value = ledger.current_value(quantity) if ledger is not None else None
        return max(0.0, value) if value is not None else None

    def expected(self, number: int, quantity: Quantity, last: float | None = None) -> float:
        """See likely."""
        outlet = self._outlets[number]
        stated = outlet.expected_w
        if stated is not None and quantity is Quantity.CURRENT:
            stated /= self._feeds.voltages_v[outlet.inlet]
        ledger = self._state.ledgers.get(Target(TargetKind.OUTLET, number))
        recorded = recorded_peak(ledger.record, quantity) if ledger is not None else None
        return likely(stated, last, recorded)

    def before_opening(self, number: int, quantity: Quantity) -> float | None:
        """What it drew when its relay last opened, where a meter told and the agent saw it."""
        proof = self._state.outlets[number].proof
        if proof is None or proof.closed:
            return None
        is_current = quantity is Quantity.CURRENT
        return proof.current_before_a if is_current else proof.power_before_w

    def coming(
        self,
        target: Target,
        quantity: Quantity,
        now_s: float,
        without: Collection[int] = (),
    ) -> float:
        """What is on its way on, or was switched on too recently for the target's value to show
        all of it.
        """
        sampled_s = self.sampled_s(target)
        return sum(
            share * self._coming(number, self._state.outlets[number], quantity, now_s, sampled_s)
            for number, share in self.behind(target, quantity).items()
            if number not in without
        )

    def _coming(
        self,
        number: int,
        live: OutletLive,
        quantity: Quantity,
        now_s: float,
        sampled_s: float | None,
    ) -> float:
        if live.machine.step in COMING_ON:
            return self.expected(number, quantity, self.before_opening(number, quantity))
        is_new = live.proof is not None and live.proof.closed and now_s < live.contact_s + RAMP_S
        if live.machine.step is not Step.ON or not is_new:
            return 0.0
        present = self.present(number, quantity)
        if present is not None:  # what its meter shows, that of the target shows too
            return max(0.0, self.expected(number, quantity) - present)
        is_seen = sampled_s is not None and sampled_s >= live.contact_s + SETTLE_S
        return 0.0 if is_seen else self.expected(number, quantity)

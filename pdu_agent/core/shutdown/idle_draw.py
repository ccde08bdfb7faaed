# SPDX-License-Identifier: Apache-2.0
"""What a load draws that is to be idle before it is cut."""

from __future__ import annotations

from pdu_agent.core.engine import Desk
from pdu_agent.core.shutdown.settings import GracefulSettings
from pdu_agent.core.shutdown.stop_watch import StopWatch
from pdu_agent.model.commands import Quantity, Target, TargetKind


class IdleDraw:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def settings(self, number: int) -> GracefulSettings | None:
        return self._desk.live.outlets[number].graceful

    def note(self, number: int, watch: StopWatch, graceful: GracefulSettings) -> None:
        """Only samples taken since the hook ended count; without a value nothing is idle."""
        ledger = self._desk.state.ledgers.get(outlet_target(number))
        sample_s = ledger.sample_mono_s if ledger is not None else None
        value = self._value(number, graceful)
        if value is None or sample_s is None:
            watch.low_s = None
        if sample_s is None or sample_s == watch.seen_s or sample_s < watch.since_s:
            return
        watch.seen_s = sample_s
        level = graceful.idle_below_w or graceful.idle_below_a or 0.0
        if value is None or not value < level:
            watch.low_s = None
        elif watch.low_s is None:
            watch.low_s = sample_s

    def in_words(self, number: int, graceful: GracefulSettings) -> str:
        value = self._value(number, graceful)
        if value is None:
            return "without a reading"
        return f"{value:.0f} W" if graceful.idle_below_w is not None else f"{value:.2f} A"

    def _value(self, number: int, graceful: GracefulSettings) -> float | None:
        by_power = graceful.idle_below_w is not None
        quantity = Quantity.ACTIVE_POWER if by_power else Quantity.CURRENT
        value = self._desk.values.of(outlet_target(number), quantity)
        return abs(value) if value is not None else None


def outlet_target(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def is_idle(watch: StopWatch, graceful: GracefulSettings) -> bool:
    seen_s, low_s = watch.seen_s, watch.low_s
    return seen_s is not None and low_s is not None and seen_s - low_s >= graceful.idle_for_s


def level_of(graceful: GracefulSettings) -> str:
    if graceful.idle_below_w is not None:
        return f"{graceful.idle_below_w:g} W"
    return f"{graceful.idle_below_a:g} A"


def wanted(graceful: GracefulSettings) -> str:
    return f"under {level_of(graceful)} for {graceful.idle_for_s:g} s"

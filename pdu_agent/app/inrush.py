# SPDX-License-Identifier: Apache-2.0
"""Inrush: has the converter keep the waveform when a relay closes, and keeps the newest of each.

Relay threads say that a relay has closed, converter threads bring the waveform some 0.3 s later,
a thread of its own writes the file, and faces ask for what is in memory.
"""

from __future__ import annotations

import logging
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pdu_agent.core.settings import OutletSettings
from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.inrush import SwitchOn
from pdu_agent.model.readings import BankLost, BankState, Inrush, InrushSeen, RelayResult
from pdu_agent.web.plain import instant

log = logging.getLogger(__name__)

FOLDER = "inrush"
LEAD_S = 0.05
"""How long before its report a relay may have closed: a serial board takes that to read back."""
Report = BankState | RelayResult | BankLost


class Capturing(Protocol):
    """What measures currents and can keep a waveform (SampledAcquisition)."""

    def capture(self, target: Target, t_mono_s: float) -> bool: ...


class InrushKeeper:
    """The newest switch-on of each outlet, in memory and as folder/inrush/outlet-N.csv.

    Its methods are called from any thread.
    """

    def __init__(self, outlets: Iterable[OutletSettings], folder: Path, clock: Clock) -> None:
        self._outlet_of = {
            (each.relay.bank, each.relay.relay): each.number for each in outlets if each.relay
        }
        self._folder = folder / FOLDER
        self._clock = clock
        self._converters: list[Capturing] = []
        self._closed: set[tuple[str, int]] = set()
        self._newest: dict[int, SwitchOn] = {}
        self._writer = ThreadPoolExecutor(1, "inrush")
        self._complained = False
        self.tell: Callable[[InrushSeen], None] = lambda _: None
        """Called with each, from a converter's thread."""

    def add(self, converter: Capturing) -> None:
        """One more that may be asked."""
        self._converters.append(converter)

    def noting(self, deliver: Callable[[Report], None]) -> Callable[[Report], None]:
        """The same, but what it is told of is noted here first."""

        def note_and_deliver(report: Report) -> None:
            self.note(report)
            deliver(report)

        return note_and_deliver

    def note(self, report: Report) -> None:
        """What a relay board says; waveforms are asked for of relays that have just closed."""
        if isinstance(report, BankState):
            for relay, closed in enumerate(report.closed):
                if closed is not None or report.cold:
                    self._now(report.bank, relay, bool(closed) and not report.cold)
        elif isinstance(report, RelayResult) and not report.error:
            t_mono_s = self._clock.monotonic_s() - LEAD_S
            for relay, closed in report.wanted.items():
                if self._now(report.bank, relay, closed):
                    self._capture(self._outlet_of.get((report.bank, relay)), t_mono_s)

    def keep(self, inrush: Inrush) -> None:
        """A waveform has come."""
        if inrush.target.kind is not TargetKind.OUTLET:
            return
        first_wall_s = self._clock.wall_s() - (self._clock.monotonic_s() - inrush.t_mono_s)
        kept = SwitchOn(
            inrush.target.index,
            first_wall_s,
            inrush.rate_hz,
            array("f", inrush.voltage_v),
            array("f", inrush.current_a),
            inrush.clipped,
        )
        kept = replace(kept, t_wall_s=first_wall_s - kept.first_s)
        self._newest[kept.outlet] = kept
        self._writer.submit(self._write, kept)
        self.tell(InrushSeen(kept.outlet, kept.peak_a, kept.lasted_s, kept.then_a))

    def newest(self, outlet: int) -> SwitchOn | None:
        """None when this outlet has not been switched on since the start, or not measured."""
        return self._newest.get(outlet)

    def close(self) -> None:
        """What has come is written when this returns."""
        self._writer.shutdown()

    def _now(self, bank: str, relay: int, closed: bool) -> bool:
        """Note it; has the relay closed that was not known to be?"""
        place = (bank, relay)
        was_closed = place in self._closed
        (self._closed.add if closed else self._closed.discard)(place)
        return closed and not was_closed

    def _capture(self, outlet: int | None, t_mono_s: float) -> None:
        if outlet is None:
            return
        target = Target(TargetKind.OUTLET, outlet)
        for converter in self._converters:
            if converter.capture(target, t_mono_s):
                return

    def _write(self, kept: SwitchOn) -> None:
        path = self._folder / f"outlet-{kept.outlet}.csv"
        fresh = path.with_suffix(".new")
        text = "\n".join(
            csv_lines(
                kept.outlet,
                instant(kept.t_wall_s) or "",
                kept.rate_hz,
                kept.first_s,
                kept.voltage_v,
                kept.current_a,
                clipped=kept.clipped,
            )
        )
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            fresh.write_text(text + "\n", encoding="utf-8")
            os.replace(fresh, path)
        except OSError as exc:
            if not self._complained:
                log.warning("%s: inrush is kept in memory only: %s", path, exc.strerror)
            self._complained = True


def csv_lines(
    outlet: int,
    at: str,
    rate_hz: float,
    first_s: float,
    voltage_v: Sequence[float],
    current_a: Sequence[float],
    *,
    clipped: bool,
) -> Iterator[str]:
    """at: when the current rose, as people read it. first_s: time of the first sample."""
    limit = "; CLIPPED: the true peak is larger" if clipped else ""
    yield f"# outlet {outlet}, current rose at {at} (t = 0), {rate_hz:g} samples/s; s, V, A{limit}"
    yield "t_s,voltage_v,current_a"
    for place, (volts, amperes) in enumerate(zip(voltage_v, current_a, strict=True)):
        yield f"{first_s + place / rate_hz:.6f},{volts:.3f},{amperes:.4f}"

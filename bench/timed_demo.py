# SPDX-License-Identifier: Apache-2.0
"""`openpdu` that notes how late its metering threads, readings and loop are.

For snmp_slip.py; takes the arguments of the `openpdu` command. When it ends it writes what it
noted into the file that OPENPDU_SLIPS names, one JSON array a line: kind, monotonic seconds,
seconds late, and for blocks the samples that were lost before them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import repository  # noqa: F401

from pdu_agent.app import agent, hardware, runtime
from pdu_agent.app.cli import main
from pdu_agent.app.hardware import Hardware
from pdu_agent.app.runtime import Runtime
from pdu_agent.core.core import Core
from pdu_agent.hw.acquisition import SampledAcquisition
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.model.readings import Reading
from pdu_agent.model.snapshot import Snapshot

SHORTEST_MESSAGE_S = 0.02
"""Shorter sleeps belong to starting a converter."""
PROBE_S = 0.05

slips: list[tuple[str, float, float, int]] = []
"""Appended from several threads, which is safe for a list."""


def note(kind: str, since_s: float, lost_samples: int = 0) -> None:
    now_s = time.monotonic()
    slips.append((kind, now_s, now_s - since_s, lost_samples))


class TimedHardware(Hardware):
    def _sleep(self, seconds: float) -> None:
        """What a converter's message takes."""
        due_s = time.monotonic() + seconds
        super()._sleep(seconds)
        if seconds >= SHORTEST_MESSAGE_S:
            note("wake", due_s)


class TimedAcquisition(SampledAcquisition):
    def _read_block(self) -> SampleBlock:
        block = super()._read_block()
        note("block", time.monotonic(), block.lost_samples)
        return block


class TimedCore(Core):
    """Notes when the answer that brought a reading to light has left: the one whose request
    had the snapshot built, and the face's own view of it.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.unseen_s: list[float] = []

    @property
    def snapshot(self) -> Snapshot:
        snapshot = super().snapshot
        if self.unseen_s:
            unseen_s, self.unseen_s = self.unseen_s, []
            self.after_this(_note_shown, unseen_s)
        return snapshot

    def after_this(self, call: Any, unseen_s: list[float]) -> None:
        """Replaced by the runtime, which has the loop."""


def _note_shown(unseen_s: list[float]) -> None:
    for since_s in unseen_s:
        note("shown", since_s)


class TimedRuntime(Runtime):
    core: TimedCore

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.core.after_this = self._loop.call_soon  # type: ignore[assignment, method-assign]

    def deliver_reading(self, reading: Reading) -> None:
        self._post(self._on_timed_reading, reading, time.monotonic())

    def _on_timed_reading(self, reading: Reading, since_s: float) -> None:
        self._on_reading(reading)
        note("reading", since_s)
        self.core.unseen_s.append(since_s)

    def start(self) -> None:
        super().start()
        self._probe(self._loop.time())

    def _probe(self, due_s: float) -> None:
        """A timer like the core's, but more often; the loop's clock is the monotonic one."""
        note("timer", due_s)
        due_s = max(due_s, time.monotonic()) + PROBE_S
        self._loop.call_at(due_s, self._probe, due_s)


if __name__ == "__main__":
    runtime.Core = TimedCore  # type: ignore[attr-defined]
    agent.Runtime = TimedRuntime  # type: ignore[attr-defined]
    hardware.SampledAcquisition = TimedAcquisition  # type: ignore[attr-defined]
    agent.Hardware = TimedHardware  # type: ignore[attr-defined]
    status = main()
    lines = "".join(json.dumps(slip) + "\n" for slip in slips)
    Path(os.environ["OPENPDU_SLIPS"]).write_text(lines, encoding="ascii")
    sys.exit(status)

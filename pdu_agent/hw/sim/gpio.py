# SPDX-License-Identifier: Apache-2.0
"""A simulated GPIO chip of the kernel: lines with levels, holders, edges and a plug to pull.

The chip is what it is whether or not somebody holds its lines; a driver works through it as
through /dev/gpiochipN. Errors are the HardwareErrors that the real chip's driver raises.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pdu_agent.hw.gpio import Edge, LineSettings, LineState
from pdu_agent.hw.sim.register_file import map_registers
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout, ChipNotFound

IS_OUTPUT = 0x01
LATCH_HIGH = 0x02
LOOK_AGAIN_S = 0.01

OnOutputs = Callable[[int, int], None]


class SimGpioChip:
    """A `GpioChip` and what hangs on it. `close` leaves the hardware as it is.

    register_file: direction and latch of each line, so that they survive the process as
    those of a real chip do; see map_registers.
    keeps_outputs: False for a chip whose driver turns a released line into an input.
    on_outputs(driven_mask, levels): called once when made and whenever the outputs change;
    bit n stands for line n, levels holds driven lines only.
    writes: every setting of outputs, line to electrical level, in the order they came.
    is_broken: while it is set, every transfer fails. stall_s: how long the next one takes,
    passed with sleep(seconds).
    """

    def __init__(
        self,
        line_count: int,
        clock: Clock,
        on_outputs: OnOutputs | None = None,
        register_file: Path | None = None,
        keeps_outputs: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.line_count = line_count
        self.writes: list[dict[int, bool]] = []
        self.is_broken = False
        self.stall_s = 0.0
        self._sleep = sleep
        self.keeps_outputs = keeps_outputs
        self.clock = clock
        self.changed = threading.Condition(threading.RLock())
        reset_values = bytes(line_count)
        self._lines = (
            bytearray(reset_values)
            if register_file is None
            else map_registers(register_file, reset_values)
        )
        self._outside: dict[int, bool] = {}
        self._numb = False
        self._holders: dict[int, str] = {}
        self._plugged = True
        self._requests: list[SimGpioLines] = []
        self._on_outputs = on_outputs
        self._outputs = self._effective_outputs()
        if on_outputs is not None:
            on_outputs(*self._outputs)

    @property
    def outputs(self) -> tuple[int, int]:
        """As on_outputs is told them."""
        return self._outputs

    # -- the world outside ------------------------------------------------------------------

    def drive(self, line: int, high: bool | None) -> None:
        """Put a level on the line from outside; None lets go. An output is shorted by it."""
        with self.changed:
            if high is None:
                self._outside.pop(line, None)
            else:
                self._outside[line] = high
            self._settle()

    def occupy(self, line: int, consumer: str) -> None:
        """Another program takes the line; "" gives it back."""
        with self.changed:
            self._holders.pop(line, None)
            if consumer:
                self._holders[line] = consumer

    def unplug(self) -> None:
        """The chip and its supply go, as with a USB adapter: every use fails from now on."""
        with self.changed:
            self._plugged = False
            self._lines[:] = bytes(self.line_count)
            self._holders.clear()
            self._requests.clear()
            self._settle()

    def plug(self) -> None:
        with self.changed:
            self._plugged = True
            self._numb = False

    def power_loss(self) -> None:
        """An expander's supply fails and returns, and its kernel driver does not notice: it
        goes on to show outputs, from its cache, whose pins are inputs until it is plugged anew.
        """
        with self.changed:
            self._numb = True
            self._settle()

    # -- GpioChip ---------------------------------------------------------------------------

    def look(self, lines: Iterable[int]) -> dict[int, LineState]:
        with self.changed:
            self.check("look", lines := list(lines))
            return {
                line: LineState(bool(self._lines[line] & IS_OUTPUT), self._holders.get(line, ""))
                for line in lines
            }

    def request(self, lines: Mapping[int, LineSettings], consumer: str) -> SimGpioLines:
        with self.changed:
            self.check("request", lines)
            for line in lines:
                if line in self._holders:
                    detail = f"line {line} is in use by {self._holders[line]!r}"
                    raise ChipNotFound("simulated gpio", "request", detail)
            taken = SimGpioLines(self, lines)
            self._holders |= dict.fromkeys(lines, consumer)
            self._requests.append(taken)
            for line, wanted in lines.items():
                if not wanted.as_is:
                    self._lines[line] = IS_OUTPUT if wanted.output else 0
            self.set_outputs({n: w.initial for n, w in lines.items() if w.output}, lines)
            return taken

    def close(self) -> None:
        """The hardware stays; it can be used again after it."""

    # -- what requested lines do ------------------------------------------------------------

    def set_outputs(self, active: Mapping[int, bool], wanted: Mapping[int, LineSettings]) -> None:
        levels = {line: on != wanted[line].active_low for line, on in active.items()}
        for line, high in levels.items():
            self._lines[line] = IS_OUTPUT | (LATCH_HIGH if high else 0)
        if levels:
            self.writes.append(levels)
        self._settle()

    def level(self, line: int, pull_up: bool) -> bool:
        """Electrically; a floating line is low."""
        if line in self._outside:
            return self._outside[line]
        state = self._lines[line]
        is_driven = state & IS_OUTPUT and not self._numb
        return bool(state & LATCH_HIGH) if is_driven else pull_up

    def is_output(self, line: int) -> bool:
        return bool(self._lines[line] & IS_OUTPUT)

    def is_held_by(self, request: SimGpioLines) -> bool:
        return request in self._requests

    def release(self, request: SimGpioLines, lines: Iterable[int]) -> None:
        if request not in self._requests:
            return
        self._requests.remove(request)
        for line in lines:
            del self._holders[line]
            if not self.keeps_outputs:
                self._lines[line] = 0
        self._settle()

    def check(self, operation: str, lines: Iterable[int] = ()) -> None:
        if self.stall_s:
            stall_s, self.stall_s = self.stall_s, 0.0
            self._sleep(stall_s)
        if not self._plugged:
            raise ChipNotFound("simulated gpio", operation, "the chip is gone")
        if self.is_broken:
            raise BusTimeout("simulated gpio", operation, "Input/output error")
        for line in lines:
            if not 0 <= line < self.line_count:
                detail = f"line {line}: it has lines 0 to {self.line_count - 1}"
                raise ChipNotFound("simulated gpio", operation, detail)

    def _settle(self) -> None:
        """Levels may have changed: tell the contacts, and those who wait for edges."""
        outputs = self._effective_outputs()
        if outputs != self._outputs:
            self._outputs = outputs
            if self._on_outputs is not None:
                self._on_outputs(*outputs)
        for request in self._requests:
            request.notice()
        self.changed.notify_all()

    def _effective_outputs(self) -> tuple[int, int]:
        driven = [] if self._numb else [n for n in range(self.line_count) if self.is_output(n)]
        levels = sum(1 << line for line in driven if self.level(line, False))
        return sum(1 << line for line in driven), levels


class SimGpioLines:
    """Some lines that somebody holds."""

    def __init__(self, chip: SimGpioChip, lines: Mapping[int, LineSettings]) -> None:
        self._chip = chip
        self._wanted = dict(lines)
        self._edges: list[tuple[float, Edge]] = []  # when it may be told, and the edge
        self._seen = self._values()

    def read(self) -> dict[int, bool]:
        with self._chip.changed:
            self._check("read")
            return self._values()

    def write(self, values: Mapping[int, bool]) -> None:
        with self._chip.changed:
            self._check("write")
            for line in values:
                if line not in self._wanted or not self._chip.is_output(line):
                    raise BusTimeout("simulated gpio", "write", f"line {line} is no output of ours")
            self._chip.set_outputs(values, self._wanted)

    def drive(self, initial: Mapping[int, bool]) -> None:
        with self._chip.changed:
            self._check("drive")
            self._chip.set_outputs({line: initial[line] for line in self._wanted}, self._wanted)

    def wait_edges(self, timeout_s: float) -> list[Edge]:
        end_s = time.monotonic() + timeout_s
        with self._chip.changed:
            while True:
                self._check("wait")
                now_s = self._chip.clock.monotonic_s()
                told = [edge for due_s, edge in self._edges if due_s <= now_s]
                left_s = end_s - time.monotonic()
                if told or left_s <= 0:
                    self._edges = [entry for entry in self._edges if entry[0] > now_s]
                    return told
                self._chip.changed.wait(min(left_s, LOOK_AGAIN_S))

    def close(self) -> None:
        with self._chip.changed:
            self._chip.release(self, self._wanted)

    def notice(self) -> None:
        """A line may have a new level. Two edges within the debounce time are none."""
        before, self._seen = self._seen, self._values()
        now_s = self._chip.clock.monotonic_s()
        for line, wanted in self._wanted.items():
            active = self._seen[line]
            if not wanted.edges or active == before[line]:
                continue
            unsettled = [e for e in self._edges if e[1].line == line and e[0] > now_s]
            if unsettled:
                self._edges.remove(unsettled[-1])
            else:
                self._edges.append((now_s + wanted.debounce_s, Edge(line, active, now_s)))

    def _values(self) -> dict[int, bool]:
        return {
            line: self._chip.level(line, wanted.pull_up) != wanted.active_low
            for line, wanted in self._wanted.items()
        }

    def _check(self, operation: str) -> None:
        self._chip.check(operation)
        if not self._chip.is_held_by(self):
            raise ChipNotFound("simulated gpio", operation, "these lines were let go")

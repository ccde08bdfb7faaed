# SPDX-License-Identifier: Apache-2.0
"""A GPIO chip by the first API of libgpiod's Python package (Debian 12's python3-libgpiod 1.6).

One request there has one set of flags for all its lines, so lines wanted in different ways
are several requests. The kernel's first interface does not debounce; that is done here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pdu_agent.hw.gpio import Edge, LineSettings, LineState


class ChipV1:
    """A `gpiod.Chip` of the module `gpiod`. Raises OSError."""

    def __init__(self, gpiod: Any, path: str) -> None:
        self._gpiod = gpiod
        self._chip = gpiod.Chip(path, gpiod.Chip.OPEN_BY_PATH)
        self.line_count: int = self._chip.num_lines()

    def look(self, lines: Iterable[int]) -> dict[int, LineState]:
        output = self._gpiod.Line.DIRECTION_OUTPUT
        found = {line: self._chip.get_line(line) for line in lines}
        return {
            line: LineState(info.direction() == output, _consumer(info))
            for line, info in found.items()
        }

    def request(self, lines: Mapping[int, LineSettings], consumer: str) -> LinesV1:
        taken: list[tuple[list[int], Any]] = []
        try:
            for group in _alike(lines):
                bulk = self._chip.get_lines(group)
                self._take(bulk, [lines[line] for line in group], consumer)
                taken.append((group, bulk))
        except OSError:
            for _, bulk in taken:
                bulk.release()
            raise
        return LinesV1(self._gpiod, taken, lines)

    def close(self) -> None:
        self._chip.close()

    def _take(self, bulk: Any, wanted: list[LineSettings], consumer: str) -> None:
        gpiod, one = self._gpiod, wanted[0]
        flags = _polarity_flag(gpiod, one)
        if one.as_is:  # the kernel takes no drive with it
            bulk.request(consumer=consumer, type=gpiod.LINE_REQ_DIR_AS_IS, flags=flags)
        elif one.output:
            flags |= _drive_flag(gpiod, one)
            initial = [int(line.initial) for line in wanted]
            bulk.request(
                consumer=consumer, type=gpiod.LINE_REQ_DIR_OUT, flags=flags, default_vals=initial
            )
        else:
            kind = gpiod.LINE_REQ_EV_BOTH_EDGES if one.edges else gpiod.LINE_REQ_DIR_IN
            flags |= gpiod.LINE_REQ_FLAG_BIAS_PULL_UP if one.pull_up else 0
            bulk.request(consumer=consumer, type=kind, flags=flags)


class LinesV1:
    """taken: lines and their `gpiod.LineBulk`, one pair for each request."""

    def __init__(
        self,
        gpiod: Any,
        taken: list[tuple[list[int], Any]],
        lines: Mapping[int, LineSettings],
    ) -> None:
        self._gpiod = gpiod
        self._taken = taken
        self._wanted = dict(lines)
        self._watched = [bulk for group, bulk in taken if lines[group[0]].edges]
        self._debounce = _Debounce({line: wanted.debounce_s for line, wanted in lines.items()})
        self._levels = {line: wanted.initial for line, wanted in lines.items()}

    def read(self) -> dict[int, bool]:
        return {
            line: bool(value)
            for group, bulk in self._taken
            for line, value in zip(group, bulk.get_values(), strict=True)
        }

    def write(self, values: Mapping[int, bool]) -> None:
        self._levels |= values
        for group, bulk in self._taken:
            if not values.keys().isdisjoint(group):
                bulk.set_values([int(self._levels[line]) for line in group])

    def drive(self, initial: Mapping[int, bool]) -> None:
        gpiod = self._gpiod
        self._levels |= initial
        for group, bulk in self._taken:
            one = self._wanted[group[0]]
            flags = _drive_flag(gpiod, one) | _polarity_flag(gpiod, one)
            values = [int(initial[line]) for line in group]
            # Direction, drive and levels in one call: a line is never what it should not be, not
            # for a moment. That method wants the list of values as the only item of another one.
            bulk.set_config(gpiod.LINE_REQ_DIR_OUT, flags, (values,))

    def wait_edges(self, timeout_s: float) -> list[Edge]:
        now_s = time.monotonic()
        end_s = now_s + timeout_s
        while True:
            for edge in self._events(max(0.0, min(end_s, self._debounce.due_s) - now_s)):
                self._debounce.note(edge)
            now_s = time.monotonic()
            edges = self._debounce.settled(now_s)
            if edges or now_s >= end_s:
                return edges

    def close(self) -> None:
        for _, bulk in self._taken:
            bulk.release()

    def _events(self, timeout_s: float) -> list[Edge]:
        if not self._watched:
            time.sleep(timeout_s)
            return []
        edges: list[Edge] = []
        # One request cannot wait for another; in practice all inputs are wanted alike.
        share_s, share_ns = divmod(int(timeout_s * 1e9) // len(self._watched), 1_000_000_000)
        for bulk in self._watched:
            ready = bulk.event_wait(sec=share_s, nsec=share_ns) or ()
            edges += [self._edge(event) for line in ready for event in line.event_read_multiple()]
        return edges

    def _edge(self, event: Any) -> Edge:
        active = event.type == self._gpiod.LineEvent.RISING_EDGE
        return Edge(event.source.offset(), active, event.sec + event.nsec / 1e9)


class _Debounce:
    """Edges that lasted. debounce_s: of each line, in seconds.

    due_s: when, on the monotonic clock, the next one will have lasted.
    """

    def __init__(self, debounce_s: Mapping[int, float]) -> None:
        self._debounce_s = debounce_s
        self._waiting: dict[int, list[Edge]] = {}

    @property
    def due_s(self) -> float:
        return min((self._due_s(edges[-1]) for edges in self._waiting.values()), default=1e12)

    def note(self, edge: Edge) -> None:
        """A further edge of a line that has not settled starts its wait again."""
        self._waiting.setdefault(edge.line, []).append(edge)

    def settled(self, now_s: float) -> list[Edge]:
        edges: list[Edge] = []
        for line, noted in list(self._waiting.items()):
            if self._due_s(noted[-1]) > now_s:
                continue
            del self._waiting[line]
            if not self._debounce_s[line]:
                edges += noted
            elif noted[-1].active == noted[0].active:  # else it is back where it was
                edges.append(noted[-1])
        return sorted(edges, key=lambda edge: edge.t_mono_s)

    def _due_s(self, edge: Edge) -> float:
        debounce_s = self._debounce_s[edge.line]
        return edge.t_mono_s + debounce_s if debounce_s else 0.0


def _alike(lines: Mapping[int, LineSettings]) -> list[list[int]]:
    """The lines in groups that one request can take."""
    groups: dict[LineSettings, list[int]] = {}
    for line, wanted in lines.items():
        kind = replace(wanted, initial=False, debounce_s=0.0)
        groups.setdefault(kind, []).append(line)
    return list(groups.values())


def _polarity_flag(gpiod: Any, wanted: LineSettings) -> int:
    return int(gpiod.LINE_REQ_FLAG_ACTIVE_LOW) if wanted.active_low else 0


def _drive_flag(gpiod: Any, wanted: LineSettings) -> int:
    flags = {
        "push_pull": 0,
        "open_drain": gpiod.LINE_REQ_FLAG_OPEN_DRAIN,
        "open_source": gpiod.LINE_REQ_FLAG_OPEN_SOURCE,
    }
    return int(flags[wanted.drive])


def _consumer(info: Any) -> str:
    """The kernel itself may have a line without giving a name."""
    return (info.consumer() or "the kernel") if info.is_used() else ""

# SPDX-License-Identifier: Apache-2.0
"""A GPIO chip by the second API of libgpiod's Python package (PyPI gpiod 2, Debian 13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from pdu_agent.hw.gpio import Edge, LineSettings, LineState


class ChipV2:
    """A `gpiod.Chip` of the module `gpiod`. Raises OSError."""

    def __init__(self, gpiod: Any, path: str) -> None:
        self._gpiod = gpiod
        self._chip = gpiod.Chip(path)
        self.line_count: int = self._chip.get_info().num_lines

    def look(self, lines: Iterable[int]) -> dict[int, LineState]:
        output = self._gpiod.line.Direction.OUTPUT
        found = {line: self._chip.get_line_info(line) for line in lines}
        return {
            line: LineState(info.direction == output, _consumer(info))
            for line, info in found.items()
        }

    def request(self, lines: Mapping[int, LineSettings], consumer: str) -> LinesV2:
        config = {line: self._settings(wanted) for line, wanted in lines.items()}
        request = self._chip.request_lines(config=config, consumer=consumer)
        return LinesV2(self._gpiod, request, lines)

    def close(self) -> None:
        self._chip.close()

    def _settings(self, wanted: LineSettings) -> Any:
        line = self._gpiod.line
        if wanted.as_is:
            return self._gpiod.LineSettings(active_low=wanted.active_low)
        if wanted.output:
            return _output(self._gpiod, wanted, wanted.initial)
        return self._gpiod.LineSettings(
            direction=line.Direction.INPUT,
            bias=line.Bias.PULL_UP if wanted.pull_up else line.Bias.AS_IS,
            edge_detection=line.Edge.BOTH if wanted.edges else line.Edge.NONE,
            active_low=wanted.active_low,
            debounce_period=timedelta(seconds=wanted.debounce_s),
        )


class LinesV2:
    """A `gpiod.LineRequest`."""

    def __init__(self, gpiod: Any, request: Any, lines: Mapping[int, LineSettings]) -> None:
        self._gpiod = gpiod
        self._request = request
        self._wanted = dict(lines)

    def read(self) -> dict[int, bool]:
        lines = list(self._wanted)
        values = self._request.get_values(lines)
        return {line: bool(value) for line, value in zip(lines, values, strict=True)}

    def write(self, values: Mapping[int, bool]) -> None:
        value = self._gpiod.line.Value
        self._request.set_values(
            {line: value.ACTIVE if on else value.INACTIVE for line, on in values.items()}
        )

    def drive(self, initial: Mapping[int, bool]) -> None:
        self._request.reconfigure_lines(
            {
                line: _output(self._gpiod, wanted, initial[line])
                for line, wanted in self._wanted.items()
            }
        )

    def wait_edges(self, timeout_s: float) -> list[Edge]:
        if not self._request.wait_edge_events(timeout_s):
            return []
        rising = self._gpiod.EdgeEvent.Type.RISING_EDGE
        return [
            Edge(event.line_offset, event.event_type == rising, event.timestamp_ns / 1e9)
            for event in self._request.read_edge_events()
        ]

    def close(self) -> None:
        self._request.release()


def _output(gpiod: Any, wanted: LineSettings, initial: bool) -> Any:
    line = gpiod.line
    return gpiod.LineSettings(
        direction=line.Direction.OUTPUT,
        drive=line.Drive[wanted.drive.upper()],
        active_low=wanted.active_low,
        output_value=line.Value.ACTIVE if initial else line.Value.INACTIVE,
    )


def _consumer(info: Any) -> str:
    """The kernel itself may have a line without giving a name."""
    return (info.consumer or "the kernel") if info.used else ""

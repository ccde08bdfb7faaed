# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for libgpiod's two Python APIs over one made-up kernel chip.

The second API keeps its own types where the package is installed; the first is made after
python3-libgpiod 1.6.3: names, constants and what each call takes.
"""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace
from typing import Any


class Kernel:
    """A chip of eight lines. calls: what was asked of it, in order. events: edges to come.

    drives: how each line was driven, whenever it was. ioctl_error: what every transfer from now
    on fails with.
    """

    def __init__(self) -> None:
        self.outputs = dict.fromkeys(range(8), False)
        self.levels = dict.fromkeys(range(8), False)
        self.consumers: dict[int, str] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.drives: list[tuple[int, str]] = []
        self.events: list[tuple[int, bool, int]] = []
        self.ioctl_error = 0

    def take(self, lines: list[int], consumer: str) -> None:
        if self.consumers.keys() & set(lines):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.consumers |= dict.fromkeys(lines, consumer)

    def drive(self, line: int, high: bool, how: str = "push_pull") -> None:
        self.drives.append((line, how))
        self.outputs[line] = True
        self.levels[line] = high

    def transfer(self, *call: Any) -> None:
        if self.ioctl_error:
            raise OSError(self.ioctl_error, os.strerror(self.ioctl_error))
        self.calls.append(call)

    def release(self, lines: list[int]) -> None:
        self.calls.append(("release", *lines))
        for line in lines:
            del self.consumers[line]


# -- the second API -------------------------------------------------------------------------


def second_api(gpiod: Any, kernel: Kernel) -> Any:
    """The real package's types with a chip that is not there."""

    class Request:
        def __init__(self, config: dict[int, Any]) -> None:
            self.config = dict(config)
            for line, settings in config.items():
                self._configure(line, settings)

        def _configure(self, line: int, settings: Any) -> None:
            assert isinstance(settings, gpiod.LineSettings)
            if settings.direction is gpiod.line.Direction.OUTPUT:
                high = bool(settings.output_value) != settings.active_low
                kernel.drive(line, high, settings.drive.name.lower())
            elif settings.direction is gpiod.line.Direction.INPUT:
                kernel.outputs[line] = False
            self.config[line] = settings

        def get_values(self, lines: list[int]) -> list[Any]:
            kernel.transfer("get", *lines)
            value = gpiod.line.Value
            active = [kernel.levels[n] != self.config[n].active_low for n in lines]
            return [value.ACTIVE if on else value.INACTIVE for on in active]

        def set_values(self, values: dict[int, Any]) -> None:
            kernel.transfer("set", *values)
            for line, value in values.items():
                assert isinstance(value, gpiod.line.Value)
                settings = self.config[line]
                high = bool(value) != settings.active_low
                kernel.drive(line, high, settings.drive.name.lower())

        def reconfigure_lines(self, config: dict[int, Any]) -> None:
            kernel.transfer("reconfigure", *config)
            for line in self.config:
                self._configure(line, config[line])

        def wait_edge_events(self, timeout: float) -> bool:
            kernel.transfer("wait", timeout)
            return bool(kernel.events)

        def read_edge_events(self) -> list[Any]:
            edge = gpiod.EdgeEvent
            told = [
                edge(kind(gpiod, active), t_ns, line, 0, 0) for line, active, t_ns in kernel.events
            ]
            kernel.events.clear()
            return told

        def release(self) -> None:
            kernel.release(list(self.config))

    class Chip:
        def __init__(self, path: str) -> None:
            refuse_other_places(path)

        def get_info(self) -> Any:
            return gpiod.ChipInfo("gpiochip0", "fake", 8)

        def get_line_info(self, line: int) -> Any:
            direction = gpiod.line.Direction
            shown = direction.OUTPUT if kernel.outputs[line] else direction.INPUT
            holder = kernel.consumers.get(line)
            first = gpiod.line.Bias.UNKNOWN.value, gpiod.line.Drive.PUSH_PULL.value
            edge, clock = gpiod.line.Edge.NONE.value, gpiod.line.Clock.MONOTONIC.value
            return gpiod.LineInfo(
                line,
                "",
                holder is not None,
                holder,
                shown.value,
                False,
                *first,
                edge,
                clock,
                False,
                0,
            )

        def request_lines(self, config: dict[int, Any], consumer: str) -> Request:
            kernel.transfer("request", *config)
            kernel.take(list(config), consumer)
            return Request(config)

        def close(self) -> None:
            kernel.calls.append(("close",))

    def kind(gpiod: Any, active: bool) -> int:
        edge = gpiod.EdgeEvent.Type
        return int((edge.RISING_EDGE if active else edge.FALLING_EDGE).value)

    shared = {name: getattr(gpiod, name) for name in ("line", "LineSettings", "EdgeEvent")}
    return SimpleNamespace(Chip=Chip, request_lines=gpiod.request_lines, **shared)


# -- the first API --------------------------------------------------------------------------

_AS_IS, _INPUT, _OUTPUT, _BOTH_EDGES = 1, 2, 3, 6
_OPEN_DRAIN, _OPEN_SOURCE, _ACTIVE_LOW, _PULL_UP = 1, 2, 4, 32


def first_api(kernel: Kernel) -> Any:
    class Line:
        DIRECTION_INPUT, DIRECTION_OUTPUT = 1, 2

        def __init__(self, number: int) -> None:
            self._number = number

        def offset(self) -> int:
            return self._number

        def direction(self) -> int:
            return 2 if kernel.outputs[self._number] else 1

        def is_used(self) -> bool:
            return self._number in kernel.consumers

        def consumer(self) -> str | None:
            return kernel.consumers.get(self._number) or None

        def event_read_multiple(self) -> list[Any]:
            mine = [event for event in kernel.events if event[0] == self._number]
            kernel.events = [event for event in kernel.events if event[0] != self._number]
            return [
                SimpleNamespace(
                    type=1 if active else 2,
                    sec=t_ns // 1_000_000_000,
                    nsec=t_ns % 1_000_000_000,
                    source=self,
                )
                for _, active, t_ns in mine
            ]

    class LineBulk:
        def __init__(self, numbers: list[int]) -> None:
            self._numbers = numbers
            self.flags = 0

        def request(
            self, consumer: str, type: int, flags: int = 0, default_vals: list[int] | None = None
        ) -> None:
            if type != _OUTPUT and flags & (_OPEN_DRAIN | _OPEN_SOURCE):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            kernel.transfer("request", *self._numbers)
            kernel.take(self._numbers, consumer)
            self.flags = flags
            if type == _OUTPUT:
                self._set(default_vals or [0] * len(self._numbers))
            elif type != _AS_IS:
                for line in self._numbers:
                    kernel.outputs[line] = False

        def get_values(self) -> list[int]:
            kernel.transfer("get", *self._numbers)
            return [int(kernel.levels[n] != self._active_low) for n in self._numbers]

        def set_values(self, values: list[int]) -> None:
            kernel.transfer("set", *self._numbers)
            self._set(values)

        def set_config(self, direction: int, flags: int, values: Any) -> None:
            assert direction == _OUTPUT
            if len(values) != 1:  # parsed as "(O)" there
                raise TypeError("must be sequence of length 1")
            kernel.transfer("config", *self._numbers)
            self.flags = flags
            self._set(values[0])

        def event_wait(self, sec: int, nsec: int) -> list[Line] | None:
            kernel.transfer("wait", sec + nsec / 1e9)
            lines = {event[0] for event in kernel.events} & set(self._numbers)
            return [Line(number) for number in sorted(lines)] or None

        def release(self) -> None:
            kernel.release(self._numbers)

        @property
        def _active_low(self) -> bool:
            return bool(self.flags & _ACTIVE_LOW)

        def _set(self, values: list[int]) -> None:
            if len(values) != len(self._numbers):
                raise TypeError("Number of values must correspond to the number of lines")
            open_ways = {_OPEN_DRAIN: "open_drain", _OPEN_SOURCE: "open_source"}
            how = open_ways.get(self.flags & (_OPEN_DRAIN | _OPEN_SOURCE), "push_pull")
            for line, value in zip(self._numbers, values, strict=True):
                kernel.drive(line, bool(value) != self._active_low, how)

    class Chip:
        OPEN_BY_PATH = 3

        def __init__(self, path: str, how: int) -> None:
            assert how == self.OPEN_BY_PATH
            refuse_other_places(path)

        def num_lines(self) -> int:
            return 8

        def get_line(self, number: int) -> Line:
            return Line(number)

        def get_lines(self, numbers: list[int]) -> LineBulk:
            return LineBulk(list(numbers))

        def close(self) -> None:
            kernel.calls.append(("close",))

    return SimpleNamespace(
        Chip=Chip,
        Line=Line,
        LineEvent=SimpleNamespace(RISING_EDGE=1, FALLING_EDGE=2),
        LINE_REQ_DIR_AS_IS=_AS_IS,
        LINE_REQ_DIR_IN=_INPUT,
        LINE_REQ_DIR_OUT=_OUTPUT,
        LINE_REQ_EV_BOTH_EDGES=_BOTH_EDGES,
        LINE_REQ_FLAG_OPEN_DRAIN=_OPEN_DRAIN,
        LINE_REQ_FLAG_OPEN_SOURCE=_OPEN_SOURCE,
        LINE_REQ_FLAG_ACTIVE_LOW=_ACTIVE_LOW,
        LINE_REQ_FLAG_BIAS_PULL_UP=_PULL_UP,
    )


def refuse_other_places(path: str) -> None:
    """What opening says of the places that the tests ask for."""
    numbers = {"none": errno.ENOENT, "null": errno.ENODEV, "locked": errno.EACCES}
    number = numbers.get(path.rpartition("/")[2])
    if number is not None:
        raise OSError(number, os.strerror(number))

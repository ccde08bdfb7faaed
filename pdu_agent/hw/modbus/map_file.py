# SPDX-License-Identifier: Apache-2.0
"""Register maps from their files, with the place of everything that is wrong with one.

The layout of the file is explained at the head of etc/meters/orno-we-515.yaml.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import TypeVar

from pdu_agent.hw.modbus.line import LineSettings
from pdu_agent.hw.modbus.map_nodes import MapNodes, Node, Report, parse
from pdu_agent.hw.modbus.messages import LAST_REGISTER, MAX_WORDS
from pdu_agent.hw.modbus.register_map import (
    FLOAT,
    MAIN_CHANNEL,
    QUANTITIES,
    TYPES,
    Quantity,
    RegisterMap,
    Span,
    Value,
)
from pdu_agent.hw.serial_port import PARITIES
from pdu_agent.model.errors import ConfigError

T = TypeVar("T")

MAX_FILE_BYTES = 64 * 1024
_ORDERS = ("high-first", "low-first")
_KEYS = (
    "name",
    "function",
    "word_order",
    "byte_order",
    "line",
    "values",
    "channels",
    "blocks",
    "clock",
)
CLOCK_WORDS = 3
_VALUE_KEYS = ("register", "type", "scale", "unit", "range", "step", "wraps_at")
_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def shipped_maps() -> tuple[str, ...]:
    """Names of the maps that come with OpenPDU, sorted."""
    files = resources.files("pdu_agent.hw.modbus").joinpath("maps").iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".yaml")))


def read_map(name: str) -> RegisterMap:
    """name: a shipped map, or the absolute path of a file.

    Raises ConfigError with everything that is wrong, one line each, with file, line, column.
    """
    complaints: list[str] = []

    def report(source: str, line: int, column: int, text: str) -> None:
        complaints.append(f"{source}:{line}:{column}: {text}")

    found = load_map(name, report)
    if found is None:
        raise ConfigError("\n".join(complaints))
    return found


def load_map(name: str, report: Report) -> RegisterMap | None:
    """As `read_map`, but what is wrong with the file goes to `report`, and the result is None.

    Raises ConfigError where there is no such map, or its file cannot be read.
    """
    source, raw = _raw(name)
    found: list[tuple[int, int, str]] = []
    nodes = parse(raw, source, lambda _, *complaint: found.append(complaint))
    result = _MapReader(nodes).map() if nodes is not None else None
    for complaint in sorted(found):
        report(source, *complaint)
    return None if found else result


def _raw(name: str) -> tuple[str, bytes]:
    if name.startswith("/"):
        path = Path(name)
    elif name in shipped_maps():
        path = Path(str(resources.files("pdu_agent.hw.modbus").joinpath("maps", f"{name}.yaml")))
    else:
        near = difflib.get_close_matches(name, shipped_maps(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(shipped_maps())}"
        raise ConfigError(f"no register map is called {name!r}; {hint}, or give a path from /")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_FILE_BYTES // 1024} KiB")
    return str(path), raw


@dataclass(frozen=True, slots=True)
class _Placed:
    """A value with where in the file it is, and what it is called there."""

    path: str
    node: Node
    value: Value

    @property
    def span(self) -> Span:
        return Span(self.value.register, self.value.words)


class _MapReader:
    """Reads as much as it can, so that all complaints come at once."""

    def __init__(self, nodes: MapNodes) -> None:
        self._nodes = nodes
        self._placed: list[_Placed] = []

    def map(self) -> RegisterMap | None:
        nodes = self._nodes
        entries = nodes.entries(nodes.root, "the map", _KEYS)
        name = nodes.text(nodes.root, entries, "name")
        function = nodes.choice(nodes.root, entries, "function", ("3", "4"))
        low_word_first = nodes.choice(nodes.root, entries, "word_order", _ORDERS, _ORDERS[0])
        low_byte_first = nodes.choice(nodes.root, entries, "byte_order", _ORDERS, _ORDERS[0])
        line = self._line(entries.get("line"))
        shared = self._values(entries.get("values"), "values")
        channels = self._channels(entries.get("channels"))
        if not shared and not channels:
            nodes.complain(nodes.root, "neither `values` nor `channels` has a value")
        self._check_overlaps()
        blocks = self._blocks(entries.get("blocks"))
        clock = None
        if "clock" in entries:
            clock = nodes.integer(nodes.root, entries, "clock", 0, LAST_REGISTER + 1 - CLOCK_WORDS)
        if nodes.complaints or name is None or function is None:
            return None
        return RegisterMap(
            name,
            int(function),
            low_word_first == _ORDERS[1],
            low_byte_first == _ORDERS[1],
            line,
            {channel: {**shared, **own} for channel, own in channels.items()}
            or {MAIN_CHANNEL: shared},
            blocks,
            clock,
        )

    def _line(self, node: Node | None) -> LineSettings:
        """Factory settings, for where the configuration does not tell."""
        usual = LineSettings()
        if node is None:
            return usual
        entries = self._nodes.entries(node, "line", ("baud_rate", "parity", "stop_bits"))
        baud_rate = self._nodes.integer(node, entries, "baud_rate", 300, 921_600, usual.baud_rate)
        parity = self._nodes.choice(node, entries, "parity", tuple(PARITIES), usual.parity)
        stop_bits = self._nodes.integer(node, entries, "stop_bits", 1, 2, usual.stop_bits)
        return LineSettings(
            baud_rate or usual.baud_rate, parity or usual.parity, stop_bits or usual.stop_bits
        )

    def _channels(self, node: Node | None) -> dict[str, dict[str, Value]]:
        if node is None:
            return {}
        channels = {}
        for name, inner in self._nodes.entries(node, "channels").items():
            if not _CHANNEL_NAME.fullmatch(name):
                self._nodes.complain(inner, f"channel {name!r}; expected a word such as l1")
            channels[name] = self._values(inner, f"channels.{name}")
        return channels

    def _values(self, node: Node | None, path: str) -> dict[str, Value]:
        if node is None:
            return {}
        values = {}
        for name, inner in self._nodes.entries(node, path, tuple(QUANTITIES), "quantity").items():
            value = self._value(inner, f"{path}.{name}", QUANTITIES.get(name))
            if value is not None:
                values[name] = value
                self._placed.append(_Placed(f"{path}.{name}", inner, value))
        return values

    def _value(self, node: Node, path: str, quantity: Quantity | None) -> Value | None:
        if quantity is None:
            return None  # complained about as an unknown key
        nodes = self._nodes
        entries = nodes.entries(node, path, _VALUE_KEYS)
        register = nodes.integer(node, entries, "register", 0, LAST_REGISTER)
        type_name = nodes.choice(node, entries, "type", tuple(TYPES))
        unit = nodes.text(node, entries, "unit", "")
        factor = quantity.factor(unit or "")
        if factor is None:
            expected = f"{quantity.unit}, k{quantity.unit}, ..." if quantity.unit else "none"
            nodes.complain(entries.get("unit", node), f"{path}: unit {unit!r}; expected {expected}")
        scale = nodes.fraction(node, entries, "scale", Fraction(1))
        if register is None or type_name is None or factor is None or scale is None:
            return None
        if scale <= 0:
            nodes.complain(entries["scale"], f"{path}: scale {scale}; expected more than 0")
            return None
        limits = self._range(entries.get("range"), path, quantity, factor)
        value = Value(register, type_name, scale * factor, *limits)
        if register + value.words - 1 > LAST_REGISTER:
            nodes.complain(
                entries["register"],
                f"{path}: {value.words} registers from 0x{register:04x} on go beyond"
                f" 0x{LAST_REGISTER:04X}",
            )
            return None
        return self._counter(value, node, entries, path, factor) if quantity.is_energy else value

    def _range(
        self, node: Node | None, path: str, quantity: Quantity, factor: Fraction
    ) -> tuple[float, float]:
        """What is possible, in our unit; the file has it in the unit of the value."""
        base = quantity.base
        if node is None:
            return quantity.minimum * base, quantity.maximum * base
        pair = self._nodes.pair(node, f"{path}.range")
        if pair is None:
            return quantity.minimum * base, quantity.maximum * base
        return float(pair[0] * factor), float(pair[1] * factor)

    def _counter(
        self, value: Value, node: Node, entries: dict[str, Node], path: str, factor: Fraction
    ) -> Value | None:
        """The value with what a counter of energy needs besides."""
        nodes = self._nodes
        if value.type.startswith("s"):
            nodes.complain(
                entries["type"], f"{path}: {value.type}; a counter is {FLOAT} or unsigned"
            )
            return None
        if value.type == FLOAT:
            step = nodes.fraction(node, entries, "step")  # a float does not show it
            if step is None:
                return None
            exact, wraps_at = step * factor, 0
        else:
            exact = value.scale
            counts = nodes.integer(node, entries, "wraps_at", 1, 2**64, 65536**value.words)
            wraps_at = int((counts or 0) * exact)
        if exact.denominator != 1 or exact <= 0:
            nodes.complain(node, f"{path}: a step of {float(exact)} mJ; expected whole millijoules")
            return None
        return Value(
            value.register,
            value.type,
            value.scale,
            value.minimum,
            value.maximum,
            int(exact),
            wraps_at,
        )

    def _check_overlaps(self) -> None:
        for first, second in _neighbours(self._placed, lambda placed: placed.span):
            self._nodes.complain(
                second.node,
                f"{second.path} overlaps {first.path} (line {self._nodes.line(first.node)}) in"
                f" register 0x{second.value.register:04x}",
            )

    def _blocks(self, node: Node | None) -> tuple[Span, ...]:
        if node is None:
            return ()
        found: list[tuple[Node, Span]] = []
        for item in self._nodes.items(node, "blocks"):
            entries = self._nodes.entries(item, "a block", ("register", "words"))
            register = self._nodes.integer(item, entries, "register", 0, LAST_REGISTER)
            words = self._nodes.integer(item, entries, "words", 1, MAX_WORDS)
            if register is not None and words is not None:
                found.append((item, Span(register, words)))
        for item, span in found:
            self._check_block(item, span)
        for _, (item, span) in _neighbours(found, lambda placed: placed[1]):
            self._nodes.complain(item, f"the block at 0x{span.register:04x} overlaps another one")
        return tuple(span for _, span in found)

    def _check_block(self, node: Node, block: Span) -> None:
        if block.end - 1 > LAST_REGISTER:
            self._nodes.complain(node, f"the block goes beyond 0x{LAST_REGISTER:04X}")
        inside = [placed for placed in self._placed if placed.span.overlaps(block)]
        if not inside and not self._nodes.complaints:  # else it may be one of those
            self._nodes.complain(node, f"no value is in the block at 0x{block.register:04x}")
        for placed in inside:
            if not block.holds(placed.span):
                self._nodes.complain(node, f"the block cuts {placed.path} in two")


def _neighbours(things: list[T], span_of: Callable[[T], Span]) -> list[tuple[T, T]]:
    """Pairs that overlap, by register."""
    ordered = sorted(things, key=lambda thing: span_of(thing).register)
    return [
        (one, two)
        for place, one in enumerate(ordered)
        for two in ordered[place + 1 :]
        if span_of(one).overlaps(span_of(two))
    ]

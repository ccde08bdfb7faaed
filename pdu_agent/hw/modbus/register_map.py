# SPDX-License-Identifier: Apache-2.0
"""Which register of a meter says what, and how its words become numbers. No I/O."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pdu_agent.hw.modbus.line import LineSettings
from pdu_agent.model.quantities import MILLIJOULES_PER_WATT_HOUR

TYPES = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "f32": "f"}
"""Name of a number's type, and the letter that `struct` has for it."""
FLOAT = "f32"
PREFIXES = {"": Fraction(1), "m": Fraction(1, 1000), "k": Fraction(1000), "M": Fraction(1000_000)}
MAIN_CHANNEL = "main"
"""The channel of a map that names none."""

ACTIVE_ENERGY, REACTIVE_ENERGY = "active_energy", "reactive_energy"
IMPORT, EXPORT = "_import", "_export"
ALARM = "alarm"
_TARIFF = re.compile(r"(active|reactive)_energy_t[1-4]")
_MAX_POWER = 1e7


@dataclass(frozen=True, slots=True)
class Quantity:
    """unit: without a prefix. base: how many of ours are in one; ours are V, A, W, var, VA, Hz,
    and mJ or mvar s for energy. minimum, maximum: what is possible, in that unit.
    """

    unit: str
    minimum: float
    maximum: float
    base: int = 1

    @property
    def is_energy(self) -> bool:
        return self.base != 1

    def factor(self, unit: str) -> Fraction | None:
        """How many of ours are in one `unit`, such as kWh; None for a unit of something else."""
        if not unit.endswith(self.unit):
            return None
        prefix = PREFIXES.get(unit.removesuffix(self.unit)) if self.unit else None
        if not self.unit:
            prefix = Fraction(1) if not unit else None
        return None if prefix is None else prefix * self.base


def _energies(kind: str, unit: str) -> dict[str, Quantity]:
    names = [kind, kind + IMPORT, kind + EXPORT, *(f"{kind}_t{number}" for number in range(1, 5))]
    return dict.fromkeys(names, Quantity(unit, 0.0, 1e13, MILLIJOULES_PER_WATT_HOUR))


QUANTITIES = {
    "voltage": Quantity("V", 0.0, 500.0),
    "current": Quantity("A", -10_000.0, 10_000.0),
    "active_power": Quantity("W", -_MAX_POWER, _MAX_POWER),
    "reactive_power": Quantity("var", -_MAX_POWER, _MAX_POWER),
    "apparent_power": Quantity("VA", -_MAX_POWER, _MAX_POWER),
    "power_factor": Quantity("", -1.0, 1.0),
    "frequency": Quantity("Hz", 0.0, 100.0),
    ALARM: Quantity("", 0.0, float(0xFFFF_FFFF)),
    **_energies(ACTIVE_ENERGY, "Wh"),
    **_energies(REACTIVE_ENERGY, "varh"),
}


def is_tariff(quantity: str) -> bool:
    """active_energy_t1 to t4, and the same of reactive energy."""
    return _TARIFF.fullmatch(quantity) is not None


@dataclass(frozen=True, slots=True)
class Value:
    """One number in the registers from `register` on.

    type: of TYPES. scale: raw number times this is in our unit. minimum, maximum: what is
    possible, in our unit. step, wraps_at: of counters of energy, the finest that they count and
    where they return to 0, in our unit; wraps_at 0: never.
    """

    register: int
    type: str
    scale: Fraction
    minimum: float
    maximum: float
    step: int = 0
    wraps_at: int = 0

    @property
    def words(self) -> int:
        return struct.calcsize(">" + TYPES[self.type]) // 2


@dataclass(frozen=True, slots=True)
class Span:
    """Registers that are read at once."""

    register: int
    words: int

    @property
    def end(self) -> int:
        """The register behind the last one."""
        return self.register + self.words

    def overlaps(self, other: Span) -> bool:
        return self.register < other.end and other.register < self.end

    def holds(self, other: Span) -> bool:
        return self.register <= other.register and other.end <= self.end


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """function: 3 or 4. low_word_first, low_byte_first: of numbers longer than that.

    channels: name -> quantity -> where it is; values of the whole meter stand in each of them.
    blocks: what is read at once; a value in none of them is read by itself. clock: register of
    the meter's clock, None without one: year - 2000 and month, day and hour, minute and second,
    a byte each.
    """

    name: str
    function: int
    low_word_first: bool
    low_byte_first: bool
    line: LineSettings
    channels: Mapping[str, Mapping[str, Value]]
    blocks: tuple[Span, ...] = ()
    clock: int | None = None

    def spans(self) -> tuple[Span, ...]:
        """Everything that has to be read for one sample, each register once."""
        wanted: dict[Span, None] = {}
        for values in self.channels.values():
            for value in values.values():
                own = Span(value.register, value.words)
                block = next((block for block in self.blocks if block.holds(own)), own)
                wanted[block] = None
        return tuple(sorted(wanted, key=lambda span: span.register))

    def number(self, value: Value, words: Mapping[int, int]) -> int | float:
        """The raw number. words: register -> its content."""
        found = [words[value.register + place] for place in range(value.words)]
        return decode(found, value.type, self.low_word_first, self.low_byte_first)


def decode(
    words: Sequence[int], type_name: str, low_word_first: bool, low_byte_first: bool
) -> int | float:
    """The number in `words`, each 0 to 65535, in the order of their registers."""
    ordered = reversed(words) if low_word_first else words
    raw = b"".join(word.to_bytes(2, "little" if low_byte_first else "big") for word in ordered)
    number: int | float = struct.unpack(">" + TYPES[type_name], raw)[0]
    return number

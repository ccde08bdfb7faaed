# SPDX-License-Identifier: Apache-2.0
"""What the simulated port expanders have in common: pins, supply and the register file."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from pdu_agent.hw.sim.register_file import map_registers

OnOutputs = Callable[[int, int], None]


class SimExpander(ABC):
    """One expander chip with its pins. Safe to use from the bus's thread and a test's.

    register_file: where the registers live, so that they survive the process as the chip's
    survive the agent. A file of the right size means the chip stayed powered; anything else
    is a power-on reset.

    on_outputs(driven_mask, levels): called once when made and whenever the outputs change;
    bit n stands for pin n, levels holds driven pins only.
    """

    RESET_VALUES: bytes
    ALL_PINS: int

    def __init__(
        self, register_file: Path | None = None, on_outputs: OnOutputs | None = None
    ) -> None:
        self._lock = threading.RLock()
        self._registers = (
            bytearray(self.RESET_VALUES)
            if register_file is None
            else map_registers(register_file, self.RESET_VALUES)
        )
        self._driven_from_outside = 0
        self._outside_levels = 0
        self._on_outputs = on_outputs
        self._outputs = self._effective_outputs()
        if on_outputs is not None:
            on_outputs(*self._outputs)

    def power_loss(self) -> None:
        """The supply fails and returns: every pin is an input, so every relay drops."""
        with self._lock:
            self._registers[:] = self.RESET_VALUES
            self._tell_outputs()

    def drive_pins(self, mask: int, levels: int) -> None:
        """Force the pins in `mask` to `levels` from outside; an output among them is shorted.

        The pins that are not in `mask` are left floating (or to the chip's own drivers).
        """
        with self._lock:
            self._driven_from_outside = mask
            self._outside_levels = levels & mask
            self._tell_outputs()

    @abstractmethod
    def _bits(self, kind: str) -> int:
        """The register of this name, bit n for pin n."""

    def _pin_levels(self) -> int:
        inputs = self._bits("IODIR")
        own = (self._bits("OLAT") & ~inputs) | (self._bits("GPPU") & inputs)
        return own & ~self._driven_from_outside | self._outside_levels

    def _effective_outputs(self) -> tuple[int, int]:
        driven = self.ALL_PINS & ~self._bits("IODIR")
        return driven, self._pin_levels() & driven

    def _tell_outputs(self) -> None:
        outputs = self._effective_outputs()
        if outputs != self._outputs:
            self._outputs = outputs
            if self._on_outputs is not None:
                self._on_outputs(*outputs)

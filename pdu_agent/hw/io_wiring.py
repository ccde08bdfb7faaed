# SPDX-License-Identifier: Apache-2.0
"""Pins of a port expander as bits: which are inputs and outputs, and what their levels mean."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from pdu_agent.hw.i2c import SmBus, bus_error
from pdu_agent.model.errors import BusTimeout

RETRIES = 2
"""A board is not lost for one disturbed transfer. Not where the bus hangs: that takes seconds."""

T = TypeVar("T")


class PinWiring:
    """active_low: an active input is low. lit_low: a lit output is low. Bit n is pin n."""

    def __init__(
        self, inputs: Iterable[int], outputs: Iterable[int], *, active_low: bool, lit_low: bool
    ) -> None:
        self._inputs = tuple(inputs)
        self.inputs = sum(1 << pin for pin in self._inputs)
        self.outputs = sum(1 << pin for pin in outputs)
        self._active_low = active_low
        self._lit_low = lit_low

    @property
    def dark(self) -> int:
        """The outputs' levels while none is lit."""
        return self.outputs if self._lit_low else 0

    def changed(self, levels: int, lit: Mapping[int, bool]) -> int:
        """The levels with these outputs set. Raises ValueError for a pin that is none."""
        for pin, is_lit in lit.items():
            bit = 1 << pin
            if not self.outputs & bit:
                raise ValueError(f"pin {pin} is no output")
            levels = levels | bit if is_lit is not self._lit_low else levels & ~bit
        return levels

    def active(self, levels: int) -> dict[int, bool]:
        """The logical value of each input."""
        return {pin: bool(levels >> pin & 1) is not self._active_low for pin in self._inputs}


class I2cPort:
    """One chip's address on its bus; a failed transfer is tried again. Raises HardwareError."""

    def __init__(self, bus: SmBus, driver: str) -> None:
        self.bus = bus
        self.driver = driver

    def attempt(self, operation: str, transfer: Callable[[], T]) -> T:
        for _ in range(RETRIES):
            try:
                return transfer()
            except OSError as exc:
                error = bus_error(self.driver, operation, exc)
                if isinstance(exc, TimeoutError):
                    raise error from exc
        try:
            return transfer()
        except OSError as exc:
            raise bus_error(self.driver, operation, exc) from exc

    def twice(self, operation: str, transfer: Callable[[], T]) -> T:
        """What two transfers in a row agree on: I2C has no checksum."""
        before = self.attempt(operation, transfer)
        for _ in range(1 + RETRIES):
            value = self.attempt(operation, transfer)
            if value == before:
                return value
            before = value
        raise BusTimeout(self.driver, operation, "no two transfers agree")

    def close(self) -> None:
        # The handle is given up either way; an unplugged adapter may refuse even that.
        with contextlib.suppress(OSError):
            self.bus.close()

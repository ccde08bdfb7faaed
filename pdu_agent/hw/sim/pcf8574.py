# SPDX-License-Identifier: Apache-2.0
"""The PCF8574 port expander as its pins show it (NXP data sheet): quasi-bidirectional.

A pin whose latch is 0 is pulled low hard; one whose latch is 1 floats up, and whoever pulls
it low from outside wins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

RESET_LATCH = 0xFF


class SimPcf8574:
    """One chip with its pins; a raw chip for `SimI2cBus`. Safe to use from two threads.

    on_pins(levels): called with the eight levels after each byte that was written, in its
    turn, as what is wired to the pins sees them.
    """

    def __init__(self, on_pins: Callable[[int], None] | None = None) -> None:
        self._lock = threading.RLock()
        self._latch = RESET_LATCH
        self._grounded = 0
        self._on_pins = on_pins

    @property
    def pins(self) -> int:
        with self._lock:
            return self._latch & ~self._grounded

    def exchange(self, data: bytes, length: int) -> bytes:
        """Every byte sent is taken into the latch, every byte asked for is the pins."""
        with self._lock:
            for octet in data:
                self._latch = octet
                if self._on_pins is not None:
                    self._on_pins(self.pins)
            return bytes([self.pins]) * length

    def ground(self, mask: int) -> None:
        """Connect exactly these pins to ground, as closed buttons do."""
        with self._lock:
            self._grounded = mask

    def power_loss(self) -> None:
        """The supply fails and returns: every pin floats up."""
        with self._lock:
            self._latch = RESET_LATCH
            if self._on_pins is not None:
                self._on_pins(self.pins)

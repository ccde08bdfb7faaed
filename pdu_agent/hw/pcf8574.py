# SPDX-License-Identifier: Apache-2.0
"""Buttons, contacts and lamps on a PCF8574 or PCF8574A (NXP data sheet "PCF8574; PCF8574A").

The chip has no registers: a byte written is its latch, a byte read its pins. A pin whose
latch is 1 is held up by a weak current source only, which makes it an input and all but
useless to light a lamp: lamps hang between supply and pin, and a low pin lights them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.io_wiring import I2cPort, PinWiring
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import ConfigError, ReadbackMismatch
from pdu_agent.model.settings import setting

ALL_PINS = 0xFF


@dataclass(frozen=True, slots=True)
class Pcf8574Settings:
    """Raises ConfigError for an address that neither kind can have."""

    line_count: ClassVar = 8
    output_only: ClassVar = frozenset[int]()

    bus: str = setting(max_length=255, doc="such as /dev/i2c-1")
    address: int = setting(
        minimum=0x20, maximum=0x3F, doc="I2C address, 0x20 to 0x27, of a PCF8574A 0x38 to 0x3f"
    )
    active_low: bool = setting(True, doc="true where a closed input is low, as from pin to ground")
    lit_low: bool = setting(True, doc="true where a low output lights its lamp")

    def __post_init__(self) -> None:
        if 0x27 < self.address < 0x38:
            raise ConfigError(
                f"address: 0x{self.address:02x}; expected 0x20 to 0x27, or 0x38 to 0x3f of a"
                " PCF8574A"
            )


class Pcf8574Io:
    """DigitalIo on one chip; made without touching the bus."""

    tells_edges = False

    def __init__(
        self,
        bus: SmBus,
        settings: Pcf8574Settings,
        inputs: Iterable[int],
        outputs: Iterable[int],
    ) -> None:
        self._address = settings.address
        self._port = I2cPort(bus, f"pcf8574@0x{settings.address:02X}")
        self._pins = PinWiring(
            inputs, outputs, active_low=settings.active_low, lit_low=settings.lit_low
        )
        loaded = 0 if settings.lit_low else self._pins.outputs  # a lamp to ground pulls it low
        self._witnesses = ALL_PINS & ~self._pins.inputs & ~loaded
        self._latch = ALL_PINS

    @classmethod
    def connect(
        cls, site: Site, settings: Pcf8574Settings, inputs: Iterable[int], outputs: Iterable[int]
    ) -> Pcf8574Io:
        return cls(site.connections.i2c(settings.bus), settings, inputs, outputs)

    def open(self) -> None:
        self._latch = ALL_PINS & ~self._pins.outputs | self._pins.dark
        self._store()

    def read(self, _timeout_s: float, /) -> dict[int, bool]:
        """Raises ReadbackMismatch when a pin that is driven low is high: the chip has lost its
        power, or something else answers; and when all pins are low, also those that nobody uses.
        """
        levels = self._port.attempt("read", self._get)
        if self._is_impossible(levels):
            levels = self._port.twice("read", self._get)
        if self._is_impossible(levels):
            why = "is the bus's data line held low?" if levels == 0 else "power lost?"
            raise ReadbackMismatch(
                self._port.driver,
                "read",
                f"reads 0x{levels:02X} where 0x{self._latch:02X} was written ({why})",
            )
        return self._pins.active(levels)

    def write(self, lit: Mapping[int, bool]) -> None:
        self._latch = self._pins.changed(self._latch, lit)
        self._store()

    def close(self) -> None:
        self._port.close()

    def _is_impossible(self, levels: int) -> bool:
        """A data line that is held low looks like an acknowledge and zeros to some adapters: every
        button would be pressed. A pin that should be high tells it apart, if there is one.
        """
        return bool(levels & ~self._latch) or (levels == 0 and bool(self._latch & self._witnesses))

    def _get(self) -> int:
        return self._port.bus.read_byte(self._address)

    def _store(self) -> None:
        self._port.attempt("write", lambda: self._port.bus.write_byte(self._address, self._latch))

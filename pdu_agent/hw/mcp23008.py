# SPDX-License-Identifier: Apache-2.0
"""Relay board on an MCP23008 port expander, eight relays on its pins 0..7.

Register map and reset values as in the chip's data sheet, Microchip DS21919.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.mcp230xx import Expander, ExpanderBank, Register
from pdu_agent.hw.site import Site
from pdu_agent.model.settings import setting

MCP23008 = Expander(
    name="mcp23008",
    ports=1,
    iodir=Register("IODIR", 0x00),
    ipol=Register("IPOL", 0x01),
    gpinten=Register("GPINTEN", 0x02),
    iocon=Register("IOCON", 0x05),
    gppu=Register("GPPU", 0x06),
    gpio=Register("GPIO", 0x09),
    olat=Register("OLAT", 0x0A),
)


@dataclass(frozen=True, slots=True)
class Mcp23008Settings:
    """Where the expander is and how its relays are wired."""

    address: int = setting(
        0x20, minimum=0x20, maximum=0x27, doc="I2C address, 0x20 + A2 A1 A0; LCDs like 0x27 too"
    )
    relay_count: int = setting(8, minimum=1, maximum=8, doc="relays, on pins 0 upwards")
    active_low: bool = setting(
        False, doc="true where a low pin closes the relay (opto-coupled relay modules)"
    )


class Mcp23008Bank(ExpanderBank):
    """RelayBank on one MCP23008."""

    def __init__(self, bus: SmBus, settings: Mcp23008Settings) -> None:
        super().__init__(MCP23008, bus, settings)

    @classmethod
    def connect(cls, site: Site, settings: Mcp23008Settings) -> Mcp23008Bank:
        return cls(site.connections.i2c(site.place), settings)

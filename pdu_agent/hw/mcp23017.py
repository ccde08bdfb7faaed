# SPDX-License-Identifier: Apache-2.0
"""Relay board on an MCP23017 port expander: relays 0..7 on GPA0..7, 8..15 on GPB0..7.

Register maps and reset values as in the chip's data sheet, Microchip DS20001952. IOCON answers
at two addresses of either map, so that a block for both ports fits it too.
"""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.mcp230xx import Expander, ExpanderBank, Register
from pdu_agent.hw.site import Site
from pdu_agent.model.settings import setting

MCP23017 = Expander(
    name="mcp23017",
    ports=2,
    iodir=Register("IODIR", 0x00),
    ipol=Register("IPOL", 0x02),
    gpinten=Register("GPINTEN", 0x04),
    iocon=Register("IOCON", 0x0A),
    gppu=Register("GPPU", 0x0C),
    gpio=Register("GPIO", 0x12),
    olat=Register("OLAT", 0x14),
    banked_iocon=(0x05, 0x15),
)


@dataclass(frozen=True, slots=True)
class Mcp23017Settings:
    """Where the expander is and how its relays are wired."""

    address: int = setting(
        0x20, minimum=0x20, maximum=0x27, doc="I2C address, 0x20 + A2 A1 A0; LCDs like 0x27 too"
    )
    relay_count: int = setting(
        16, minimum=1, maximum=16, doc="relays, on GPA0 to GPA7, then GPB0 to GPB7"
    )
    active_low: bool = setting(
        False, doc="true where a low pin closes the relay (opto-coupled relay modules)"
    )


class Mcp23017Bank(ExpanderBank):
    """RelayBank on one MCP23017."""

    def __init__(self, bus: SmBus, settings: Mcp23017Settings) -> None:
        super().__init__(MCP23017, bus, settings)

    @classmethod
    def connect(cls, site: Site, settings: Mcp23017Settings) -> Mcp23017Bank:
        return cls(site.connections.i2c(site.place), settings)

# SPDX-License-Identifier: Apache-2.0
"""What can happen to a simulated bus or to what hangs on it, as verbs of a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pdu_agent.hw.sim.device import Verb
from pdu_agent.hw.sim.i2c import Faults, SimChip, SimI2cBus, SimRawChip
from pdu_agent.model.clock import Clock

Verbs = dict[Verb, Callable[[Any], None]]


def for_seconds(clock: Clock, seconds: float) -> Callable[[], bool]:
    """True for so long from now on."""
    end_s = clock.monotonic_s() + seconds
    return lambda: clock.monotonic_s() < end_s


def i2c_bus_verbs(bus: SimI2cBus) -> Verbs:
    """Counts are transactions, a stall is the seconds of the next one."""

    def nack(count: int) -> None:
        bus.faults.nacks = count

    def stuck(held: bool) -> None:
        bus.faults.stuck = held

    def corrupt(count: int) -> None:
        bus.faults.corrupt_reads = bus.faults.corrupt_writes = count

    def stall(seconds: float) -> None:
        bus.faults.stalls, bus.faults.stall_s = 1, seconds

    def heal(_: bool) -> None:
        bus.faults = Faults()

    return {"nack": nack, "stuck": stuck, "corrupt": corrupt, "stall": stall, "heal": heal}


def i2c_chip_verbs(bus: SimI2cBus, address: int, chip: SimChip | SimRawChip) -> Verbs:
    """unplug takes the wires of the bus off; the chip keeps its supply, and its relays."""
    bus.plug(address, chip)

    def unplug(_: bool) -> None:
        bus.unplug(address)

    def replug(_: bool) -> None:
        bus.plug(address, chip)

    verbs: Verbs = {"unplug": unplug, "replug": replug}
    power_loss = getattr(chip, "power_loss", None)
    if power_loss is not None:
        verbs["power_loss"] = lambda _: power_loss()
    return verbs

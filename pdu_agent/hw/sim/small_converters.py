# SPDX-License-Identifier: Apache-2.0
"""Converters that are no SPI chips to their drivers, tied to the simulated unit: the kernel's
buffer, and the small ones on I2C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.ads1x15 import SimAds1x15
from pdu_agent.hw.sim.ads13x import Faults
from pdu_agent.hw.sim.converters import CLIPPING
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import for_seconds, i2c_chip_verbs
from pdu_agent.hw.sim.iio_ads131e08 import SimIioAds131e08
from pdu_agent.hw.sim.inputs import ConverterInputs, ConverterPlan, CurrentInput, VoltageInput
from pdu_agent.hw.sim.world import Conductor

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

_PINS = 4
_MIDDLE_V = 1.65
"""All pins of a small converter are held there, since it knows no negative volts."""


def ads131e08_iio(board: SimulatedBoard, entry: Entry) -> Device:
    """Its device tree says what the settings say."""
    options = entry.options
    inputs = ConverterInputs(board.world, entry.plan, board.rng)
    kernel = SimIioAds131e08(
        board.folder(entry.name),
        inputs,
        board.clock,
        gain=options.gain.value,
        reference_v=options.reference_v.value,
        noise_lsb=board.noise_lsb,
        seed=board.seed,
    )

    def silent(on: bool) -> None:
        kernel.stalled = lambda: on

    def replug(_: bool) -> None:
        """Its kernel module is loaded anew."""
        kernel.unplug()
        kernel.plug()

    def stall(seconds: float) -> None:
        kernel.stalled = for_seconds(board.clock, seconds)

    def dead_channel(channel: int) -> None:
        kernel.chip.faults.dead_channels |= 1 << channel - 1

    def clip_channel(channel: int) -> None:
        inputs.overdrive[channel - 1] = CLIPPING

    def lose_frames(count: int) -> None:
        kernel.missed_interrupts = count

    def heal(_: bool) -> None:
        kernel.stalled = lambda: False
        kernel.chip.faults = Faults()
        inputs.overdrive[:] = 1.0

    channels = range(1, entry.plan.used_channels + 1)
    return Device(
        entry.name,
        {
            "unplug": lambda _: kernel.unplug(),
            "replug": replug,
            "silent": silent,
            "stall": stall,
            "dead_channel": dead_channel,
            "clip_channel": clip_channel,
            "lose_frames": lose_frames,
            "heal": heal,
            "power_loss": lambda _: kernel.chip.reset(),
        },
        path=kernel.path,
        ranges=dict.fromkeys(("dead_channel", "clip_channel"), channels),
        start=kernel.run,
        close=kernel.close,
    )


def ads1115(board: SimulatedBoard, entry: Entry) -> Device:
    return _on_bus(board, entry, bits=16)


def ads1015(board: SimulatedBoard, entry: Entry) -> Device:
    return _on_bus(board, entry, bits=12)


def _on_bus(board: SimulatedBoard, entry: Entry, bits: int) -> Device:
    inputs = ConverterInputs(board.world, _plan(entry), board.rng)

    def pins(times_s: NDArray[np.float64]) -> NDArray[np.float32]:
        return inputs(times_s) + np.float32(_MIDDLE_V)

    chip = SimAds1x15(pins, board.clock, bits=bits, seed=board.seed)

    def dead(on: bool) -> None:
        chip.hung = on

    verbs = i2c_chip_verbs(board.bus(entry.place), entry.options.address, chip)
    verbs["dead"] = dead
    verbs["heal"] = lambda _: dead(False)
    return Device(entry.name, verbs)


def _plan(entry: Entry) -> ConverterPlan:
    """Each signal is on the first pin of its input; the others have their middle only."""
    options = entry.options
    volts = options.voltage
    currents = [current for current in options.currents if current.name in entry.channels]
    return ConverterPlan(
        _PINS,
        () if volts is None else (VoltageInput(_first(volts.pins), "l1", volts.divider),),
        tuple(
            CurrentInput(
                _first(current.pins),
                Conductor(entry.channels[current.name]),
                current.burden_ohm / current.ct_ratio,
            )
            for current in currents
        ),
    )


def _first(pins: str) -> int:
    return int(pins.partition("-")[0])

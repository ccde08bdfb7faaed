# SPDX-License-Identifier: Apache-2.0
"""Converters on SPI, tied to the currents and voltages of the simulated unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.hw.sim.ads13x import Faults, SimAds13x
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.ads131e08 import SimAds131e08
from pdu_agent.hw.sim.data_ready import SimDataReadyChip
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import Verbs
from pdu_agent.hw.sim.inputs import ConverterInputs
from pdu_agent.hw.sim.spi import SimSpiPort

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

_OSCILLATOR_PPM = 20.0  # a crystal; the chip's internal oscillator would be off by 0.5 %
CLIPPING = 1000.0  # so much too large that half an ampere reaches the limit
_OPEN_MISO = 0xFF  # what is read where nobody drives the line


def ads130e08(board: SimulatedBoard, entry: Entry) -> Device:
    return _attach(board, entry, SimAds130e08)


def ads131e08(board: SimulatedBoard, entry: Entry) -> Device:
    """Data-ready is on the line that the settings name, of a chip of its own."""
    return _attach(board, entry, SimAds131e08)


def _attach(board: SimulatedBoard, entry: Entry, make: type[SimAds130e08 | SimAds131e08]) -> Device:
    """One bus for each converter: data-ready of a chip is cleared by any clock on its bus,
    and a message of 60 ms would keep a second chip waiting through 500 frames.
    """
    inputs = ConverterInputs(board.world, entry.plan, board.rng)
    chip = make(
        inputs,
        ppm=float(board.rng.uniform(-_OSCILLATOR_PPM, _OSCILLATOR_PPM)),
        noise_lsb=board.noise_lsb,
        seed=board.seed + 1 + len(board.ports),
    )
    port = SimSpiPort(chip, board.clock, board.sleep, queue_s=board.queue_s)
    board.ports[entry.place] = port
    edges = getattr(entry.options, "data_ready_chip", "")
    if edges:
        line: int = entry.options.data_ready_line
        board.gpio_chips[edges] = SimDataReadyChip(chip, board.clock, board.sleep, line)
    channels = range(1, entry.plan.used_channels + 1)
    return Device(
        entry.name,
        _verbs(board, chip, port, inputs),
        ranges={"dead_channel": channels, "clip_channel": channels},
    )


def _verbs(
    board: SimulatedBoard, chip: SimAds13x, port: SimSpiPort, inputs: ConverterInputs
) -> Verbs:
    """Channels are counted from 1, as in the configuration."""

    def unplug(_: bool) -> None:
        chip.faults.miso_stuck = _OPEN_MISO

    def replug(_: bool) -> None:
        chip.faults.miso_stuck = None

    def corrupt(frames: int) -> None:
        chip.faults.bad_syncs = frames

    def dead_channel(channel: int) -> None:
        chip.faults.dead_channels |= 1 << channel - 1

    def clip_channel(channel: int) -> None:
        inputs.overdrive[channel - 1] = CLIPPING

    def lose_frames(count: int) -> None:
        chip.drop_frames(count, board.clock.monotonic_s())

    def stall(seconds: float) -> None:
        port.stall_s = seconds

    def heal(_: bool) -> None:
        chip.faults = Faults()
        inputs.overdrive[:] = 1.0

    return {
        "unplug": unplug,
        "replug": replug,
        "corrupt": corrupt,
        "dead_channel": dead_channel,
        "clip_channel": clip_channel,
        "lose_frames": lose_frames,
        "stall": stall,
        "heal": heal,
        "power_loss": lambda _: chip.reset(),
    }

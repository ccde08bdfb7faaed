# SPDX-License-Identifier: Apache-2.0
"""Meters that know watts by themselves, tied to the targets that they feed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pdu_agent.hw.sim.cse7766 import Cse7766Faults, SimCse7766
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.ecm1240 import Faults, SimulatedEcm1240
from pdu_agent.hw.sim.faulty import for_seconds
from pdu_agent.model.quantities import Electrical

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard


def link_of(board: SimulatedBoard, entry: Entry) -> Path:
    """What stands for the serial device; it is there once the meter is plugged in."""
    link = board.runtime_dir / f"sim-{entry.name}"
    link.unlink(missing_ok=True)
    return link


def truth_of(board: SimulatedBoard, entry: Entry) -> Callable[[], Electrical]:
    """What is true of the one thing that the meter feeds."""
    (target,) = entry.channels.values()
    return lambda: board.truth(target).electrical()


def ecm1240(board: SimulatedBoard, entry: Entry) -> Device:
    options = entry.options
    link = link_of(board, entry)
    meter = SimulatedEcm1240(
        link,
        board.clock,
        polled=options.mode == "polled",
        unit=options.unit,
        interval_s=options.interval_s,
    )

    def refresh() -> None:
        truths = {channel: board.truth(target) for channel, target in entry.channels.items()}
        for channel, truth in truths.items():
            meter.state.loads_w[channel] = truth.active_power_w
            meter.state.voltage_v = truth.voltage_v

    def silent(on: bool) -> None:
        meter.faults.silent = on

    def corrupt(packets: int) -> None:
        meter.faults.corrupt = packets

    def stall(seconds: float) -> None:
        meter.terminal.stall(for_seconds(board.clock, seconds))

    def heal(_: bool) -> None:
        meter.faults = Faults()

    def close() -> None:
        meter.stop()
        meter.unplug()

    def replug(_: bool) -> None:
        meter.unplug()
        meter.plug()

    def start() -> None:
        refresh()
        meter.plug()
        meter.start()

    return Device(
        entry.name,
        {
            "unplug": lambda _: meter.unplug(),
            "replug": replug,
            "power_loss": lambda _: meter.state.reset(),
            "silent": silent,
            "corrupt": corrupt,
            "stall": stall,
            "heal": heal,
        },
        path=str(link),
        refresh=refresh,
        start=start,
        close=close,
    )


def cse7766(board: SimulatedBoard, entry: Entry) -> Device:
    """Also of its sisters, which say the same."""
    link = link_of(board, entry)
    meter = SimCse7766(link, board.clock, truth_of(board, entry))

    def silent(on: bool) -> None:
        meter.faults.silent = on

    def corrupt(frames: int) -> None:
        meter.faults.bad_sums = frames

    def stall(seconds: float) -> None:
        meter.terminal.stall(for_seconds(board.clock, seconds))

    def heal(_: bool) -> None:
        meter.faults = Cse7766Faults()

    def unplug() -> None:
        meter.stop()
        meter.terminal.unplug()

    def plug() -> None:
        unplug()
        meter.terminal.plug()
        meter.start()

    return Device(
        entry.name,
        {
            "unplug": lambda _: unplug(),
            "replug": lambda _: plug(),
            "power_loss": lambda _: meter.power_loss(),
            "silent": silent,
            "corrupt": corrupt,
            "stall": stall,
            "heal": heal,
        },
        path=str(link),
        start=plug,
        close=unplug,
    )

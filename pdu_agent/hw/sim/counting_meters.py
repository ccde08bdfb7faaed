# SPDX-License-Identifier: Apache-2.0
"""Meters that know watts by themselves, tied to the targets that they feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.ecm1240 import Faults, SimulatedEcm1240

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard


def ecm1240(board: SimulatedBoard, entry: Entry) -> Device:
    options = entry.options
    link = board.runtime_dir / f"sim-{entry.name}"
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

    def corrupt(_: int) -> None:
        meter.faults.corrupt = True

    def heal(_: bool) -> None:
        meter.faults = Faults()

    def close() -> None:
        meter.stop()
        meter.unplug()

    link.unlink(missing_ok=True)
    meter.plug()
    refresh()
    return Device(
        entry.name,
        {
            "unplug": lambda _: meter.unplug(),
            "replug": lambda _: meter.plug(),
            "power_loss": lambda _: meter.state.reset(),
            "silent": silent,
            "corrupt": corrupt,
            "heal": heal,
        },
        path=str(link),
        refresh=refresh,
        start=meter.start,
        close=close,
    )

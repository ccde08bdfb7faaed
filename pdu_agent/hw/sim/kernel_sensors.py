# SPDX-License-Identifier: Apache-2.0
"""Sensors that are files of the kernel, tied to the simulated surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.hwmon import SimHwmon

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard


def hwmon(board: SimulatedBoard, entry: Entry) -> Device:
    feeling = board.surroundings.feeling(entry.number, entry.sensor)
    chip = SimHwmon(board.runtime_dir / "sim-hwmon" / f"hwmon{entry.number}", entry.sensor, feeling)
    return Device(
        entry.name,
        {
            "unplug": lambda _: chip.unplug(),
            "replug": lambda _: chip.plug(),
            "dead": lambda _: chip.fail(),
            "heal": lambda _: chip.plug(),
        },
        path=str(chip.file),
        refresh=chip.refresh,
    )

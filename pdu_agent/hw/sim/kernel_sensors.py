# SPDX-License-Identifier: Apache-2.0
"""Sensors that are files of the kernel, tied to the simulated surroundings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pdu_agent.hw.sim.air import air_of, fault_verbs
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import Verbs
from pdu_agent.hw.sim.files import Stall
from pdu_agent.hw.sim.hwmon import SimHwmon
from pdu_agent.hw.sim.iio import SimIio
from pdu_agent.hw.sim.w1 import SimW1
from pdu_agent.model.snapshot import SensorKind

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

_FIRST = {SensorKind.TEMPERATURE: "temp1", SensorKind.HUMIDITY: "humidity1"}


def hwmon(board: SimulatedBoard, entry: Entry) -> Device:
    """With a chip's name, the path is the folder of all chips; else the file."""
    folder = board.folder(entry.name)
    channel = entry.options.input or _FIRST[entry.sensor]
    chip = SimHwmon(
        folder / "hwmon1",
        f"{channel}_input",
        board.surroundings.feeling(entry.number, entry.sensor),
        entry.options.chip or "simboard",
    )
    verbs: Verbs = {
        "unplug": lambda _: chip.unplug(),
        "replug": lambda _: chip.plug(),
        "dead": lambda _: chip.fail(),
        "heal": lambda _: chip.plug(),
    }
    path = str(folder if entry.options.chip else chip.file)
    return _device(board, entry, verbs, path, chip.refresh, lambda: [chip.file])


def ds18b20(board: SimulatedBoard, entry: Entry) -> Device:
    chip = SimW1(board.folder(entry.name), air_of(board, entry, entry.name))

    def corrupt(count: int) -> None:
        chip.faults.corrupt = count

    verbs: Verbs = {
        **_file_verbs(chip),
        "corrupt": corrupt,
        "power_loss": lambda _: chip.power_on(),
    }
    files = [chip.slave, chip.temperature]
    return _device(board, entry, verbs, str(chip.slave), chip.refresh, lambda: files)


def iio(board: SimulatedBoard, entry: Entry) -> Device:
    """With raw values, where the pressure is."""
    folder = board.folder(entry.name)
    raw = entry.sensor is SensorKind.PRESSURE
    chip = SimIio(folder, entry.options.chip, air_of(board, entry, entry.name), raw=raw)
    return _device(
        board,
        entry,
        _file_verbs(chip),
        str(folder),
        chip.refresh,
        lambda: chip.device.glob("in_*"),
    )


def _device(
    board: SimulatedBoard,
    entry: Entry,
    verbs: Verbs,
    path: str,
    refresh: Callable[[], None],
    files: Callable[[], Iterable[Path]],
) -> Device:
    """files: those with values, which are late while the sensor stalls."""
    stalling = Stall(board.clock)

    def up_to_now() -> None:
        stalling.look()
        refresh()

    def stall(seconds: float) -> None:
        stalling.begin(files(), seconds)

    verbs = {**verbs, "stall": stall}
    return Device(entry.name, verbs, path=path, refresh=up_to_now, close=stalling.end)


def _file_verbs(chip: SimW1 | SimIio) -> Verbs:
    def dead(_: bool) -> None:
        chip.faults.dead = 0xFF
        chip.refresh()

    def heal(on: bool) -> None:
        fault_verbs(chip.faults)["heal"](on)
        chip.refresh()

    return {
        "unplug": lambda _: chip.unplug(),
        "replug": lambda _: chip.plug(),
        "dead": dead,
        "heal": heal,
    }

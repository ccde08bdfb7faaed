# SPDX-License-Identifier: Apache-2.0
"""Sensors and fan controllers on I2C, tied to the simulated surroundings.

Two sensors of a configuration may be in one chip, as temperature and humidity mostly are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pdu_agent.hw.sim.aht20 import SimAht20
from pdu_agent.hw.sim.air import air_of, fault_verbs
from pdu_agent.hw.sim.bme280 import SimBme280
from pdu_agent.hw.sim.device import Device, Entry
from pdu_agent.hw.sim.faulty import i2c_chip_verbs
from pdu_agent.hw.sim.sensor_faults import Air
from pdu_agent.hw.sim.sht import SimSht3x, SimSht4x

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard

Chip = SimSht3x | SimSht4x | SimBme280 | SimAht20
Make = Callable[[Air, Callable[[], float]], Chip]

_AHT20_ADDRESS = 0x38


def sht3x(board: SimulatedBoard, entry: Entry) -> Device:
    return _attach(board, entry, entry.options.address, SimSht3x)


def sht4x(board: SimulatedBoard, entry: Entry) -> Device:
    return _attach(board, entry, entry.options.address, SimSht4x)


def bme280(board: SimulatedBoard, entry: Entry) -> Device:
    return _attach(board, entry, entry.options.address, SimBme280)


def aht20(board: SimulatedBoard, entry: Entry) -> Device:
    return _attach(board, entry, _AHT20_ADDRESS, SimAht20)


def _attach(board: SimulatedBoard, entry: Entry, address: int, make: Make) -> Device:
    where = (entry.place, address)
    air = air_of(board, entry, where)
    chip = board.share("chip", where, lambda: make(air, board.clock.monotonic_s))
    verbs = i2c_chip_verbs(board.bus(entry.place), address, chip) | fault_verbs(air.faults)
    if isinstance(chip, SimBme280):
        verbs["power_loss"] = lambda _: chip.power_on()
    return Device(entry.name, verbs)

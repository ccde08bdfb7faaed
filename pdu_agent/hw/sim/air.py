# SPDX-License-Identifier: Apache-2.0
"""What a simulated sensor's chip is surrounded by, and what can go wrong with the chip."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from pdu_agent.hw.sim.device import Entry
from pdu_agent.hw.sim.faulty import Verbs
from pdu_agent.hw.sim.sensor_faults import Air, SensorFaults
from pdu_agent.model.snapshot import SensorKind

if TYPE_CHECKING:
    from pdu_agent.hw.sim.board import SimulatedBoard


def air_of(board: SimulatedBoard, entry: Entry, chip: Hashable) -> Air:
    """What the chip feels. Several sensors may be in it: each says what is felt of its kind, and
    a script what one of them feels.
    """

    def feeling(kind: SensorKind) -> Callable[[], float]:
        if kind is not entry.sensor:
            return board.surroundings.unsaid(entry.number, kind)
        return board.surroundings.feeling(entry.number, kind)

    air = board.share(
        "air",
        chip,
        lambda: Air(
            feeling(SensorKind.TEMPERATURE),
            feeling(SensorKind.HUMIDITY),
            feeling(SensorKind.PRESSURE),
        ),
    )
    if entry.sensor is SensorKind.TEMPERATURE:
        air.celsius = feeling(entry.sensor)
    elif entry.sensor is SensorKind.HUMIDITY:
        air.percent = feeling(entry.sensor)
    elif entry.sensor is SensorKind.PRESSURE:
        air.hectopascals = feeling(entry.sensor)
    return air


def fault_verbs(faults: SensorFaults) -> Verbs:
    """Of a chip on a bus. nack and corrupt count transactions."""

    def nack(count: int) -> None:
        faults.nacks = count

    def corrupt(count: int) -> None:
        faults.corrupt = count

    def silent(on: bool) -> None:
        faults.busy = on

    def dead(_: bool) -> None:
        faults.dead = 0xFF

    def heal(_: bool) -> None:
        fresh = SensorFaults()
        for name in fresh.__slots__:
            setattr(faults, name, getattr(fresh, name))

    return {"nack": nack, "corrupt": corrupt, "silent": silent, "dead": dead, "heal": heal}

# SPDX-License-Identifier: Apache-2.0
"""Three kinds of board in one unit; one is pulled while all are at work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdu_agent.core.settings import DeviceSettings, RelayRef
from pdu_agent.hw.gpio_relays import GpioBank, GpioRelaySettings
from pdu_agent.hw.lcus import LcusBank, LcusSettings
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.relay_memory import RelayMemory
from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.hw.sim.gpio import SimGpioChip
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.lcus import SimLcus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.commands import Action
from pdu_agent.model.snapshot import OutletState
from tests.hw.live_unit import LiveUnit

LINES = (5, 6)
ADDRESS = 0x21
OF_BOARD = {"i2c": (1, 2), "gpio": (3, 4), "usb": (5, 6)}
ALL = (1, 2, 3, 4, 5, 6)
ON, OFF = OutletState.ON, OutletState.OFF


class Strip:
    """moves: board -> each position its relays ever had."""

    def __init__(self, folder: Path) -> None:
        self.moves: dict[str, list[tuple[bool, ...]]] = {board: [] for board in OF_BOARD}
        self.expander = SimMcp23008(on_outputs=self._pins("i2c", range(2)))
        self.wires = SimI2cBus({ADDRESS: self.expander})
        self.chip = SimGpioChip(8, SystemClock(), self._pins("gpio", LINES))
        self.usb = SimLcus(folder / "ttyUSB0", 2, self.moves["usb"].append)
        self.usb.start()
        self._folder = folder
        relays = {
            outlet: RelayRef(board, relay)
            for board, outlets in OF_BOARD.items()
            for relay, outlet in enumerate(outlets)
        }
        self.unit = LiveUnit(
            {
                "/dev/i2c-1": {
                    "i2c": lambda: Mcp23008Bank(self.wires, Mcp23008Settings(ADDRESS, 2))
                },
                "/dev/gpiochip0": {"gpio": lambda: GpioBank(self.chip, GpioRelaySettings(LINES))},
                "/dev/ttyUSB0": {"usb": self._open_usb},
            },
            relays,
            DeviceSettings(sequence_interval_s=0.01),
            poll_s=0.05,
            ratings_a={1: 10.0, 3: 16.0, 5: 6.0},
        )

    def _open_usb(self) -> LcusBank:
        memory = RelayMemory(self._folder, "usb", 2)
        return LcusBank(SerialPort("usb", str(self.usb.path), 9600), LcusSettings(2), memory)

    def _pins(self, board: str, pins):
        def on_outputs(driven: int, levels: int) -> None:
            self.moves[board].append(tuple(bool(driven & levels & 1 << pin) for pin in pins))

        return on_outputs

    def pull(self, board: str) -> None:
        pulls = {"i2c": lambda: self.wires.unplug(ADDRESS), "gpio": self.chip.unplug}
        (pulls | {"usb": self.usb.unplug})[board]()

    def put_back(self, board: str) -> None:
        """With its supply, so that the relays on USB had dropped and the expander's had not."""
        puts = {"i2c": lambda: self.wires.plug(ADDRESS, self.expander), "gpio": self.chip.plug}
        (puts | {"usb": self.usb.plug})[board]()

    def close(self) -> None:
        self.unit.stop()
        self.usb.close()


@pytest.fixture
def strip(tmp_path: Path, terminals: None) -> Iterator[Strip]:
    strip = Strip(tmp_path)
    yield strip
    strip.close()


@pytest.mark.parametrize("pulled", OF_BOARD)
def test_pulled_board_costs_its_own_outlets_only_and_they_come_back(strip: Strip, pulled: str):
    unit = strip.unit
    unit.start()
    assert unit.run_until(unit.all_are(ON, *ALL))  # cold boards: as they were, on
    others = [outlet for board, of in OF_BOARD.items() if board != pulled for outlet in of]
    strip.usb.settle()
    seen = {board: len(moves) for board, moves in strip.moves.items()}

    def is_lost() -> bool:
        return any(alarm.kind == "board" for alarm in unit.core.snapshot.alarms)

    assert not is_lost()
    strip.pull(pulled)
    assert unit.run_until(is_lost, 2.0)
    assert all(unit.states()[outlet] is not ON for outlet in OF_BOARD[pulled])

    unit.switch(Action.OFF, others[0])  # the others serve on
    assert unit.run_until(unit.all_are(OFF, others[0]), 2.0)
    unit.switch(Action.ON, others[0])
    assert unit.run_until(unit.all_are(ON, *others), 2.0)

    strip.put_back(pulled)
    assert unit.run_until(unit.all_are(ON, *ALL), 5.0)  # power-up policy: as they were
    assert not is_lost()
    strip.usb.settle()
    assert all(strip.moves[board][-1] == (True, True) for board in OF_BOARD)
    untouched = [b for b, of in OF_BOARD.items() if b != pulled and others[0] not in of]
    assert {board: len(strip.moves[board]) for board in untouched} == {
        board: seen[board] for board in untouched
    }


def test_each_relay_keeps_its_own_rating(strip: Strip):
    outlets = strip.unit.core.snapshot.outlets
    ratings = {outlet.index: outlet.rated_current_a for outlet in outlets}
    assert ratings == {1: 10.0, 2: 10.0, 3: 16.0, 4: 10.0, 5: 6.0, 6: 10.0}


def test_slow_board_delays_nobody_else(strip: Strip):
    unit = strip.unit
    unit.start()
    assert unit.run_until(unit.all_are(ON, *ALL))
    strip.wires.faults.stalls, strip.wires.faults.stall_s = 1, 1.0
    unit.switch(Action.OFF, *ALL)
    began_s = time.monotonic()
    assert unit.run_until(unit.all_are(OFF, 3, 4, 5, 6), 2.0)
    assert time.monotonic() - began_s < 0.8
    assert unit.run_until(unit.all_are(OFF, 1, 2), 3.0)

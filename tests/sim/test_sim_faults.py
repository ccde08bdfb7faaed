# SPDX-License-Identifier: Apache-2.0
"""What can happen to simulated devices: each kind can be lost, be late, and tell what is wrong."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.app.config.load import load_settings
from pdu_agent.app.simulated import entries_of, layout_of, relays_of
from pdu_agent.hw.gpio import LineSettings
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.device import Entry
from pdu_agent.hw.sim.files import Stall, put
from pdu_agent.hw.sim.gpio import SimGpioChip
from pdu_agent.hw.sim.terminal import SimTerminal
from pdu_agent.model.clock import ManualClock
from tests.peers import require_terminals

CONFIGURATION = Path(__file__).with_name("everything.yaml")
LOST = {"unplug", "dead", "silent"}
WRONG = {"corrupt", "clip_channel", "dead_channel", "power_loss", "dead", "block"}
BY_BUS = {"stall", "corrupt"}
"""What a script can do to an I2C bus, and so to whatever is on it."""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBoard]:
    folder = tmp_path_factory.mktemp("unit")
    settings = replace(load_settings(CONFIGURATION, {}), runtime_dir=folder, state_dir=folder)
    entries = entries_of(settings)
    clock = ManualClock()
    board = SimulatedBoard(
        layout_of(settings), relays_of(settings), entries, clock, clock.advance, folder
    )
    yield board
    board.close()


def entries() -> list[Entry]:
    return entries_of(load_settings(CONFIGURATION, {}))


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_every_device_can_be_lost_be_late_and_lie(entry: Entry, board: SimulatedBoard) -> None:
    verbs = set(board.devices[entry.name].verbs)
    if entry.place in board.buses:
        verbs |= BY_BUS
    assert verbs & LOST
    assert "stall" in verbs
    assert verbs & WRONG
    assert verbs & {"replug", "heal"}


def test_a_line_that_stalls_says_all_of_it_later(tmp_path: Path) -> None:
    require_terminals()
    stalls = True
    terminal = SimTerminal(tmp_path / "tty")
    terminal.plug()
    host = os.open(tmp_path / "tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    terminal.stall(lambda: stalls)
    os.write(host, b"question")
    terminal.say(b"one ")
    terminal.say(b"two")
    assert terminal.hear() == b""
    with pytest.raises(BlockingIOError):
        os.read(host, 64)
    stalls = False
    assert terminal.hear(1.0) == b"question"
    assert os.read(host, 64) == b"one two"
    os.close(host)
    terminal.unplug()


def test_a_file_that_stalls_keeps_its_reader_waiting_and_then_answers(tmp_path: Path) -> None:
    clock, file, read = ManualClock(), tmp_path / "temp1_input", threading.Event()
    put(file, "21000\n")
    stall = Stall(clock)
    stall.begin([file, tmp_path / "missing"], 2.0)
    put(file, "22000\n")
    told: list[str] = []

    def reader() -> None:
        told.append(file.read_text(encoding="ascii"))
        read.set()

    thread = threading.Thread(target=reader)
    thread.start()
    stall.look()
    assert not read.wait(0.05)
    clock.advance(2.0)
    stall.look()
    thread.join()
    assert told == ["21000\n"]
    put(file, "22000\n")
    assert file.read_text(encoding="ascii") == "22000\n"


def test_a_chip_that_stalls_takes_its_time_once() -> None:
    clock = ManualClock()
    chip = SimGpioChip(4, clock, sleep=clock.advance)
    lines = chip.request({1: LineSettings(output=True)}, "test")
    begin_s = clock.monotonic_s()
    chip.stall_s = 2.0
    lines.write({1: True})
    lines.write({1: False})
    assert clock.monotonic_s() - begin_s == 2.0


def test_what_a_script_says_of_a_pressure_is_no_temperature(board: SimulatedBoard) -> None:
    """A BME280 measures all three, and computes the pressure with its temperature."""
    air = board.shared["air", ("sim:slow", 0x76)]
    board.surroundings.say(6, 1000.0)
    assert air.hectopascals() == 1000.0
    assert 30 < air.celsius() < 50
    assert 30 < air.percent() < 60
    board.surroundings.say(6, None)

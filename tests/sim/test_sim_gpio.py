# SPDX-License-Identifier: Apache-2.0
"""The simulated GPIO chip against what the kernel's character device does."""

from __future__ import annotations

import threading

import pytest

from pdu_agent.hw.gpio import Edge, LineSettings, LineState
from pdu_agent.hw.gpio_relays import GpioBank, GpioRelaySettings
from pdu_agent.hw.sim.gpio import SimGpioChip
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound


def test_output_outlives_its_holder_on_a_chip_that_keeps_it():
    outputs = []
    chip = SimGpioChip(4, ManualClock(), lambda *seen: outputs.append(seen))
    chip.request({1: LineSettings(output=True, initial=True)}, "one").close()
    assert chip.look([1]) == {1: LineState(True, "")}
    assert outputs == [(0, 0), (0b10, 0b10)]
    chip.keeps_outputs = False
    chip.request({1: LineSettings(as_is=True)}, "two").close()
    assert outputs[-1] == (0, 0)


def test_lines_live_in_a_file_so_that_a_new_process_finds_them(tmp_path):
    file = tmp_path / "gpio.lines"
    clock = ManualClock()
    SimGpioChip(4, clock, register_file=file).request(
        {2: LineSettings(output=True, initial=True)}, "before"
    )
    seen = []
    chip = SimGpioChip(4, clock, lambda *outputs: seen.append(outputs), file)
    assert seen == [(0b100, 0b100)]
    assert chip.look([2]) == {2: LineState(True, "")}


def test_line_of_somebody_else_is_refused_with_his_name():
    chip = SimGpioChip(4, ManualClock())
    chip.occupy(2, "spi0 CS0")
    with pytest.raises(ChipNotFound, match="line 2 is in use by 'spi0 CS0'"):
        chip.request({1: LineSettings(), 2: LineSettings()}, "test")
    chip.occupy(2, "")
    chip.request({1: LineSettings(), 2: LineSettings()}, "test")


def test_edges_come_with_the_time_of_the_clock_and_wake_who_waits():
    clock = ManualClock()
    chip = SimGpioChip(4, clock)
    lines = chip.request({0: LineSettings(edges=True, pull_up=True, active_low=True)}, "button")
    clock.advance(3.0)
    began_s = clock.monotonic_s()
    threading.Timer(0.02, chip.drive, (0, False)).start()
    assert lines.wait_edges(5.0) == [Edge(0, True, began_s)]
    chip.drive(0, None)
    assert lines.wait_edges(0) == [Edge(0, False, began_s)]


def test_pulse_shorter_than_the_debounce_time_is_not_told():
    clock = ManualClock()
    chip = SimGpioChip(4, clock)
    lines = chip.request({0: LineSettings(edges=True, debounce_s=0.02)}, "button")
    chip.drive(0, True)
    clock.advance(0.01)
    chip.drive(0, False)
    clock.advance(1.0)
    assert lines.wait_edges(0) == []
    chip.drive(0, True)
    clock.advance(0.03)
    assert [edge.active for edge in lines.wait_edges(0)] == [True]


def test_unplugged_chip_drops_its_relays_and_fails_every_use():
    outputs = []
    chip = SimGpioChip(4, ManualClock(), lambda *seen: outputs.append(seen))
    lines = chip.request({0: LineSettings(output=True, initial=True)}, "test")
    chip.unplug()
    assert outputs[-1] == (0, 0)
    with pytest.raises(ChipNotFound, match="the chip is gone"):
        lines.read()
    chip.plug()
    with pytest.raises(ChipNotFound, match="let go"):
        lines.write({0: True})


# relays on it


def relays(chip: SimGpioChip, *lines: int) -> GpioBank:
    return GpioBank(chip, GpioRelaySettings(lines=lines))


def test_restart_keeps_relays_even_on_a_chip_that_would_drop_them_on_release():
    """The process that ends is the only one that ever lets the lines go."""
    outputs = []
    chip = SimGpioChip(8, ManualClock(), lambda *seen: outputs.append(seen), keeps_outputs=False)
    bank = relays(chip, 1, 2)
    bank.initialise()
    bank.write({0: True})
    for _ in range(3):
        bank.inspect()
    assert outputs == [(0, 0), (0b110, 0), (0b110, 0b10)]


def test_shorted_line_shows_in_the_read_back():
    chip = SimGpioChip(8, ManualClock())
    bank = relays(chip, 1, 2)
    bank.initialise()
    chip.drive(2, False)
    bank.write({0: True, 1: True})
    assert bank.read_back({0, 1}) == {0: True, 1: False}


def test_expander_that_lost_its_power_unseen_by_the_kernel_shows_in_the_read_back():
    chip = SimGpioChip(8, ManualClock())
    bank = relays(chip, 1, 2)
    bank.initialise()
    bank.write({0: True})
    chip.power_loss()
    assert bank.inspect() == (False, (False, False))
    bank.write({1: True})
    assert bank.read_back({1}) == {1: False}


def test_line_added_to_a_board_at_work_drops_no_other():
    chip = SimGpioChip(8, ManualClock())
    before = relays(chip, 1, 2)
    before.initialise()
    before.write({0: True})
    before.close()
    chip.writes.clear()
    more = relays(chip, 1, 2, 3)
    assert more.inspect() == (False, (True, False, False))
    more.write({2: True})
    assert more.read_back({2}) == {2: True}
    assert chip.writes == [{1: True, 2: False, 3: True}]


def test_line_in_use_is_a_lost_board_that_says_by_whom():
    chip = SimGpioChip(8, ManualClock())
    chip.occupy(2, "led0")
    with pytest.raises(ChipNotFound, match="led0"):
        relays(chip, 1, 2).inspect()


def test_failing_chip_is_a_bus_timeout():
    chip = SimGpioChip(8, ManualClock())
    bank = relays(chip, 1)
    bank.initialise()
    chip.is_broken = True
    with pytest.raises(BusTimeout):
        bank.inspect()

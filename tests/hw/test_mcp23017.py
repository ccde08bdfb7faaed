# SPDX-License-Identifier: Apache-2.0
"""What is particular to the MCP23017 driver; the rest is in the relay bank contract."""

from __future__ import annotations

import pytest

from pdu_agent.hw.mcp23017 import MCP23017, Mcp23017Bank, Mcp23017Settings
from pdu_agent.hw.mcp_io import Mcp23017Io, Mcp23017IoSettings
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.mcp23017 import SimMcp23017
from pdu_agent.model.errors import ReadbackMismatch
from tests.hw.relays import switched

IODIR, IPOL, GPINTEN, IOCON, GPPU, OLAT = 0x00, 0x02, 0x04, 0x0A, 0x0C, 0x14


class Bench:
    def __init__(self, **chosen) -> None:
        self.writes: list[tuple[int, bytes]] = []
        self.chip = SimMcp23017()
        self.bus = SimI2cBus(
            {0x20: self.chip}, lambda _, register, data: self.writes.append((register, data))
        )
        self.bank = Mcp23017Bank(self.bus, Mcp23017Settings(**chosen))


@pytest.mark.parametrize(
    ("active_low", "open_pattern"), [(False, b"\x00\x00"), (True, b"\xff\x07")]
)
def test_cold_start_latches_both_ports_first_and_turns_pins_to_outputs_last(
    active_low: bool, open_pattern: bytes
):
    bench = Bench(relay_count=11, active_low=active_low)
    bench.bank.initialise()
    assert bench.writes == [
        (OLAT, open_pattern),
        (IPOL, b"\x00\x00"),
        (GPINTEN, b"\x00\x00"),
        (IOCON, b"\x00\x00"),
        (GPPU, b"\x00\x00"),
        (IODIR, b"\x00\xf8"),
    ]


def test_batch_over_both_ports_is_one_block():
    bench = Bench()
    bench.bank.initialise()
    bench.writes.clear()
    assert switched(bench.bank, {0: True, 7: True, 8: True, 15: True}) == dict.fromkeys(
        (0, 7, 8, 15), True
    )
    assert bench.writes == [(OLAT, b"\x81\x81")]


def test_errors_show_sixteen_bits():
    bench = Bench()
    bench.bank.initialise()
    bench.bus.faults.corrupt_writes, bench.bus.faults.flip = 1, 0x40
    with pytest.raises(ReadbackMismatch, match=r"mcp23017@0x20.*reads 0x4140, expected 0x0100"):
        switched(bench.bank, {8: True})


def test_shorted_pin_of_the_second_port_shows_in_the_read_back():
    bench = Bench()
    bench.bank.initialise()
    bench.chip.drive_pins(mask=0x0200, levels=0)
    assert switched(bench.bank, {9: True, 10: True}) == {9: False, 10: True}


def bank_of_other_software(chip: SimMcp23017) -> None:
    """Its register map for a chip at work: IOCON.BANK and, as some do, SEQOP."""
    chip.write(IOCON, b"\xa0")


@pytest.mark.parametrize("active_low", [False, True])
@pytest.mark.parametrize("closed", [(), (0, 8), (7, 15), (15,), tuple(range(16))])
def test_relays_at_work_in_the_other_register_map_are_met_and_none_moves(
    active_low: bool, closed: tuple[int, ...], caplog: pytest.LogCaptureFixture
):
    bench = Bench(active_low=active_low)
    bench.bank.initialise()
    switched(bench.bank, dict.fromkeys(closed, True))
    before = tuple(relay in closed for relay in range(16))
    moves: list[tuple[int, int]] = []
    bench.chip._on_outputs = lambda *outputs: moves.append(outputs)
    bank_of_other_software(bench.chip)
    bench.writes.clear()
    bank = Mcp23017Bank(bench.bus, Mcp23017Settings(active_low=active_low))
    assert bank.inspect() == (False, before)
    assert moves == []
    assert bench.writes == [(0x05, b"\x00")]
    assert "register map" in caplog.text
    assert switched(bank, {1: True}) == {1: True}
    assert len(moves) == (1 not in closed)


def test_a_cold_chip_in_the_other_register_map_is_set_up():
    bench = Bench(active_low=True)
    bank_of_other_software(bench.chip)
    outputs: list[tuple[int, int]] = []
    bench.chip._on_outputs = lambda *now: outputs.append(now)
    assert bench.bank.inspect()[0] is True
    bank_of_other_software(bench.chip)
    bench.bank.initialise()
    assert outputs == [(0xFFFF, 0xFFFF)]


def test_the_other_register_map_is_found_at_work_whatever_the_pattern():
    """0x0080 where OLAT should be is INTCON and IOCON of that map."""
    bench = Bench()
    bench.bank.initialise()
    switched(bench.bank, {15: True})
    bank_of_other_software(bench.chip)
    bench.chip.write(0x05, b"\x80")
    with pytest.raises(ReadbackMismatch, match="register map"):
        bench.bank.read_back([15])
    assert bench.bank.inspect()[1][15] is True


def test_a_register_map_that_does_not_change_is_told():
    bench = Bench()
    bank_of_other_software(bench.chip)
    bench.chip.write = lambda register, data: None  # type: ignore[method-assign]
    with pytest.raises(ReadbackMismatch, match="register map"):
        bench.bank.inspect()


def test_interrupts_that_other_software_left_on_are_no_register_map(caplog):
    bench = Bench()
    bench.bank.initialise()
    switched(bench.bank, {15: True, 9: True})
    bench.chip.write(GPINTEN, b"\x00\x80")
    assert bench.bank.inspect()[1] == tuple(relay in (9, 15) for relay in range(16))
    assert "register map" not in caplog.text


def test_a_panel_in_the_other_register_map_is_set_up():
    chip = SimMcp23017()
    chip.write(IOCON, b"\x80")
    settings = Mcp23017IoSettings(bus="/dev/i2c-1", address=0x20)
    panel = Mcp23017Io(MCP23017, SimI2cBus({0x20: chip}), settings, [3], [9])
    panel.open()
    chip.drive_pins(mask=0x08, levels=0)
    assert panel.read(0) == {3: True}
    panel.write({9: True})
    assert chip.read(OLAT, 2) == b"\x00\x02"


def test_simulated_chip_has_the_reset_values_and_pairs_of_the_data_sheet():
    chip = SimMcp23017()
    assert chip.read(0, 22) == b"\xff\xff" + bytes(20)
    chip.write(OLAT, b"\x12\x34")
    chip.write(IODIR, b"\x00\x00")
    assert chip.read(0x12, 4) == b"\x12\x34\x12\x34"
    assert chip.read(0x15, 2) == b"\x34\x00"  # wraps to IODIRA


def test_simulated_chip_knows_the_other_register_map():
    chip = SimMcp23017()
    chip.write(0x0B, b"\x80")  # IOCON at its second address
    chip.write(0x0A, b"\x0f")  # OLATA there
    chip.write(0x1A, b"\xf0")
    assert chip.read(0x05, 1) == chip.read(0x15, 1) == b"\x80"
    chip.write(0x05, b"\x00")
    assert chip.read(OLAT, 2) == b"\x0f\xf0"


def test_simulated_chip_with_seqop_toggles_within_a_pair():
    chip = SimMcp23017()
    chip.write(IOCON, b"\x20")
    chip.write(OLAT, b"\x01\x02\x03")
    assert chip.read(OLAT, 2) == b"\x03\x02"


def test_simulated_chip_reads_pins_pulled_up_and_inverted():
    chip = SimMcp23017()
    chip.write(GPPU, b"\x0f\x01")
    chip.write(IPOL, b"\x03\x00")
    assert chip.read(0x12, 2) == b"\x0c\x01"

# SPDX-License-Identifier: Apache-2.0
"""What is particular to the MCP23017 driver; the rest is in the relay bank contract."""

from __future__ import annotations

import pytest

from pdu_agent.hw.mcp23017 import Mcp23017Bank, Mcp23017Settings
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

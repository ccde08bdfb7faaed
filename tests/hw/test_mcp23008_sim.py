# SPDX-License-Identifier: Apache-2.0
"""The simulated MCP23008 and its bus against what the data sheet says."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008

IODIR, IPOL, IOCON, GPPU, INTF, INTCAP, GPIO, OLAT = 0, 1, 5, 6, 7, 8, 9, 10
RESET = bytes([0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])


def put(chip: SimMcp23008, register: int, value: int) -> None:
    chip.write(register, bytes([value]))


def get(chip: SimMcp23008, register: int) -> int:
    return chip.read(register, 1)[0]


def test_power_on_values_of_all_eleven_registers():
    assert SimMcp23008().read(0, 11) == RESET


def test_pointer_advances_and_wraps_after_the_last_register():
    chip = SimMcp23008()
    chip.write(OLAT, bytes([0xA5, 0x0F]))
    assert get(chip, OLAT) == 0xA5
    assert get(chip, IODIR) == 0x0F
    assert chip.read(GPIO, 3) == bytes([0xA0, 0xA5, 0x0F])


def test_seqop_keeps_the_pointer_in_place():
    chip = SimMcp23008()
    chip.write(IOCON, bytes([0x20, 0x22]))
    assert get(chip, IOCON) == 0x22
    assert get(chip, GPPU) == 0
    assert chip.read(IODIR, 3) == b"\xff\xff\xff"


def test_gpio_write_lands_in_the_latch_and_reads_pins():
    chip = SimMcp23008()
    put(chip, GPIO, 0xC3)
    assert get(chip, OLAT) == 0xC3
    assert get(chip, GPIO) == 0  # all pins are inputs
    put(chip, IODIR, 0xF0)
    assert get(chip, GPIO) == 0x03


def test_ipol_inverts_what_is_read_and_not_what_is_driven():
    driven = []
    chip = SimMcp23008(on_outputs=lambda mask, levels: driven.append((mask, levels)))
    put(chip, OLAT, 0x0F)
    put(chip, IODIR, 0x00)
    put(chip, IPOL, 0xFF)
    assert get(chip, GPIO) == 0xF0
    assert driven[-1] == (0xFF, 0x0F)


def test_pull_up_gives_an_undriven_input_a_level():
    chip = SimMcp23008()
    put(chip, GPPU, 0x03)
    assert get(chip, GPIO) == 0x03
    chip.drive_pins(mask=0x05, levels=0x04)
    assert get(chip, GPIO) == 0x06


def test_interrupt_registers_cannot_be_written():
    chip = SimMcp23008()
    put(chip, INTF, 0xFF)
    put(chip, INTCAP, 0xFF)
    assert chip.read(INTF, 2) == b"\0\0"


def test_register_that_does_not_exist_is_an_error():
    with pytest.raises(OSError, match="0x0B"):
        get(SimMcp23008(), 0x0B)


def test_outputs_are_told_once_when_made_and_then_on_change_only():
    told = []
    chip = SimMcp23008(on_outputs=lambda mask, levels: told.append((mask, levels)))
    put(chip, OLAT, 0x01)  # pins are inputs: no output changes
    put(chip, IODIR, 0xFC)
    put(chip, OLAT, 0x01)
    put(chip, OLAT, 0xF3)  # only pins 0 and 1 are driven
    chip.drive_pins(mask=0x02, levels=0x00)  # a short
    chip.power_loss()
    assert told == [(0, 0), (3, 1), (3, 3), (3, 1), (0, 0)]


def test_registers_survive_in_their_file_until_it_is_emptied(tmp_path: Path):
    file = tmp_path / "mcp23008-20"
    put(SimMcp23008(file), OLAT, 0x5A)
    told = []
    chip = SimMcp23008(file, lambda mask, levels: told.append((mask, levels)))
    put(chip, IODIR, 0x00)
    assert told == [(0, 0), (0xFF, 0x5A)]
    assert get(SimMcp23008(file), OLAT) == 0x5A

    file.write_bytes(b"torn")
    assert SimMcp23008(file).read(0, 11) == RESET
    file.unlink()
    assert SimMcp23008(file).read(0, 11) == RESET


def test_killed_process_leaves_the_registers_as_last_written(tmp_path: Path):
    file = tmp_path / "registers"
    program = (
        "import sys, time; from pathlib import Path\n"
        "from pdu_agent.hw.sim.mcp23008 import SimMcp23008\n"
        "chip = SimMcp23008(Path(sys.argv[1]))\n"
        "chip.write(0x0A, b'\\x81'); chip.write(0x00, b'\\x00')\n"
        "print('written', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(file)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        os.kill(process.pid, signal.SIGKILL)
    assert SimMcp23008(file).read(GPIO, 3) == b"\x81\x81\x00"


def test_power_loss_resets_the_file_too(tmp_path: Path):
    file = tmp_path / "registers"
    chip = SimMcp23008(file)
    chip.write(0, bytes(range(11)))
    chip.power_loss()
    assert file.read_bytes() == RESET


def test_bus_routes_by_address_and_nobody_answers_elsewhere():
    left, right = SimMcp23008(), SimMcp23008()
    bus = SimI2cBus({0x20: left, 0x21: right})
    bus.write_i2c_block_data(0x21, OLAT, [0x0F, 0x00])
    assert bus.read_i2c_block_data(0x21, GPIO, 2) == [0x0F, 0x0F]
    assert left.read(0, 11) == RESET
    with pytest.raises(OSError, match="No such device") as caught:
        bus.read_byte_data(0x22, 0)
    assert caught.value.errno == errno.ENXIO
    bus.unplug(0x20)
    with pytest.raises(OSError, match="No such device"):
        bus.write_byte_data(0x20, OLAT, 1)
    bus.plug(0x20, left)
    assert bus.read_byte_data(0x20, IODIR) == 0xFF


def test_each_fault_spoils_as_many_transactions_as_asked():
    slept = []
    bus = SimI2cBus({0x20: SimMcp23008()}, sleep=slept.append)
    bus.faults.nacks = 1
    with pytest.raises(OSError, match="No such device"):
        bus.read_byte_data(0x20, IODIR)
    bus.faults.corrupt_reads, bus.faults.flip = 1, 0x80
    assert [bus.read_byte_data(0x20, IODIR) for _ in range(2)] == [0x7F, 0xFF]
    bus.faults.corrupt_writes = 1
    bus.write_byte_data(0x20, OLAT, 0x01)
    assert bus.read_byte_data(0x20, OLAT) == 0x81
    bus.faults.stalls, bus.faults.stall_s = 1, 2.0
    bus.read_byte_data(0x20, IODIR)
    bus.read_byte_data(0x20, IODIR)
    assert slept == [2.0]
    bus.faults.stuck = True
    for _ in range(3):
        with pytest.raises(OSError, match="timed out") as caught:
            bus.read_byte_data(0x20, IODIR)
        assert caught.value.errno == errno.ETIMEDOUT
    bus.faults.stuck = False
    assert bus.read_byte_data(0x20, IODIR) == 0xFF


@pytest.mark.parametrize("length", [0, 33])
def test_block_is_one_to_32_bytes(length: int):
    bus = SimI2cBus({0x20: SimMcp23008()})
    with pytest.raises(ValueError, match=r"1\.\.32"):
        bus.read_i2c_block_data(0x20, 0, length)

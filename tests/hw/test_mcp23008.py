# SPDX-License-Identifier: Apache-2.0
"""What is particular to the MCP23008 driver; the rest is in the relay bank contract."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from pdu_agent.hw.i2c import open_smbus
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.model.errors import BusTimeout, ChipNotFound, ReadbackMismatch
from tests.hw.relays import switched

IODIR, IPOL, GPINTEN, IOCON, GPPU, OLAT = 0x00, 0x01, 0x02, 0x05, 0x06, 0x0A


class Bench:
    """A chip on a bus with everything written to it."""

    def __init__(self, settings: Mcp23008Settings | None = None) -> None:
        chosen = settings or Mcp23008Settings()
        self.writes: list[tuple[int, int, bytes]] = []
        self.chip = SimMcp23008()
        self.bus = SimI2cBus({chosen.address: self.chip}, lambda *seen: self.writes.append(seen))
        self.bank = Mcp23008Bank(self.bus, chosen)


class FailingBus(SimI2cBus):
    """Every transaction ends with one error number."""

    def __init__(self, number: int) -> None:
        super().__init__({})
        self.number = number
        self.attempts = 0

    def read_byte_data(self, i2c_addr: int, register: int, /) -> int:
        self.attempts += 1
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize(("active_low", "open_pattern"), [(False, b"\x00"), (True, b"\x07")])
def test_cold_start_latches_the_open_pattern_first_and_turns_pins_to_outputs_last(
    active_low: bool, open_pattern: bytes
):
    bench = Bench(Mcp23008Settings(address=0x23, relay_count=3, active_low=active_low))
    bench.bank.initialise()
    order = [(register, data) for address, register, data in bench.writes if address == 0x23]
    assert order == [
        (OLAT, open_pattern),
        (IPOL, b"\x00"),
        (GPINTEN, b"\x00"),
        (IOCON, b"\x00"),
        (GPPU, b"\x00"),
        (IODIR, b"\xf8"),  # pins above the relays stay inputs
    ]


@pytest.mark.parametrize("active_low", [False, True])
def test_a_relay_added_to_a_board_at_work_drops_no_other(active_low: bool):
    bench = Bench(Mcp23008Settings(relay_count=3, active_low=active_low))
    bench.bank.initialise()
    switched(bench.bank, {0: True, 2: True})
    more = Mcp23008Bank(bench.bus, Mcp23008Settings(relay_count=5, active_low=active_low))
    assert more.inspect() == (False, (True, False, True, False, False))
    assert switched(more, {3: True}) == {3: True}
    assert more.inspect() == (False, (True, False, True, True, False))


def test_cold_start_stops_before_the_direction_when_the_latch_did_not_take_the_pattern():
    bench = Bench(Mcp23008Settings(active_low=True))
    bench.bus.faults.corrupt_writes, bench.bus.faults.flip = 1, 0x10
    with pytest.raises(ReadbackMismatch, match="OLAT: reads 0xEF, expected 0xFF"):
        bench.bank.initialise()
    assert IODIR not in [register for _, register, _ in bench.writes]


def test_write_is_one_latch_byte():
    bench = Bench(Mcp23008Settings(active_low=True))
    bench.bank.initialise()
    bench.writes.clear()
    switched(bench.bank, {0: True, 7: True})
    assert bench.writes == [(0x20, OLAT, b"\x7e")]


def test_shorted_pin_shows_in_the_read_back_and_in_the_next_look():
    bench = Bench()
    bench.bank.initialise()
    bench.chip.drive_pins(mask=0x04, levels=0x00)
    assert switched(bench.bank, {2: True, 3: True}) == {2: False, 3: True}
    assert bench.bank.inspect()[1] == (False, False, False, True, False, False, False, False)
    # The latch keeps what was asked, so the relay follows when the short is gone.
    bench.chip.drive_pins(mask=0, levels=0)
    switched(bench.bank, {4: True})
    assert bench.chip.read(OLAT, 1) == b"\x1c"


def test_inputs_that_somebody_had_inverted_invert_no_relay():
    """IPOL of a chip at work is not the reset value after another program used it."""
    bench = Bench()
    bench.bank.initialise()
    switched(bench.bank, {1: True})
    bench.chip.write(IPOL, b"\xff")
    again = Mcp23008Bank(bench.bus, Mcp23008Settings())
    assert again.inspect() == (False, tuple(relay == 1 for relay in range(8)))
    assert switched(again, {2: True, 1: False}) == {2: True, 1: False}
    assert bench.chip.read(IPOL, 1) == b"\xff"  # looking at it changed nothing


def test_write_that_the_chip_did_not_take_is_a_readback_mismatch():
    bench = Bench()
    bench.bank.initialise()
    bench.bus.faults.corrupt_writes, bench.bus.faults.flip = 1, 0x80
    with pytest.raises(ReadbackMismatch, match="reads 0x81, expected 0x01"):
        switched(bench.bank, {0: True})


def test_failed_write_is_not_smuggled_into_the_next_one():
    bench = Bench()
    bench.bank.initialise()
    bench.bus.faults.nacks = 100
    with pytest.raises(ChipNotFound):
        switched(bench.bank, {0: True})
    bench.bus.faults.nacks = 0
    switched(bench.bank, {1: True})
    assert bench.chip.read(OLAT, 1) == b"\x02"


@pytest.mark.parametrize("reads_before", range(6))
def test_one_flipped_read_is_not_taken_for_a_power_loss_or_a_moved_relay(reads_before: int):
    bench = Bench()
    bench.bank.initialise()
    switched(bench.bank, {0: True})
    expected = bench.bank.inspect()
    read = bench.bus.read_byte_data
    seen = []

    def flip_one(address: int, register: int) -> int:
        seen.append(register)
        return read(address, register) ^ (0x01 if len(seen) == reads_before + 1 else 0)

    bench.bus.read_byte_data = flip_one  # type: ignore[method-assign]
    assert bench.bank.inspect() == expected


def test_reads_that_never_agree_are_a_bus_fault():
    bench = Bench()
    bench.bank.initialise()
    values = iter(range(100))
    bench.bus.read_byte_data = lambda address, register: next(values)  # type: ignore[method-assign]
    with pytest.raises(BusTimeout, match="no two reads agree"):
        bench.bank.inspect()


def test_flipped_read_after_a_write_is_read_again():
    bench = Bench()
    bench.bank.initialise()
    for spoilt in (1, 2, 3):
        bench.bus.faults.corrupt_reads = spoilt % 2
        assert switched(bench.bank, {spoilt: True}) == {spoilt: True}


def test_two_lost_transfers_are_made_up_for_and_a_third_is_reported():
    bench = Bench()
    bench.bank.initialise()
    bench.bus.faults.nacks = 2
    assert switched(bench.bank, {0: True}) == {0: True}
    bench.bus.faults.nacks = 3
    with pytest.raises(ChipNotFound, match="mcp23008@0x20: write OLAT: nothing answers"):
        switched(bench.bank, {0: False})
    assert bench.chip.read(OLAT, 1) == b"\x01"


@pytest.mark.parametrize(
    ("number", "error", "text"),
    [
        (errno.ENXIO, ChipNotFound, "nothing answers"),
        (errno.EREMOTEIO, ChipNotFound, "nothing answers"),
        (errno.EBUSY, ChipNotFound, "a kernel driver owns this address"),
        (errno.ETIMEDOUT, BusTimeout, "stuck"),
        (errno.EIO, BusTimeout, "Input/output error"),
        (errno.EAGAIN, BusTimeout, "temporarily unavailable"),
    ],
)
def test_each_error_number_says_what_is_wrong_after_three_attempts(
    number: int, error: type[Exception], text: str
):
    bus = FailingBus(number)
    with pytest.raises(error, match=text) as caught:
        Mcp23008Bank(bus, Mcp23008Settings(address=0x27)).inspect()
    assert "mcp23008@0x27: read IODIR" in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    assert bus.attempts == 3


def test_settings_state_their_bounds():
    bounds = {
        item.name: (item.default, item.metadata["minimum"], item.metadata["maximum"])
        for item in dataclasses.fields(Mcp23008Settings)
    }
    assert bounds == {
        "address": (0x20, 0x20, 0x27),
        "relay_count": (8, 1, 8),
        "active_low": (False, None, None),
    }


def test_missing_bus_says_what_to_enable(tmp_path: Path):
    with pytest.raises(ChipNotFound, match=r"open /.*i2c-9: no such bus; load i2c-dev and enable"):
        open_smbus(str(tmp_path / "i2c-9"))


@pytest.mark.parametrize("bus", [987654, "987654"])
def test_bus_may_be_a_number(bus: int | str):
    with pytest.raises(ChipNotFound, match="/dev/i2c-987654"):
        open_smbus(bus)


def test_opened_bus_is_handed_to_the_driver_as_it_is(monkeypatch: pytest.MonkeyPatch):
    opened = []
    monkeypatch.setattr("smbus2.SMBus.open", lambda smbus, path: opened.append((smbus, path)))
    assert open_smbus("/dev/i2c-1") is opened[0][0]
    assert opened[0][1] == "/dev/i2c-1"


def test_forbidden_bus_names_the_group_to_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    node = tmp_path / "i2c-1"
    node.touch()
    monkeypatch.setattr("smbus2.SMBus.open", refuse)
    for group, advice in [("i2c", "add the user to group i2c and"), ("root", "udev or mdev rule")]:
        monkeypatch.setattr("grp.getgrgid", lambda _, name=group: SimpleNamespace(gr_name=name))
        with pytest.raises(ChipNotFound, match=advice):
            open_smbus(str(node))


def test_file_that_is_no_bus_is_refused_and_not_left_open(tmp_path: Path):
    file = tmp_path / "plain"
    file.touch()
    before = os.listdir("/proc/self/fd")
    with pytest.raises(ChipNotFound, match="this is not an I2C bus"):
        open_smbus(str(file))
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EACCES, "may not use it; .*group"),
        (errno.EBUSY, "a kernel driver owns it"),
        (errno.EMFILE, "Too many open files"),
    ],
)
def test_refused_bus_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, text: str
):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    node = tmp_path / "i2c-1"
    node.touch()
    monkeypatch.setattr("smbus2.SMBus.open", refuse)
    with pytest.raises(ChipNotFound, match=text):
        open_smbus(str(node))

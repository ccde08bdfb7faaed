# SPDX-License-Identifier: Apache-2.0
"""The spidev message as the kernel takes it, and the errors a person gets to read."""

from __future__ import annotations

import ctypes
import errno
import struct
import sys
from types import SimpleNamespace

import pytest

from pdu_agent.hw import spi
from pdu_agent.hw.spi import SpidevPort, message_request, pack_message
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError

KERNEL_TRANSFER = "<QQIIHBBBBBB"  # struct spi_ioc_transfer of linux/spi/spidev.h


def test_the_ioctl_number_is_the_one_of_the_kernel_header():
    assert message_request(1) == 0x40206B00
    assert message_request(511) == 0x7FE06B00


def test_a_message_is_an_array_of_kernel_structures():
    message = pack_message(0x1000, 0x2000, 20, 3, 4_096_000, 82)
    assert len(message) == 3 * 32
    transfers = list(struct.iter_unpack(KERNEL_TRANSFER, message))
    assert transfers == [
        (0x1000, 0x2000, 20, 4_096_000, 82, 8, 1, 0, 0, 0, 0),
        (0x1000, 0x2014, 20, 4_096_000, 82, 8, 1, 0, 0, 0, 0),
        (0x1000, 0x2028, 20, 4_096_000, 82, 8, 0, 0, 0, 0, 0),
    ]


class FakeSpiDev:
    """py-spidev's shape; what is sent comes back inverted."""

    failure: OSError | None = None

    def open(self, bus: int, device: int) -> None:
        if self.failure:
            raise self.failure
        self.opened = (bus, device)

    def close(self) -> None:
        self.closed = True

    def fileno(self) -> int:
        return 77

    def xfer2(self, data: list[int]) -> list[int]:
        return [value ^ 0xFF for value in data]


class FakeKernel:
    """Does what the spidev ioctl does with the addresses in the message."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.error = 0

    def ioctl(self, fd: int, request: int, message: bytearray, mutate: bool) -> int:
        if self.error:
            raise OSError(self.error, "as told")
        assert (fd, request, mutate) == (77, message_request(len(message) // 32), True)
        transfers = struct.iter_unpack(KERNEL_TRANSFER, message)
        for number, (tx, rx, length, *_rest) in enumerate(transfers):
            sent = ctypes.string_at(tx, length)
            ctypes.memmove(rx, bytes([number]) + sent[1:], length)
        self.clock.advance(0.25)
        return 0


@pytest.fixture
def clock():
    return ManualClock(monotonic_s=5.0)


@pytest.fixture
def kernel(monkeypatch, clock):
    kernel = FakeKernel(clock)
    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=FakeSpiDev))
    monkeypatch.setattr(spi.fcntl, "ioctl", kernel.ioctl)
    monkeypatch.setattr(FakeSpiDev, "failure", None)
    return kernel


def test_port_sets_the_device_up_for_mode_1(kernel):
    port = SpidevPort(1, 0)
    device = port._device
    assert device.opened == (1, 0)
    assert (device.mode, device.max_speed_hz, device.bits_per_word) == (1, 4_096_000, 8)
    assert port.transfer(b"\x12\x00") == b"\xed\xff"
    port.close()
    assert device.closed
    assert port.transfer(b"\x12") == b"\xed"
    assert port._device is not device


def test_frames_lie_back_to_back_and_times_span_the_message(kernel, clock):
    port = SpidevPort(0, 0, clock=clock)
    raw, start_s, end_s = port.read_frames(b"\x12abc", 3, 80)
    assert raw == b"\x00abc\x01abc\x02abc"
    assert (start_s, end_s) == (5.0, 5.25)
    assert port.read_frames(b"\x12xy", 2, 10)[0] == b"\x00xy\x01xy"


@pytest.mark.parametrize(
    ("bufsiz", "frame_bytes", "expected"),
    [("65536", 20, 511), ("4096", 20, 32), ("4096", 200, 16), ("64", 200, 1), (None, 20, 32)],
)
def test_message_size_keeps_to_ioctl_and_aligned_buffer(
    kernel, monkeypatch, tmp_path, bufsiz, frame_bytes, expected
):
    file = tmp_path / "bufsiz"
    if bufsiz is not None:
        file.write_text(bufsiz + "\n", encoding="ascii")
    monkeypatch.setattr(spi, "BUFSIZ_FILE", file)
    port = SpidevPort(0, 0)
    assert port.max_frames(frame_bytes) == expected
    with pytest.raises(HardwareError, match=rf"{expected + 1} transfers .* 1\.\.{expected} fit"):
        port.read_frames(bytes(frame_bytes), expected + 1, 0)


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ETIMEDOUT, BusTimeout), (errno.EMSGSIZE, HardwareError)]
)
def test_failed_message_names_device_and_attempt(kernel, number, kind):
    port = SpidevPort(0, 1)
    kernel.error = number
    with pytest.raises(kind, match=r"spidev0\.1: message of 4 transfers"):
        port.read_frames(b"\x12\0", 4, 80)


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (FileNotFoundError(errno.ENOENT, "no"), "dtparam=spi=on"),
        (PermissionError(errno.EACCES, "no"), "group 'spi'"),
        (OSError(errno.EBUSY, "taken"), "taken"),
    ],
)
def test_missing_node_or_permission_says_what_to_do(kernel, monkeypatch, failure, advice):
    monkeypatch.setattr(FakeSpiDev, "failure", failure)
    with pytest.raises(ChipNotFound, match=advice):
        SpidevPort(0, 0).transfer(b"\x12")


def test_missing_package_says_which_extra_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "spidev", None)
    with pytest.raises(ChipNotFound, match=r"openpdu\[hw\]"):
        SpidevPort(0, 0).transfer(b"\x12")

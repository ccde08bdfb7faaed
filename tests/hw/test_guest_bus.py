# SPDX-License-Identifier: Apache-2.0
"""Sensors and meters on a relay board's bus: their transfers go through the bus's one thread."""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Callable, Iterator

import pytest

from pdu_agent.hw import bank_worker
from pdu_agent.hw.bank_worker import BankWorker, Report
from pdu_agent.hw.guest_bus import GuestBus
from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.linux_smbus import LinuxSmBus
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.errors import ChipNotFound
from pdu_agent.model.readings import RelayResult, WriteRelays

EXPANDER = 0x20
THERMOMETER = 0x44
DEADLINE_S = 5.0


class Echo:
    """A chip without registers that answers with what it was sent, and knows who sends."""

    def __init__(self) -> None:
        self.callers: set[str] = set()
        self.received: list[bytes] = []
        self.gate: Callable[[], object] = lambda: None

    def exchange(self, data: bytes, length: int) -> bytes:
        self.callers.add(threading.current_thread().name)
        self.gate()
        self.received.append(data)
        return (self.received[-1] or self.received[-2]).ljust(length, b"\0")[:length]


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def wires(echo: Echo) -> SimI2cBus:
    return SimI2cBus({EXPANDER: SimMcp23008(), THERMOMETER: echo}, sleep=lambda _: None)


@contextlib.contextmanager
def owner_of(wires: SimI2cBus, reports: list[Report] | None = None) -> Iterator[BankWorker]:
    told = reports if reports is not None else []
    bank = Mcp23008Bank(wires, Mcp23008Settings())
    bank.initialise()
    worker = BankWorker("i2c-1", {"main": lambda: bank}, told.append, SystemClock(), 60.0)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def test_every_transfer_of_a_guest_is_done_by_the_owners_thread(wires: SimI2cBus, echo: Echo):
    with owner_of(wires) as owner:
        guest = GuestBus(owner, lambda: wires)
        assert guest.exchange(THERMOMETER, b"\x24\x00", 2) == b"\x24\x00"
        guest.write_byte(THERMOMETER, 7)
        assert guest.read_byte(THERMOMETER) == 7
        guest.write_i2c_block_data(EXPANDER, 0x0A, [0x55])
        assert guest.read_i2c_block_data(EXPANDER, 0x0A, 1) == [0x55]
        guest.write_byte_data(EXPANDER, 0x0A, 0x0F)
        assert guest.read_byte_data(EXPANDER, 0x0A) == 0x0F
    assert echo.callers == {"relays i2c-1"}


def test_error_of_a_transfer_is_the_guests_and_nobody_elses(wires: SimI2cBus):
    reports: list[Report] = []
    with owner_of(wires, reports) as owner:
        guest = GuestBus(owner, lambda: wires)
        with pytest.raises(OSError, match="No such device or address") as caught:
            guest.read_byte(0x70)
        assert caught.value.errno == errno.ENXIO
        owner.post(WriteRelays("main", {0: True}))
        assert guest.exchange(THERMOMETER, b"a", 1) == b"a"
    assert RelayResult("main", {0: True}, {0: True}) in reports


def test_relay_order_overtakes_the_guests_that_wait(wires: SimI2cBus, echo: Echo):
    entered, open_gate = threading.Event(), threading.Event()
    order: list[str] = []
    with owner_of(wires) as owner:
        guest = GuestBus(owner, lambda: wires)

        def hold() -> None:
            entered.set()
            open_gate.wait(DEADLINE_S)
            order.append("guest")

        echo.gate = hold
        guests = [
            threading.Thread(target=guest.exchange, args=(THERMOMETER, b"x", 1)) for _ in range(4)
        ]
        for thread in guests:
            thread.start()
        assert entered.wait(DEADLINE_S)
        original = owner._deliver
        owner._deliver = lambda report: (order.append("relay"), original(report))[1]
        assert owner.post(WriteRelays("main", {3: True}))
        open_gate.set()
        for thread in guests:
            thread.join(DEADLINE_S)
    # The transfer under way is finished, the relay is next, whoever came before it.
    assert order.index("relay") == 1
    assert order.count("guest") == 4


def test_guest_of_a_stuck_bus_gets_a_timeout_in_bounded_time(
    wires: SimI2cBus, echo: Echo, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bank_worker, "GUEST_TIMEOUT_S", 0.05)
    open_gate = threading.Event()
    echo.gate = lambda: open_gate.wait(DEADLINE_S)
    with owner_of(wires) as owner:
        guest = GuestBus(owner, lambda: wires)
        for _ in range(2):  # the second one's turn has not even come
            with pytest.raises(OSError, match="timed out") as caught:
                guest.exchange(THERMOMETER, b"x", 1)
            assert caught.value.errno == errno.ETIMEDOUT
        open_gate.set()
    # What nobody waits for any more is not sent to the chip later.
    assert len(echo.received) == 1


def test_guest_of_a_stopped_owner_is_told_at_once(wires: SimI2cBus):
    with owner_of(wires) as owner:
        guest = GuestBus(owner, lambda: wires)
    with pytest.raises(OSError, match="No such device") as caught:
        guest.read_byte(THERMOMETER)
    assert caught.value.errno == errno.ENODEV


def test_guest_opens_the_bus_anew_after_it_was_closed(wires: SimI2cBus):
    opened: list[SimI2cBus] = []

    def open_bus() -> SmBus:
        opened.append(wires)
        if len(opened) == 1:
            raise ChipNotFound("i2c", "open /dev/i2c-1", "no such bus")
        return wires

    with owner_of(wires) as owner:
        guest = GuestBus(owner, open_bus)
        with pytest.raises(ChipNotFound):
            guest.read_byte(THERMOMETER)
        guest.write_byte(THERMOMETER, 5)
        guest.close()
        assert guest.read_byte(THERMOMETER) == 5
    assert len(opened) == 3


def test_raw_message_of_the_linux_bus_is_a_write_and_a_read(monkeypatch: pytest.MonkeyPatch):
    sent: list[tuple[int, int, bytes]] = []

    def i2c_rdwr(self: LinuxSmBus, *messages: object) -> None:
        for message in messages:
            sent.append((message.addr, message.flags, bytes(message)))
            if message.flags & 1:
                message.buf[0], message.buf[1] = b"\xbe", b"\xef"

    monkeypatch.setattr(LinuxSmBus, "i2c_rdwr", i2c_rdwr)
    bus = LinuxSmBus()
    assert bus.exchange(0x44, b"\x24\x00", 2) == b"\xbe\xef"
    assert sent == [(0x44, 0, b"\x24\x00"), (0x44, 1, b"\0\0")]
    sent.clear()
    assert bus.exchange(0x44, b"\x30\xa2", 0) == b""
    assert sent == [(0x44, 0, b"\x30\xa2")]
    sent.clear()
    assert bus.exchange(0x27, b"", 2) == b"\xbe\xef"
    assert sent == [(0x27, 1, b"\0\0")]

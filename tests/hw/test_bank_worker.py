# SPDX-License-Identifier: Apache-2.0
"""The thread that serves relay boards: order, watching, loss and return."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pytest

from pdu_agent.hw.bank_link import BankLink
from pdu_agent.hw.bank_worker import BankWorker, Report
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.sim.i2c import Faults, SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.model.clock import ManualClock, SystemClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound
from pdu_agent.model.readings import (
    BankLost,
    BankState,
    InitialiseBank,
    RelayResult,
    WriteRelays,
)

ALL_OPEN = (False,) * 8
DEADLINE_S = 5.0


class Board:
    """One simulated board with its bus, opened as often as asked unless `missing`."""

    def __init__(self, warm: bool = True) -> None:
        self.writes: list[tuple[int, bytes]] = []
        self.chip = SimMcp23008()
        self.bus = SimI2cBus(
            {0x20: self.chip}, lambda _, register, data: self.writes.append((register, data))
        )
        self.missing = False
        self.opened = 0
        if warm:
            self.open().initialise()
            self.opened = 0
            self.writes.clear()

    def open(self) -> Mcp23008Bank:
        self.opened += 1
        if self.missing:
            raise ChipNotFound("i2c", "open /dev/i2c-1", "no such bus")
        return Mcp23008Bank(self.bus, Mcp23008Settings())

    def latch(self) -> int:
        return self.chip.read(0x0A, 1)[0]


def state(*closed: int, cold: bool = False) -> BankState:
    return BankState("main", cold, tuple(relay in closed for relay in range(8)))


# --- one board, time moved by hand --------------------------------------------------


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def link(board: Board, clock: ManualClock) -> BankLink:
    return BankLink("main", board.open, clock, poll_s=2.0)


def test_first_look_is_news_and_the_same_again_is_not(link: BankLink, clock: ManualClock):
    assert link.news() == state()
    assert link.due_s == clock.monotonic_s() + 2.0
    assert link.news() is None


def test_change_that_nobody_ordered_is_news(link: BankLink, board: Board):
    link.news()
    board.chip.write(0x0A, b"\x02")
    assert link.news() == state(1)
    board.chip.power_loss()
    assert link.news() == state(cold=True)


def test_own_write_is_no_news(link: BankLink):
    link.news()
    assert link.write({3: True})() == RelayResult("main", {3: True}, {3: True})
    assert link.news() is None


def test_pin_that_does_not_follow_is_told_once_by_the_result(link: BankLink, board: Board):
    link.news()
    board.chip.drive_pins(mask=0x08, levels=0)
    assert link.write({3: True})() == RelayResult("main", {3: True}, {3: False})
    assert link.news() is None
    board.chip.drive_pins(mask=0, levels=0)
    assert link.news() == state(3)


def test_loss_is_told_once_and_retried_with_growing_pauses_up_to_ten_seconds(
    link: BankLink, board: Board, clock: ManualClock, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    link.news()
    board.bus.unplug(0x20)
    lost = link.news()
    assert isinstance(lost, BankLost)
    assert "mcp23008@0x20: read IODIR: nothing answers" in lost.error
    pauses = []
    for _ in range(7):
        pauses.append(link.due_s - clock.monotonic_s())
        clock.advance(pauses[-1])
        assert link.news() is None
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]

    board.bus.plug(0x20, board.chip)
    assert link.news() == state()
    assert link.due_s == clock.monotonic_s() + 2.0
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]

    board.bus.unplug(0x20)
    assert isinstance(link.news(), BankLost)
    assert link.due_s == clock.monotonic_s() + 0.5


def test_board_that_lost_power_while_away_comes_back_cold(link: BankLink, board: Board):
    link.news()
    board.bus.unplug(0x20)
    link.news()
    board.chip.power_loss()
    board.bus.plug(0x20, board.chip)
    assert link.news() == state(cold=True)


def test_bus_is_opened_anew_after_each_loss_and_only_then(link: BankLink, board: Board):
    link.news()
    link.news()
    assert board.opened == 1
    board.bus.faults.stuck = True
    link.news()
    board.bus.faults.stuck = False
    board.missing = True
    link.news()
    board.missing = False
    assert link.news() == state()
    assert board.opened == 3


def test_write_to_a_lost_board_is_answered_without_touching_the_bus(link: BankLink, board: Board):
    board.missing = True
    link.news()
    board.missing = False
    result = link.write({0: True, 1: False})()
    assert result.read_back == {0: None, 1: None}
    assert "no such bus" in result.error
    assert board.opened == 1


def test_failed_write_makes_the_board_due_at_once_and_tells_where_it_stands(
    link: BankLink, board: Board, clock: ManualClock
):
    link.news()
    board.bus.faults.corrupt_writes, board.bus.faults.flip = 1, 0x80
    result = link.write({0: True})()
    assert "reads 0x81, expected 0x01" in result.error
    assert result.read_back == {0: None}
    assert link.due_s == clock.monotonic_s()
    assert link.news() == state(0, 7)


def test_initialise_brings_a_cold_board_up_once(clock: ManualClock):
    board = Board(warm=False)
    link = BankLink("main", board.open, clock, poll_s=2.0)
    assert link.look() == state(cold=True)
    assert link.initialise() == state()
    link.write({5: True})()
    assert link.initialise() == state(5)  # the late twin of the first request
    assert board.latch() == 0x20


def test_board_that_refuses_to_come_up_is_lost_with_growing_pauses(clock: ManualClock):
    board = Board(warm=False)
    link = BankLink("main", board.open, clock, poll_s=2.0)
    pauses = []
    for _ in range(3):
        assert link.look() == state(cold=True)
        board.bus.faults.corrupt_writes = 100
        assert isinstance(link.initialise(), BankLost)
        board.bus.faults = Faults()
        pauses.append(link.due_s - clock.monotonic_s())
    assert pauses == [0.5, 1.0, 2.0]
    link.look()
    assert link.initialise() == state()


def test_bug_in_a_driver_is_logged_and_counts_as_a_loss(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
):
    def open_broken() -> Mcp23008Bank:
        raise ZeroDivisionError("oops")

    link = BankLink("main", open_broken, clock, poll_s=2.0)
    lost = link.news()
    assert isinstance(lost, BankLost)
    assert "ZeroDivisionError" in lost.error
    assert "Traceback" in caplog.text


def test_relay_that_does_not_exist_is_answered_with_an_error(link: BankLink, board: Board):
    link.news()
    assert "relay 8, expected 0..7" in link.write({8: True})().error
    assert board.writes == []


# --- the thread ---------------------------------------------------------------------


class Reports:
    """What the worker delivered, in order."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Report] = queue.Queue()

    def next(self) -> Report:
        return self.queue.get(timeout=DEADLINE_S)

    def until(self, wanted: Report) -> list[Report]:
        seen = [self.next()]
        while seen[-1] != wanted:
            seen.append(self.next())
        return seen


@contextlib.contextmanager
def running(
    banks: Mapping[str, Callable[[], Mcp23008Bank]], poll_s: float = 0.01
) -> Iterator[tuple[BankWorker, Reports]]:
    reports = Reports()
    worker = BankWorker("i2c-1", banks, reports.queue.put, SystemClock(), poll_s)
    worker.start()
    try:
        yield worker, reports
    finally:
        worker.stop()


def test_board_that_is_missing_at_the_start_is_found_later(board: Board):
    board.missing = True
    with running({"main": board.open}) as (_, reports):
        assert isinstance(reports.next(), BankLost)
        board.missing = False
        assert reports.next() == state()


def test_cold_board_is_initialised_and_written(board: Board):
    board.chip.power_loss()
    with running({"main": board.open}) as (worker, reports):
        assert reports.next() == state(cold=True)
        assert worker.post(InitialiseBank("main"))
        assert reports.next() == state()
        assert worker.post(WriteRelays("main", {0: True}))
        assert reports.next() == RelayResult("main", {0: True}, {0: True})


def test_orders_are_carried_out_in_the_order_they_came(board: Board):
    with running({"main": board.open}, poll_s=60.0) as (worker, reports):
        assert reports.next() == state()
        wanted = [{n % 8: n % 3 == 0} for n in range(40)]
        for closed in wanted:
            assert worker.post(WriteRelays("main", closed))
        results = [reports.next() for _ in wanted]
    assert [r.wanted for r in results if isinstance(r, RelayResult)] == wanted
    assert len(board.writes) == 40


def carried_out(
    banks: Mapping[str, Callable[[], Mcp23008Bank]], *orders: WriteRelays
) -> list[RelayResult]:
    """The results of orders that all waited when the thread began."""
    reports = Reports()
    worker = BankWorker("i2c-1", banks, reports.queue.put, SystemClock(), 60.0)
    worker.inspect_all()
    for order in orders:
        assert worker.post(order)
    worker.start()
    worker.stop()
    results = [reports.queue.get_nowait() for _ in range(reports.queue.qsize())]
    return [result for result in results if isinstance(result, RelayResult)]


class Listener(SimI2cBus):
    """A bus that writes down what goes over it: the register, "w" for written."""

    def __init__(self, board: Board) -> None:
        super().__init__({0x20: board.chip, 0x21: SimMcp23008()})
        self.heard: list[tuple[int, int, str]] = []

    def exchange(self, i2c_addr: int, data: bytes, length: int, /) -> bytes:
        self.heard.append((i2c_addr, data[0], "r" if length else "w"))
        return super().exchange(i2c_addr, data, length)


def test_all_boards_move_before_the_first_of_them_is_read_back(board: Board):
    bus = Listener(board)
    Mcp23008Bank(bus, Mcp23008Settings(0x21)).initialise()
    banks = {f"{n:x}": partial(Mcp23008Bank, bus, Mcp23008Settings(n)) for n in (0x20, 0x21)}
    began_s = time.monotonic()
    first, second = carried_out(
        banks, WriteRelays("20", {0: True, 5: True}), WriteRelays("21", {1: True})
    )
    begin = bus.heard.index((0x20, 0x0A, "w"))
    assert bus.heard[begin : begin + 3] == [(0x20, 0x0A, "w"), (0x21, 0x0A, "w"), (0x20, 0, "r")]
    assert (first, second) == (
        RelayResult("20", {0: True, 5: True}, {0: True, 5: True}),
        RelayResult("21", {1: True}, {1: True}),
    )
    assert began_s < first.moved_s < second.moved_s < time.monotonic()


def test_second_order_for_a_board_waits_until_the_first_was_read_back(board: Board):
    banks = {"main": board.open}
    orders = [WriteRelays("main", {0: True}), WriteRelays("main", {0: False, 1: True})]
    results = carried_out(banks, *orders)
    assert [result.read_back for result in results] == [order.closed for order in orders]
    assert board.latch() == 0b10


def test_order_that_came_early_is_carried_out_at_its_time(board: Board):
    at_s = SystemClock().monotonic_s() + 0.008
    (result,) = carried_out({"main": board.open}, WriteRelays("main", {0: True}, at_s))
    assert result.moved_s >= at_s


def test_order_with_a_time_far_ahead_holds_nobody_up(board: Board):
    far_s = SystemClock().monotonic_s() + 3600.0
    began_s = time.monotonic()
    (result,) = carried_out({"main": board.open}, WriteRelays("main", {0: True}, far_s))
    assert result.read_back == {0: True}
    assert time.monotonic() - began_s < 1.0


def test_order_waits_for_the_look_at_one_board_only(board: Board):
    """Eight boards take 20 ms to look at, and no relay waits for that."""
    bus = Listener(board)
    Mcp23008Bank(bus, Mcp23008Settings(0x21)).initialise()
    bus.heard.clear()
    banks = {f"{n:x}": partial(Mcp23008Bank, bus, Mcp23008Settings(n)) for n in (0x20, 0x21)}
    reports = Reports()
    worker = BankWorker("i2c-1", banks, reports.queue.put, SystemClock(), 60.0)
    worker.post(WriteRelays("20", {0: True}))  # while both are due for their first look
    worker.start()
    while reports.next().bank != "21":
        pass
    worker.stop()
    addresses = [address for address, _, _ in bus.heard]
    assert (0x20, 0x0A, "w") in bus.heard[: addresses.index(0x21)]


def test_board_that_fails_to_move_spoils_no_other(board: Board):
    lost = Board()
    lost.bus.unplug(0x20)
    banks = {"lost": lost.open, "main": board.open}
    failed, moved = carried_out(
        banks, WriteRelays("lost", {0: True}), WriteRelays("main", {0: True})
    )
    assert failed.error
    assert (failed.moved_s, failed.read_back) == (None, {0: None})
    assert (moved.error, moved.read_back) == ("", {0: True})


def test_two_boards_share_the_thread_and_one_of_them_may_fail(board: Board):
    other = Board()
    other.missing = True
    with running({"main": board.open, "aux": other.open}) as (worker, reports):
        assert {type(reports.next()) for _ in range(2)} == {BankState, BankLost}
        worker.post(WriteRelays("aux", {0: True}))
        worker.post(WriteRelays("main", {0: True}))
        refused, done = reports.next(), reports.next()
    assert isinstance(refused, RelayResult)
    assert refused.error
    assert done == RelayResult("main", {0: True}, {0: True})


def test_unplugged_board_is_lost_and_found_with_its_relays(board: Board):
    with running({"main": board.open}) as (worker, reports):
        worker.post(WriteRelays("main", {2: True}))
        reports.until(RelayResult("main", {2: True}, {2: True}))
        board.bus.unplug(0x20)
        assert isinstance(reports.next(), BankLost)
        board.bus.plug(0x20, board.chip)
        assert reports.next() == state(2)


def test_brown_out_is_noticed_without_any_order(board: Board):
    with running({"main": board.open}) as (_, reports):
        assert reports.next() == state()
        board.chip.power_loss()
        assert reports.next() == state(cold=True)


def test_full_inbox_refuses_and_keeps_what_it_has(board: Board):
    gate = threading.Event()
    reports = Reports()

    def open_slowly() -> Mcp23008Bank:
        gate.wait(DEADLINE_S)
        return board.open()

    worker = BankWorker(
        "i2c-1", {"main": open_slowly}, reports.queue.put, SystemClock(), 60.0, inbox_limit=2
    )
    worker.start()
    taken = [worker.post(WriteRelays("main", {n: True})) for n in range(4)]
    gate.set()
    worker.stop()
    assert taken == [True, True, False, False]
    assert board.latch() == 0x03
    assert not worker.post(WriteRelays("main", {7: True}))  # stopped: taken by nobody


def test_unknown_board_is_the_callers_mistake(board: Board):
    worker = BankWorker("i2c-1", {"main": board.open}, lambda _: None, ManualClock())
    with pytest.raises(ValueError, match="no relay board 'mian'"):
        worker.post(WriteRelays("mian", {0: True}))


def test_stopping_ends_the_thread_and_moves_nothing(board: Board):
    with running({"main": board.open}) as (worker, reports):
        worker.post(WriteRelays("main", {1: True, 6: True}))
        reports.until(RelayResult("main", {1: True, 6: True}, {1: True, 6: True}))
        board.writes.clear()
    assert board.writes == []
    assert board.latch() == 0x42
    assert not [t for t in threading.enumerate() if t.name == "relays i2c-1"]


def test_stopping_does_not_wait_for_the_next_poll(board: Board):
    with running({"main": board.open}, poll_s=60.0) as (_, reports):
        reports.next()
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 1.5


def test_start_up_look_tells_found_and_lost_and_is_not_repeated(board: Board):
    missing = Board()
    missing.missing = True
    reports = Reports()
    worker = BankWorker(
        "i2c-1", {"main": board.open, "aux": missing.open}, reports.queue.put, SystemClock(), 0.01
    )
    found, lost = worker.inspect_all()
    assert found == state()
    assert isinstance(lost, BankLost)
    assert lost.bank == "aux"
    worker.start()
    worker.post(WriteRelays("main", {0: True}))
    assert reports.next() == RelayResult("main", {0: True}, {0: True})
    worker.stop()


def test_stalled_bus_delays_the_worker_and_nobody_else(board: Board):
    stalled = threading.Event()
    release = threading.Event()

    def stall(_: float) -> None:
        stalled.set()
        release.wait(DEADLINE_S)

    board.bus = SimI2cBus({0x20: board.chip}, sleep=stall)
    with running({"main": board.open}, poll_s=60.0) as (worker, reports):
        assert reports.next() == state()
        board.bus.faults.stalls = 1
        began_s = time.monotonic()
        assert worker.post(WriteRelays("main", {0: True}))
        assert stalled.wait(DEADLINE_S)
        assert worker.post(WriteRelays("main", {1: True}))
        assert time.monotonic() - began_s < 1.0
        release.set()
        assert [reports.next(), reports.next()] == [
            RelayResult("main", {0: True}, {0: True}),
            RelayResult("main", {1: True}, {1: True}),
        ]


def test_timeout_of_a_hung_board_reaches_the_result(board: Board):
    with running({"main": board.open}, poll_s=60.0) as (worker, reports):
        assert reports.next() == state()
        board.bus.faults.stuck = True
        worker.post(WriteRelays("main", {0: True}))
        result = reports.next()
        assert isinstance(result, RelayResult)
        assert result.error == str(
            BusTimeout("mcp23008@0x20", "write OLAT", "the bus is stuck or the chip holds it")
        )
        assert isinstance(reports.next(), BankLost)

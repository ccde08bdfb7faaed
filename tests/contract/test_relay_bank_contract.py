# SPDX-License-Identifier: Apache-2.0
"""What every relay board driver must do, shown on its simulated board.

A new driver adds a rig to RIGS and gets all of these tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdu_agent.hw.gpio_relays import GpioBank, GpioRelaySettings
from pdu_agent.hw.lcus import LcusBank, LcusSettings
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.mcp23017 import Mcp23017Bank, Mcp23017Settings
from pdu_agent.hw.numato import NumatoBank, NumatoSettings
from pdu_agent.hw.ports import RelayBank
from pdu_agent.hw.relay_memory import RelayMemory
from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.hw.sim.gpio import SimGpioChip
from pdu_agent.hw.sim.i2c import Faults, SimI2cBus
from pdu_agent.hw.sim.lcus import SimLcus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.sim.mcp23017 import SimMcp23017
from pdu_agent.hw.sim.numato import SimNumato
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import HardwareError
from tests.hw.pipdu_bench import BOOT_S, Bench
from tests.hw.relays import switched
from tests.peers import require_terminals


@dataclass
class Rig:
    """A board under test. `relays` is what its contacts do, each position it ever had.

    open_bank: a driver as after a restart of the agent. writes: every write to the board,
    as (place, bytes). faults: by name, what breaks the board until `heal`.
    """

    open_bank: Callable[[], RelayBank]
    relays: list[tuple[bool, ...]]
    writes: list[tuple[int, bytes]]
    power_loss: Callable[[], None]
    unplug: Callable[[], None]
    plug: Callable[[], None]
    faults: dict[str, Callable[[], None]] = field(default_factory=dict)
    heal: Callable[[], None] = lambda: None
    keeps_power: bool = True
    """Does an unplugged board go on to supply its relays?"""
    reads_back: bool = True
    at_power_up: bool = False
    """What the board's relays do by themselves when it gets its supply."""
    cold_state: bool | None = False
    """What the driver knows of them then."""
    is_one_transaction: bool = True
    """Does a batch reach the board as one write, moving all its relays at once?"""
    settle: Callable[[], None] = lambda: None
    close: Callable[[], None] = lambda: None

    def history(self) -> list[tuple[bool, ...]]:
        """`relays`, once the board has heard everything."""
        self.settle()
        return self.relays

    @property
    def powered_up(self) -> tuple[bool, ...]:
        return (self.at_power_up,) * len(self.relays[-1])

    @property
    def cold(self) -> tuple[bool, tuple[bool | None, ...]]:
        """How such a board is found."""
        return True, (self.cold_state,) * len(self.relays[-1])

    def has_closed_one(self) -> bool:
        """Did any relay close since the history was forgotten?"""
        return any(
            after and not before
            for old, new in pairwise(self.history())
            for before, after in zip(old, new, strict=True)
        )

    def answer(self, closed: dict[int, bool]) -> dict[int, bool | None]:
        """What a write of these returns when all is well."""
        return closed if self.reads_back else dict.fromkeys(closed)

    def warm_bank(self, *closed: int) -> RelayBank:
        """A board that is up, with these relays closed; its history is forgotten."""
        bank = self.open_bank()
        bank.initialise()
        if closed:
            switched(bank, dict.fromkeys(closed, True))
        self.forget()
        return bank

    def found_again(self, bank: RelayBank) -> RelayBank:
        """The driver that its worker goes on with: another one when this finds no board."""
        try:
            bank.inspect()
        except HardwareError:
            bank.close()
            return self.open_bank()
        return bank

    def forget(self) -> None:
        del self.history()[:-1]
        self.writes.clear()


def expander_rig(chip_class, bank_class, chosen) -> Rig:
    relay_count, active_low, address = chosen.relay_count, chosen.active_low, chosen.address
    relays: list[tuple[bool, ...]] = []
    writes: list[tuple[int, bytes]] = []

    def on_outputs(driven: int, levels: int) -> None:
        # A pin that is not driven leaves its relay open on either kind of board.
        closing = driven & (~levels if active_low else levels)
        relays.append(tuple(bool(closing >> relay & 1) for relay in range(relay_count)))

    chip = chip_class(on_outputs=on_outputs)
    bus = SimI2cBus(
        {address: chip}, lambda _, register, data: writes.append((register, data)), sleep=len
    )

    def heal() -> None:
        bus.faults = Faults()

    return Rig(
        open_bank=lambda: bank_class(bus, chosen),
        relays=relays,
        writes=writes,
        power_loss=chip.power_loss,
        unplug=lambda: bus.unplug(address),
        plug=lambda: bus.plug(address, chip),
        faults={
            "nack": lambda: setattr(bus.faults, "nacks", 1000),
            "stuck": lambda: setattr(bus.faults, "stuck", True),
            "corrupt writes": lambda: setattr(bus.faults, "corrupt_writes", 1000),
            "corrupt reads": lambda: setattr(bus.faults, "corrupt_reads", 1000),
        },
        heal=heal,
    )


def mcp23008_rig(**chosen) -> Rig:
    return expander_rig(SimMcp23008, Mcp23008Bank, Mcp23008Settings(**chosen))


def mcp23017_rig(**chosen) -> Rig:
    return expander_rig(SimMcp23017, Mcp23017Bank, Mcp23017Settings(**chosen))


def one_at_a_time(make: Callable[[], RelayBank]) -> Callable[[], RelayBank]:
    """A process that ends lets go of its lines and ports."""
    opened: list[RelayBank] = []

    def open_bank() -> RelayBank:
        while opened:
            opened.pop().close()
        opened.append(make())
        return opened[0]

    return open_bank


def gpio_rig(*lines: int, active_low: bool = False) -> Rig:
    relays: list[tuple[bool, ...]] = []

    def on_outputs(driven: int, levels: int) -> None:
        closing = driven & (~levels if active_low else levels)
        relays.append(tuple(bool(closing >> line & 1) for line in lines))

    chosen = GpioRelaySettings(lines=lines, active_low=active_low)
    chip = SimGpioChip(32, ManualClock(), on_outputs)

    def power_loss() -> None:
        chip.unplug()
        chip.plug()

    return Rig(
        open_bank=one_at_a_time(lambda: GpioBank(chip, chosen)),
        relays=relays,
        writes=chip.writes,
        power_loss=power_loss,
        unplug=chip.unplug,
        plug=chip.plug,
        keeps_power=False,
        faults={"broken": lambda: setattr(chip, "is_broken", True)},
        heal=lambda: setattr(chip, "is_broken", False),
    )


def lcus_rig(folder: Path, **chosen) -> Rig:
    settings = LcusSettings(**chosen)

    def make(port: SerialPort, memory: RelayMemory) -> RelayBank:
        return LcusBank(port, settings, memory)

    def board(relays: list[tuple[bool, ...]]) -> SimLcus:
        return SimLcus(
            folder / "ttyUSB0",
            settings.relay_count,
            relays.append,
            settings.own_supply,
            settings.status_query,
        )

    return serial_rig(folder, settings, board, make, is_one_transaction=False)


def numato_rig(folder: Path, **chosen) -> Rig:
    settings = NumatoSettings(**chosen)

    def make(port: SerialPort, memory: RelayMemory) -> RelayBank:
        return NumatoBank(port, settings, memory)

    def board(relays: list[tuple[bool, ...]]) -> SimNumato:
        return SimNumato(folder / "ttyACM0", settings.relay_count, relays.append)

    return serial_rig(folder, settings, board, make, is_one_transaction=settings.all_at_once)


def serial_rig(folder, settings, make_board, make_bank, is_one_transaction: bool) -> Rig:
    require_terminals()
    relays: list[tuple[bool, ...]] = []
    board = make_board(relays)
    board.start()
    opened: list[RelayBank] = []

    def open_bank() -> RelayBank:
        port = SerialPort("test", str(board.path), 9600)
        memory = RelayMemory(folder, "main", settings.relay_count)
        opened.append(make_bank(port, memory))
        return opened[-1]

    def power_loss() -> None:
        board.unplug()
        board.plug()

    def heal() -> None:
        board.is_silent = board.is_garbling = False

    def close() -> None:
        for bank in opened:
            bank.close()
        board.close()

    return Rig(
        open_bank=one_at_a_time(open_bank),
        relays=relays,
        writes=board.commands,
        power_loss=power_loss,
        unplug=board.unplug,
        plug=board.plug,
        faults={
            "silent": lambda: setattr(board, "is_silent", True),
            "garbled": lambda: setattr(board, "is_garbling", True),
        },
        heal=heal,
        keeps_power=settings.own_supply,
        reads_back=getattr(settings, "status_query", True),
        is_one_transaction=is_one_transaction,
        settle=board.settle,
        close=close,
    )


class TimedBank:
    """PiPDU's driver in a time that passes while it is at work."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._bank = bench.bank()
        self._has_heard = False
        self.relay_count = self._bank.relay_count
        self.close = self._bank.close
        self.read_back = self._bank.read_back

    def inspect(self) -> tuple[bool, tuple[bool | None, ...]]:
        return self._bench.while_time_passes(self._bank.inspect)

    def initialise(self) -> None:
        self._hear()
        self._bank.initialise()

    def write(self, closed: Mapping[int, bool]) -> None:
        self._hear()
        self._bank.write(closed)

    def _hear(self) -> None:
        """The first use waits for telemetry."""
        if not self._has_heard:
            self.inspect()
            self._has_heard = True


def pipdu_rig(folder: Path, firmware: str) -> Rig:
    require_terminals()
    relays: list[tuple[bool, ...]] = []
    bench = Bench(folder, firmware, relays.append)
    board = bench.board

    def plug() -> None:
        board.plug()
        bench.pass_time(BOOT_S)

    def power_loss() -> None:
        board.unplug()
        plug()

    bench.pass_time(BOOT_S)
    del relays[:-1]
    return Rig(
        open_bank=one_at_a_time(lambda: TimedBank(bench)),
        relays=relays,
        writes=board.commands,
        power_loss=power_loss,
        unplug=board.unplug,
        plug=plug,
        keeps_power=False,
        reads_back=False,
        at_power_up=True,
        cold_state=None,
        is_one_transaction=False,
        settle=board.settle,
        close=bench.close,
    )


RIGS: dict[str, Callable[[Path], Rig]] = {
    "mcp23008": lambda _: mcp23008_rig(),
    "mcp23008 active low": lambda _: mcp23008_rig(active_low=True, address=0x27),
    "mcp23008 five relays": lambda _: mcp23008_rig(relay_count=5, address=0x21),
    "mcp23017": lambda _: mcp23017_rig(),
    "mcp23017 active low": lambda _: mcp23017_rig(active_low=True, address=0x26),
    "mcp23017 eleven relays": lambda _: mcp23017_rig(relay_count=11),
    "gpio": lambda _: gpio_rig(5, 6, 13, 19, 26),
    "gpio active low": lambda _: gpio_rig(*range(8), active_low=True),
    "lcus": lambda folder: lcus_rig(folder, relay_count=8),
    "lcus that tells its states": lambda folder: lcus_rig(folder, relay_count=5, status_query=True),
    "pipdu first firmware": lambda folder: pipdu_rig(folder, "first"),
    "pipdu later firmware": lambda folder: pipdu_rig(folder, "later"),
    "numato": lambda folder: numato_rig(folder),
    "numato one by one": lambda folder: numato_rig(folder, all_at_once=False),
}
BUS_FAULTS = {
    "numato": ("silent",),
    "numato one by one": ("silent",),
    "mcp23008": ("nack", "stuck"),
    "mcp23017 active low": ("nack", "stuck"),
    "gpio active low": ("broken",),
}
FAULTS = BUS_FAULTS | {
    name: (*BUS_FAULTS[name], "corrupt writes", "corrupt reads")
    for name in ("mcp23008", "mcp23017 active low")
}
FAULTS["numato"] = ("silent", "garbled")


def under(faults: dict[str, tuple[str, ...]]) -> pytest.MarkDecorator:
    """Run with each of these faults on its board."""
    pairs = [(name, fault) for name, possible in faults.items() for fault in possible]
    return pytest.mark.parametrize(("rig", "fault"), pairs, indirect=["rig"])


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    made = RIGS[request.param](tmp_path)
    yield made
    made.close()


def none_closed(rig: Rig) -> tuple[bool, ...]:
    return (False,) * len(rig.history()[-1])


def test_board_without_power_since_the_last_run_is_cold(rig: Rig):
    assert rig.history()[-1] == rig.powered_up
    assert rig.open_bank().inspect() == rig.cold


def test_cold_start_never_closes_a_relay(rig: Rig):
    bank = rig.open_bank()
    bank.inspect()
    bank.initialise()
    assert not rig.has_closed_one()
    assert rig.history()[-1] == none_closed(rig)
    assert bank.inspect() == (False, none_closed(rig))


def test_write_moves_the_named_relays_and_reads_them_back(rig: Rig):
    bank = rig.warm_bank(0, 1)
    assert switched(bank, {1: False, 3: True}) == rig.answer({1: False, 3: True})
    expected = tuple(relay in (0, 3) for relay in range(bank.relay_count))
    assert rig.history()[-1] == expected
    assert bank.inspect() == (False, expected)


def test_batch_is_one_transaction(rig: Rig):
    bank = rig.warm_bank(2)
    switched(bank, {0: True, 1: True, 2: False, 4: True})
    if rig.is_one_transaction:
        assert len(rig.writes) == 1
        assert len(rig.history()) == 2  # before and after, nothing between
    assert rig.history()[-1][:5] == (True, True, False, False, True)


def test_restarted_agent_finds_the_relays_as_they_are_and_changes_nothing(rig: Rig):
    rig.warm_bank(1, 4)
    bank = rig.open_bank()
    cold, closed = bank.inspect()
    assert not cold
    assert closed == rig.history()[-1]
    assert rig.writes == []
    assert len(rig.history()) == 1


def test_first_write_after_a_restart_keeps_the_other_relays(rig: Rig):
    rig.warm_bank(1, 4)
    switched(rig.open_bank(), {0: True})  # even when nobody inspected before
    assert [n for n, closed in enumerate(rig.history()[-1]) if closed] == [0, 1, 4]
    assert len(rig.history()) == 2


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(st.dictionaries(st.integers(0, 4), st.booleans(), min_size=1), max_size=8))
def test_relays_follow_any_sequence_of_batches(rig: Rig, batches: list[dict[int, bool]]):
    bank = rig.warm_bank()
    switched(bank, dict.fromkeys(range(bank.relay_count), False))
    expected = dict.fromkeys(range(bank.relay_count), False)
    for batch in batches:
        assert switched(bank, batch) == rig.answer(batch)
        expected |= batch
        assert rig.history()[-1] == tuple(expected.values())


def test_relay_that_the_board_does_not_have_is_refused_before_anything_moves(rig: Rig):
    bank = rig.warm_bank(1)
    with pytest.raises(ValueError, match=f"relay {bank.relay_count}, expected"):
        switched(bank, {0: True, bank.relay_count: True})
    assert rig.writes == []


@under(FAULTS)
def test_failing_write_raises_a_hardware_error(rig: Rig, fault: str):
    bank = rig.warm_bank(1)
    rig.faults[fault]()
    with pytest.raises(HardwareError):
        switched(bank, {0: True})


@under(BUS_FAULTS)
def test_bus_fault_moves_nothing_and_the_board_works_again_afterwards(rig: Rig, fault: str):
    bank = rig.warm_bank(1)
    rig.faults[fault]()
    for attempt in (bank.inspect, bank.initialise, lambda: switched(bank, {0: True})):
        with pytest.raises(HardwareError):
            attempt()
    assert len(rig.history()) == 1
    rig.heal()
    assert bank.inspect() == (False, rig.history()[0])
    assert switched(bank, {2: True}) == rig.answer({2: True})
    assert [n for n, closed in enumerate(rig.history()[-1]) if closed] == [1, 2]


@under(FAULTS)
def test_cold_start_on_a_faulty_bus_closes_nothing(rig: Rig, fault: str):
    bank = rig.open_bank()
    rig.faults[fault]()
    with pytest.raises(HardwareError):
        bank.initialise()
    assert set(rig.history()) == {none_closed(rig)}
    rig.heal()
    bank.initialise()
    assert set(rig.history()) == {none_closed(rig)}
    assert bank.inspect() == (False, none_closed(rig))


def test_unplugged_board_raises_and_serves_again_when_it_is_back(rig: Rig):
    bank = rig.warm_bank(0)
    rig.unplug()
    with pytest.raises(HardwareError):
        bank.inspect()
    with pytest.raises(HardwareError):
        switched(bank, {1: True})
    rig.plug()
    bank = rig.found_again(bank)
    if rig.keeps_power:
        assert bank.inspect() == (False, rig.history()[0])
    else:
        assert bank.inspect() == rig.cold
        bank.initialise()
    assert switched(bank, {1: True}) == rig.answer({1: True})


def test_power_loss_between_two_writes_is_an_error_and_shows_as_cold(rig: Rig):
    bank = rig.warm_bank(0, 1)
    rig.power_loss()
    assert rig.history()[-1] == rig.powered_up
    with pytest.raises(HardwareError):
        switched(bank, {2: True})
    assert rig.history()[-1] == rig.powered_up
    bank = rig.found_again(bank)
    assert bank.inspect() == rig.cold
    bank.initialise()
    assert rig.history()[-1] == none_closed(rig)
    assert switched(bank, {2: True}) == rig.answer({2: True})


def test_closing_the_driver_leaves_the_relays(rig: Rig):
    rig.warm_bank(0, 3).close()
    assert rig.writes == []
    assert len(rig.history()) == 1

# SPDX-License-Identifier: Apache-2.0
"""What is particular to Numato modules; the rest is in the relay bank contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pdu_agent.hw.numato import NumatoBank, NumatoSettings, relay_name
from pdu_agent.hw.sim.numato import SimNumato
from pdu_agent.model.errors import BusTimeout, ConfigError
from tests.hw.relays import switched
from tests.hw.serial_rig import SerialBench, recorded

pytestmark = pytest.mark.usefixtures("terminals")

Make = Callable[..., SerialBench]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    benches: list[SerialBench] = []

    def make_one(**chosen: object) -> SerialBench:
        settings = NumatoSettings(**chosen)  # type: ignore[arg-type]
        board = SimNumato(tmp_path / "ttyACM0", settings.relay_count)
        benches.append(SerialBench(board, NumatoBank, settings, tmp_path))
        return benches[-1]

    yield make_one
    for bench in benches:
        bench.close()


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (8, {0: "0", 7: "7"}),
        (16, {9: "9", 10: "a", 15: "f"}),
        (32, {9: "9", 10: "A", 31: "V"}),
        (64, {0: "00", 9: "09", 63: "63"}),
    ],
)
def test_relays_are_named_as_the_size_of_the_module_wants(count: int, names: dict[int, str]):
    assert {relay: relay_name(relay, count) for relay in names} == names


def test_commands_are_the_recorded_ones(make: Make):
    known = recorded("numato8")
    bench = make()
    heard: list[bytes] = []
    receive = bench.board.receive
    bench.board.receive = lambda data: (heard.append(data), receive(data))[1]
    bank = bench.warm_bank()
    switched(bank, {0: True})
    switched(bank, {0: False})
    line = b"".join(heard)
    assert bytes.fromhex(known["on0"]) in line
    assert bytes.fromhex(known["off0"]) in line


@pytest.mark.parametrize("count", [8, 16, 32, 64])
def test_batch_is_one_command_that_keeps_the_other_relays(make: Make, count: int):
    bench = make(relay_count=count)
    bank = bench.warm_bank()
    last = count - 1
    switched(bank, {last: True})
    assert bench.board.commands == [f"relay on {relay_name(last, count)}"]
    bench.board.commands.clear()
    assert switched(bank, {0: True, 1: True}) == {0: True, 1: True}
    mask = 1 << last | 0b11
    assert bench.board.commands == [f"relay writeall {mask:0{count // 4}x}"]
    assert [n for n, closed in enumerate(bench.board.closed) if closed] == [0, 1, last]


def test_firmware_without_commands_for_all_is_asked_one_by_one(make: Make):
    bench = make(all_at_once=False)
    bench.board.knows_all_at_once = False
    bank = bench.warm_bank()
    assert switched(bank, {3: True, 4: True}) == {3: True, 4: True}
    assert bench.board.commands == ["relay on 3", "relay on 4"]
    assert bank.inspect()[1] == tuple(n in (3, 4) for n in range(8))


def test_firmware_that_does_not_know_a_command_says_so(make: Make):
    bench = make()
    bench.board.knows_all_at_once = False
    with pytest.raises(BusTimeout, match="relay readall: answered 'error'; is this a Numato"):
        bench.bank().inspect()


def test_welded_relay_shows_in_the_read_back(make: Make):
    bench = make()
    bank = bench.warm_bank()
    switched(bank, {5: True})
    bench.board.welded = {5}
    assert switched(bank, {5: False}) == {5: True}


def test_half_a_line_left_by_somebody_else_is_cleared_first(make: Make):
    bench = make()
    bench.warm_bank()
    bench.board._line = "relay on "  # typed by a terminal program, without its end
    assert switched(bench.bank(), {2: True}) == {2: True}
    assert bench.board.commands == ["relay on 2"]


def test_size_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match="relay_count: 12, expected 8, 16, 32 or 64"):
        NumatoSettings(relay_count=12)


def test_module_that_lost_its_supply_is_cold_and_one_at_work_is_not(make: Make, tmp_path: Path):
    bench = make()
    bank = bench.warm_bank()
    switched(bank, {1: True})
    bench.board.unplug()
    with pytest.raises(BusTimeout):
        bank.inspect()
    bench.board.plug()
    again = bench.bank()
    assert again.inspect() == (True, (False,) * 8)
    again.initialise()
    assert again.inspect() == (False, (False,) * 8)

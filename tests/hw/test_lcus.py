# SPDX-License-Identifier: Apache-2.0
"""What is particular to LCUS boards; the rest is in the relay bank contract."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pdu_agent.hw.lcus import LcusBank, LcusSettings, command
from pdu_agent.hw.sim.lcus import SimLcus
from pdu_agent.model.errors import BusTimeout, ChipNotFound
from tests.hw.relays import switched
from tests.hw.serial_rig import SerialBench, recorded

pytestmark = pytest.mark.usefixtures("terminals")

Make = Callable[..., SerialBench]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    benches: list[SerialBench] = []

    def make_one(**chosen: object) -> SerialBench:
        settings = LcusSettings(**{"relay_count": 4} | chosen)  # type: ignore[arg-type]
        board = SimLcus(
            tmp_path / "ttyUSB0",
            settings.relay_count,
            own_supply=settings.own_supply,
            tells_states=settings.status_query,
        )
        benches.append(SerialBench(board, LcusBank, settings, tmp_path))
        return benches[-1]

    yield make_one
    for bench in benches:
        bench.close()


def test_commands_are_the_known_ones():
    assert command(0, True) == bytes.fromhex("a00101a2")
    assert command(0, False) == bytes.fromhex("a00100a1")


def test_commands_are_the_recorded_ones():
    for row in recorded("lcus"):
        assert command(row["relay"] - 1, True).hex() == row["on"]
        assert command(row["relay"] - 1, False).hex() == row["off"]


def test_batch_is_one_stretch_of_commands_in_order(make: Make):
    bench = make()
    assert switched(bench.warm_bank(), {0: True, 2: True}) == {0: None, 2: None}
    bench.board.settle()
    assert bench.board.commands == [command(0, True), command(2, True)]


def test_restarted_agent_believes_what_was_told_before(make: Make):
    bench = make()
    switched(bench.warm_bank(), {1: True})
    assert bench.bank().inspect() == (False, (False, True, False, False))


def test_board_that_was_pulled_and_is_back_is_cold_even_while_nobody_looked(
    make: Make, tmp_path: Path
):
    bench = make()
    switched(bench.warm_bank(), {1: True})
    bench.bank().close()
    (tmp_path / "relays-left%2F1.json").write_text(
        '{"plug": "another", "closed": [true, true, true, true]}'
    )
    assert bench.bank().inspect() == (True, (False,) * 4)


def test_board_with_its_own_supply_keeps_its_relays_while_it_is_pulled(make: Make):
    bench = make(own_supply=True)
    bank = bench.bank()
    assert bank.inspect() == (False, (None,) * 4)  # nobody knows
    switched(bank, {1: True, 0: False})
    bench.board.settle()
    bench.board.unplug()
    with pytest.raises(BusTimeout):
        bank.inspect()
    bench.board.plug()
    assert bench.bank().inspect() == (False, (False, True, None, None))
    bench.board.settle()
    assert bench.board.closed == [False, True, False, False]


def test_board_pulled_during_a_write_is_cold_when_it_is_back(make: Make):
    bench = make()
    bank = bench.warm_bank()
    bench.board.unplug()
    with pytest.raises(BusTimeout):
        switched(bank, {0: True})
    with pytest.raises(ChipNotFound, match="no such device"):
        bench.bank().inspect()
    bench.board.plug()
    assert bench.bank().inspect() == (True, (False,) * 4)


def test_transfer_that_failed_on_a_board_that_stayed_plugged_costs_no_memory(
    make: Make, monkeypatch: pytest.MonkeyPatch
):
    """A disturbed USB transfer; taken for a lost supply, it would open all relays."""
    bench = make()
    bank = bench.warm_bank()
    switched(bank, {1: True})
    with monkeypatch.context() as patch:
        patch.setattr("serial.Serial.write", failing_write)
        with pytest.raises(BusTimeout, match="Input/output error"):
            switched(bank, {2: True})
    assert bench.bank().inspect() == (False, (False, True, None, False))


def failing_write(*_: object) -> int:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("text", ["[]", '{"plug": "x", "closed": [[], 0, 0, 0]}', "{", ""])
def test_memory_that_makes_no_sense_is_none(make: Make, tmp_path: Path, text: str):
    bench = make()
    bench.bank().close()
    (tmp_path / "relays-left%2F1.json").write_text(text, encoding="utf-8")
    assert bench.bank().inspect() == (True, (False,) * 4)


def test_board_that_tells_its_states_shows_a_welded_relay(make: Make):
    bench = make(status_query=True)
    bank = bench.warm_bank()
    switched(bank, {0: True, 1: True})
    bench.board.welded = {1}
    assert switched(bank, {0: False, 1: False}) == {0: False, 1: True}
    assert bank.inspect() == (False, (False, True, False, False))


def test_board_that_does_not_answer_the_query_says_so(make: Make):
    bench = make(status_query=True)
    bench.board.tells_states = False
    with pytest.raises(BusTimeout, match=r"ask for the states: no answer .*not a byte came"):
        bench.bank().inspect()


def test_relay_found_closed_proves_that_the_supply_lasted(make: Make, tmp_path: Path):
    bench = make(status_query=True)
    switched(bench.warm_bank(), {2: True})
    (tmp_path / "relays-left%2F1.json").unlink()
    assert bench.bank().inspect() == (False, (False, False, True, False))


def test_folder_that_cannot_be_written_does_not_stop_the_switching(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    bench = make()
    bank = bench.warm_bank()
    (tmp_path / "relays-left%2F1.new").mkdir()
    switched(bank, {3: True})
    bench.board.settle()
    assert bench.board.closed == [False, False, False, True]
    assert "relay states are not kept" in caplog.text


def test_port_of_another_program_is_told_and_costs_no_memory(make: Make):
    bench = make()
    first = bench.warm_bank()
    switched(first, {0: True})
    other = SerialBench.bank
    bench._bank = None  # the first driver goes on holding the port
    with pytest.raises(BusTimeout, match="another program is using this port"):
        other(bench).inspect()
    first.close()
    assert bench.bank().inspect() == (False, (True, False, False, False))

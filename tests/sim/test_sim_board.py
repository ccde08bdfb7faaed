# SPDX-License-Identifier: Apache-2.0
"""The simulated power strip as drivers and people see it."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from pdu_agent.app.demo import VOLTAGE_DIVIDER, currents_of
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.sim.ads130e08 import SimAds130e08
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Target, TargetKind
from tests.sim.strip import make_strip, source_of

INLET = Target(TargetKind.INLET, 1)
CT_RATIO, BURDEN_OHM = 1000.0, 50.0


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


def make_board(tmp_path, count=8, **options) -> SimulatedBoard:
    clock = options.pop("clock", None) or ManualClock()
    return make_strip(count, clock, clock.advance, tmp_path, **options)


def converters(board: SimulatedBoard) -> list[SimAds130e08]:
    return [port.converter for port in board.ports.values()]


def bank_of(board: SimulatedBoard, number: int = 0) -> Mcp23008Bank:
    return Mcp23008Bank(board.bus("sim"), Mcp23008Settings(address=0x20 + number))


def test_the_demo_measures_the_inlet_first_and_seven_currents_a_converter():
    first, second = currents_of(8)
    assert first == [INLET, *(outlet(n) for n in range(1, 7))]
    assert second == [outlet(7), outlet(8)]
    assert [len(currents) for currents in currents_of(64)] == [7] * 9 + [2]
    assert len(currents_of(6)) == 1
    targets = [target for currents in currents_of(20) for target in currents]
    assert targets == [INLET, *(outlet(n) for n in range(1, 21))]


def test_new_board_is_cold_with_every_relay_open(tmp_path):
    board = make_board(tmp_path)
    assert bank_of(board).inspect() == (True, (False,) * 8)
    assert not any(board.contacts.closed(n) for n in range(1, 9))


def test_board_at_work_has_every_relay_closed_and_no_inrush(tmp_path):
    log = tmp_path / "relays.log"
    board = make_board(tmp_path, 10, already_running=True, relay_log=log)
    assert bank_of(board, 0).inspect() == (False, (True,) * 8)
    second = Mcp23008Bank(board.bus("sim"), Mcp23008Settings(address=0x21, relay_count=2))
    assert second.inspect() == (False, (True, True))
    for number in range(1, 11):
        assert 0 < board.truth(outlet(number), 0.0).active_power_w < 200
    board.close()
    assert log.read_text(encoding="ascii") == ""


def test_registers_survive_the_process_and_count_as_found(tmp_path):
    log = tmp_path / "relays.log"
    bank_of(make_board(tmp_path, already_running=True)).write({})
    first = make_board(tmp_path, already_running=True)
    bank = bank_of(first)
    bank.inspect()
    bank.write({2: False})
    again = make_board(tmp_path, already_running=True, relay_log=log)
    assert [again.contacts.closed(n) for n in range(1, 9)] == [True, True, False] + [True] * 5
    assert bank_of(again).inspect()[0] is False
    assert again.truth(outlet(3)).current_a == 0.0
    assert again.truth(outlet(1)).current_a > 0.5
    again.close()
    assert log.read_text(encoding="ascii") == ""


def test_only_real_movements_are_logged(tmp_path):
    log, clock = tmp_path / "relays.log", ManualClock(wall_s=1_800_000_000.25)
    board = make_board(tmp_path, clock=clock, relay_log=log)
    bank = bank_of(board)
    bank.initialise()
    bank.write({0: True, 6: True})
    clock.advance(1.5)
    bank.write({0: True, 6: False})
    lines = log.read_text(encoding="ascii").splitlines()  # complete without closing
    assert lines == [
        "1800000000.250000 1 1",
        "1800000000.250000 7 1",
        "1800000001.750000 7 0",
    ]
    board.close()


def test_relays_beyond_the_outlets_move_nothing(tmp_path):
    log = tmp_path / "relays.log"
    board = make_board(tmp_path, 3, relay_log=log)
    bank = bank_of(board)
    bank.initialise()
    bank.write({2: True, 5: True})
    board.close()
    assert [line.split()[1:] for line in log.read_text(encoding="ascii").splitlines()] == [
        ["3", "1"]
    ]


def test_switched_load_draws_its_inrush_then_its_current(tmp_path):
    board = make_board(tmp_path)
    bank = bank_of(board)
    bank.initialise()
    bank.write({0: True})
    assert board.truth(outlet(1)).current_a > 4.0
    board.clock.advance(5.0)
    assert board.truth(outlet(1)).current_a == pytest.approx(0.62, abs=0.1)
    assert board.truth(INLET).active_power_w > board.truth(outlet(1)).active_power_w


def test_power_loss_drops_relays_and_resets_converters(tmp_path):
    log = tmp_path / "relays.log"
    board = make_board(tmp_path, already_running=True, relay_log=log)
    source_of(board, 0)
    board.power_loss()
    assert bank_of(board).inspect() == (True, (False,) * 8)
    assert [chip.first_ready_s for chip in converters(board)] == [None, None]
    board.close()
    assert len(log.read_text(encoding="ascii").splitlines()) == 8
    assert bank_of(make_board(tmp_path, already_running=True)).inspect()[0] is True


def test_samples_say_what_the_truth_says(tmp_path):
    board = make_board(tmp_path, already_running=True, queue_s=0.2)
    for number, currents in enumerate(currents_of(8)):
        source = source_of(board, number)
        start_s = board.clock.monotonic_s()
        blocks = [source.read_block() for _ in range(34)]
        middle_s = (start_s + board.clock.monotonic_s()) / 2
        counts = np.concatenate([block.counts for block in blocks], axis=1)[:, :16_000]
        volts = (counts - counts.mean(axis=1, keepdims=True)) * source.volts_per_count
        rms = np.sqrt(np.mean(volts**2, axis=1))
        truth = board.truth(currents[0], middle_s)
        assert rms[0] * VOLTAGE_DIVIDER == pytest.approx(truth.voltage_v, rel=5e-4)
        for channel, target in enumerate(currents, 1):
            current_a = rms[channel] * CT_RATIO / BURDEN_OHM
            truth = board.truth(target, middle_s)
            # 0.7 codes of noise and the rounding add in quadrature: 1.1 mA
            expected = math.hypot(truth.current_a, 0.0011)
            assert current_a == pytest.approx(expected, rel=1e-3, abs=2e-4)
        assert not any(block.lost_samples or block.clipped for block in blocks)
        assert not counts[1 + len(currents) :].any()


def test_two_converters_read_in_turns_lose_nothing_with_a_queue(tmp_path):
    board = make_board(tmp_path, already_running=True, queue_s=0.2)
    sources = [source_of(board, number) for number in range(2)]
    blocks = [[source.read_block() for source in sources] for _ in range(20)]
    assert not any(block.lost_samples for pair in blocks[1:] for block in pair)
    apart_s = [pair[0].t_mono_s - pair[1].t_mono_s for pair in blocks[5:]]
    assert np.ptp(apart_s) < 0.001


def digest_of_hours(tmp_path, seed: int, hours: float) -> str:
    """SHA-256 over a block every 36 s for `hours` simulated hours."""
    tmp_path.mkdir()
    board = make_board(tmp_path, seed=seed, already_running=True)
    source = source_of(board, 0)
    digest = hashlib.sha256()
    for _ in range(round(hours * 100)):
        digest.update(source.read_block().counts.tobytes())
        board.clock.advance(36.0 - 0.06)
    return digest.hexdigest()


def test_an_hour_is_the_same_for_the_same_seed_only(tmp_path):
    first = digest_of_hours(tmp_path / "a", 7, 1.0)
    assert digest_of_hours(tmp_path / "b", 7, 1.0) == first
    assert digest_of_hours(tmp_path / "c", 8, 1.0) != first

# SPDX-License-Identifier: Apache-2.0
"""The budget of coils: at most so many relays move in any interval, and all get their turn."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdu_agent.core.outlets.outlet import CLOSE_STEPS, OutletMachine
from pdu_agent.core.outlets.scheduler import RelayScheduler
from pdu_agent.core.outlets.steps import Step
from pdu_agent.core.settings import MIN_ACTUATION_GAP_S, DeviceSettings
from pdu_agent.model.commands import Action, SwitchOutlet
from pdu_agent.model.size import MAX_OUTLETS
from tests.core.bench import Workbench

TICK_S = 0.001


class Plant:
    """Relays that answer `delay` ticks after the time of their order; keeps that time and when
    each was answered: the relay moves somewhere in between.
    """

    def __init__(self, scheduler: RelayScheduler, answer_after: list[int]) -> None:
        self.scheduler = scheduler
        self.machines: dict[int, OutletMachine] = {}
        self.moves: list[tuple[int, bool, float, float]] = []  # outlet, closing, order, answer
        self._answer_after = answer_after
        self._pending: list[tuple[float, int, bool, float]] = []

    def order(self, outlet: int, closing: bool, now_s: float) -> None:
        step = Step.CLOSE_QUEUED if closing else Step.OPEN_QUEUED
        self.machines[outlet] = OutletMachine(step, not closing, queued_s=now_s)

    def run(self, ticks: int, first_tick: int = 0) -> None:
        for tick in range(first_tick, first_tick + ticks):
            now_s = tick * TICK_S
            for entry in [entry for entry in self._pending if entry[0] <= now_s]:
                self._pending.remove(entry)
                _, outlet, closing, ordered_s = entry
                self.scheduler.done(outlet, now_s)
                self.moves.append((outlet, closing, ordered_s, now_s))
            for outlet in self.scheduler.grant(self.machines, now_s):
                machine = self.machines.pop(outlet)
                delay = self._answer_after[len(self.moves) % len(self._answer_after)]
                at_s = self.scheduler.at_s(outlet)
                due_s = at_s + (delay - 0.5) * TICK_S
                self._pending.append((due_s, outlet, machine.step in CLOSE_STEPS, at_s))


def most_in_any(interval_s: float, moves: list[tuple[int, bool, float, float]]) -> int:
    """The most relays that may have moved within one interval, each at any moment between
    its order and its answer.
    """
    return max(
        sum(
            order <= end + interval_s - TICK_S / 2 and answer >= end
            for _, _, order, answer in moves
        )
        for _, _, _, end in moves
    )


@settings(max_examples=40, deadline=None)
@given(
    budget=st.integers(1, 5),
    interval=st.integers(1, 60),
    gap=st.sampled_from([0.0, 0.01, 0.05]),
    orders=st.lists(
        st.tuples(st.integers(1, 12), st.booleans()),
        min_size=1,
        max_size=12,
        unique_by=lambda o: o[0],
    ),
    answer_after=st.lists(st.integers(0, 8), min_size=1, max_size=4),
    lead=st.sampled_from([0, 5]),
)
def test_never_more_than_the_budget_moves_in_any_interval_and_all_get_their_turn(
    budget, interval, gap, orders, answer_after, lead
):
    scheduler = RelayScheduler(lambda: gap, budget, interval * TICK_S, lead * TICK_S)
    plant = Plant(scheduler, answer_after)
    for outlet, closing in orders:
        plant.order(outlet, closing, 0.0)
    rounds = len(orders) * (interval + 10 + round(gap / TICK_S)) + 10
    plant.run(rounds)
    assert sorted(move[0] for move in plant.moves) == sorted(outlet for outlet, _ in orders)
    assert most_in_any(interval * TICK_S, plant.moves) <= budget


@settings(max_examples=40, deadline=None)
@given(
    openings=st.integers(1, 8),
    budget=st.integers(1, 4),
    interval=st.integers(1, 20),
)
def test_opening_waits_for_the_budget_only_whatever_the_inrush_gap(openings, budget, interval):
    plant = Plant(RelayScheduler(lambda: 60.0, budget, interval * TICK_S), [0])
    plant.order(1, True, 0.0)
    plant.run(2)  # a closing has begun its gap of a minute; nine more wait for it
    for outlet in range(2, 11):
        plant.order(outlet, True, 0.001)
    for outlet in range(11, 11 + openings):
        plant.order(outlet, False, 0.002)
    plant.run((openings + 1) * (interval + 2), first_tick=2)
    opened = [outlet for outlet, closing, _, _ in plant.moves if not closing]
    assert opened == list(range(11, 11 + openings))


def test_an_answer_that_never_comes_holds_its_coil_and_nothing_is_due():
    scheduler = RelayScheduler(lambda: 0.0, 1, 0.05)
    machines = {n: OutletMachine(Step.OPEN_QUEUED, True, queued_s=0.0) for n in (1, 2)}
    assert scheduler.grant(machines, 0.0) == [1]
    del machines[1]
    assert scheduler.grant(machines, 10.0) == []
    assert scheduler.next_due_s(machines) is None
    scheduler.done(1, 10.0)
    assert scheduler.next_due_s(machines) == 10.05
    assert scheduler.due_s(2, machines[2]) == 10.05
    assert scheduler.grant(machines, 10.05) == [2]


def test_without_a_budget_all_outlets_go_off_at_once():
    assert DeviceSettings().coil_budget == MAX_OUTLETS
    bench = Workbench(outlets=16, relays=[True] * 16)
    bench.submit(*(SwitchOutlet(n, Action.OFF) for n in range(1, 17)))
    assert len({at_s for at_s, _, _ in bench.board.moves}) == 1


def test_unit_goes_off_in_groups_of_the_budget():
    device = DeviceSettings(coil_budget=4, coil_interval_s=0.1)
    bench = Workbench(outlets=16, relays=[True] * 16, device=device)
    bench.submit(*(SwitchOutlet(n, Action.OFF) for n in range(1, 17)))
    bench.run(MIN_ACTUATION_GAP_S)
    times = [round(at_s - bench.board.moves[0][0], 3) for at_s, _, _ in bench.board.moves]
    assert times == [0.0] * 4 + [0.1] * 4 + [0.2] * 4 + [0.3] * 4


def test_board_that_answers_late_but_tells_when_its_relays_moved_costs_no_time():
    scheduler = RelayScheduler(lambda: 0.0, 2, 0.1)
    machines = {n: OutletMachine(Step.OPEN_QUEUED, True, queued_s=0.0) for n in range(1, 6)}
    assert scheduler.grant(machines, 0.0) == [1, 2]
    del machines[1], machines[2]
    scheduler.done(2, 0.008, 0.003)
    scheduler.done(1, 0.009, 0.001)  # another bus: it was slower to answer, and sooner to move
    assert scheduler.next_due_s(machines) == 0.101
    assert scheduler.grant(machines, 0.101) == [3]
    assert scheduler.grant(machines, 0.1029) == []
    assert scheduler.grant(machines, 0.1031) == [4]


def test_batch_of_one_board_stays_together():
    """However long its answers take to work through, or else a batch becomes many writes."""
    device = DeviceSettings(coil_budget=4, coil_interval_s=0.1)
    bench = Workbench(outlets=16, relays=[True] * 16, device=device)
    read = bench.clock.monotonic_s
    bench.clock.monotonic_s = lambda: (bench.clock.advance(1e-6), read())[1]
    writes = []
    write = bench.board.write
    bench.board.write = lambda effect: (writes.append(len(effect.closed)), write(effect))[1]
    bench.submit(*(SwitchOutlet(n, Action.OFF) for n in range(1, 17)))
    bench.run(MIN_ACTUATION_GAP_S)
    assert writes == [4, 4, 4, 4]


def test_slot_is_granted_ahead_of_its_time_and_tells_it():
    scheduler = RelayScheduler(lambda: 0.0, 1, 0.1, lead_s=0.005)
    machines = {n: OutletMachine(Step.OPEN_QUEUED, True, queued_s=0.0) for n in (1, 2)}
    assert scheduler.grant(machines, 1.0) == [1]
    assert scheduler.at_s(1) == 1.0
    del machines[1]
    scheduler.done(1, 1.003, 1.002)
    assert scheduler.next_due_s(machines) == pytest.approx(1.097)
    assert scheduler.grant(machines, 1.096) == []
    assert scheduler.grant(machines, 1.098) == [2]
    assert scheduler.at_s(2) == pytest.approx(1.102)


def test_orders_of_the_core_carry_their_time():
    device = DeviceSettings(coil_budget=4, coil_interval_s=0.1)
    bench = Workbench(outlets=8, relays=[True] * 8, device=device)
    orders = []
    write = bench.board.write
    bench.board.write = lambda effect: (orders.append(effect), write(effect))[1]
    bench.submit(*(SwitchOutlet(n, Action.OFF) for n in range(1, 9)))
    bench.run(MIN_ACTUATION_GAP_S)
    first, second = orders
    assert second.at_s - first.at_s == pytest.approx(0.1)


# gaps between closings


def test_gap_counts_from_the_movement_of_a_relay_that_was_late():
    scheduler = RelayScheduler(lambda: 0.05)
    machines = {n: OutletMachine(Step.CLOSE_QUEUED, False, queued_s=0.0) for n in (1, 2)}
    assert scheduler.grant(machines, 0.0) == [1]
    del machines[1]
    scheduler.done(1, 0.04, 0.02)
    assert scheduler.next_due_s(machines) == 0.07


def test_small_delays_of_many_outlets_do_not_add_up():
    plant = Plant(RelayScheduler(lambda: 0.05), [1, 2, 4])
    for outlet in range(1, 33):
        plant.order(outlet, True, 0.0)
    plant.run(31 * 50 + 10)
    assert len(plant.moves) == 32
    assert plant.moves[-1][3] <= 31 * 0.05 + 0.01


@settings(max_examples=40, deadline=None)
@given(
    gap=st.integers(5, 60),
    answer_after=st.lists(st.integers(0, 30), min_size=1, max_size=5),
    lead=st.sampled_from([0, 5]),
)
def test_gap_after_any_answer_is_at_most_a_tenth_or_ten_milliseconds_short(gap, answer_after, lead):
    gap_s = gap * TICK_S
    plant = Plant(RelayScheduler(lambda: gap_s, lead_s=lead * TICK_S), answer_after)
    for outlet in range(1, 9):
        plant.order(outlet, True, 0.0)
    plant.run(8 * (gap + 32))
    assert len(plant.moves) == 8
    for (_, _, _, answered_s), (_, _, ordered_s, _) in itertools.pairwise(plant.moves):
        assert ordered_s - answered_s >= gap_s - min(0.01, 0.1 * gap_s) - 1e-9

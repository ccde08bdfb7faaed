# SPDX-License-Identifier: Apache-2.0
"""The proof of each movement: right with load, without one, welded, blown, blind and stale."""

from __future__ import annotations

import pytest

from pdu_agent.core.settings import BranchSettings
from pdu_agent.model.commands import Action, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement, RelayResult, WriteRelays
from pdu_agent.model.snapshot import SwitchProof, Verdict
from tests.core.bench import INLET, Workbench

ONE = Target(TargetKind.OUTLET, 1)
BRANCH = Target(TargetKind.BRANCH, 1)


class Plant:
    """One outlet with a load; what flows follows from the relay, and from what is broken."""

    def __init__(self, load_a: float = 2.0, closed: bool = True, span_s: float = 0.2) -> None:
        self.bench = Workbench(1, relays=[closed], branches=(BranchSettings(1),), branch=1)
        self.load_a = load_a
        self.span_s = span_s
        self.welded = False
        self.blown = False
        self.was_closed = closed

    def current_a(self, closed: bool) -> float:
        return self.load_a if (closed or self.welded) and not self.blown else 0.0

    def pass_time(self, seconds: float) -> None:
        """Windows back to back; one in which the relay moved has the mean of both."""
        for _ in range(round(seconds / self.span_s)):
            self.bench.run(self.span_s)
            closed = self.bench.board.relays[0]
            current_a = (self.current_a(closed) + self.current_a(self.was_closed)) / 2
            self.was_closed = closed
            behind = values(current_a, 0.0 if self.blown else 230.0)
            measured = [
                Measurement(INLET, values(1.0), 0.0),
                Measurement(BRANCH, behind, 0.0),
                Measurement(ONE, behind, 0.0),
            ]
            self.bench.measure(*measured, span_s=self.span_s)

    def switch(self, action: Action) -> SwitchProof:
        self.pass_time(5)
        self.bench.switch(1, action)
        self.pass_time(6)
        return self.proof

    @property
    def proof(self) -> SwitchProof:
        proof = self.bench.outlet(1).last_proof
        assert proof is not None
        return proof


def values(current_a: float, voltage_v: float = 230.0) -> Electrical:
    return Electrical(
        voltage_v=voltage_v,
        current_a=current_a,
        active_power_w=voltage_v * current_a,
        quality=Quality.OK,
    )


def test_before_the_first_movement_there_is_none() -> None:
    assert Plant().bench.outlet(1).last_proof is None


def test_a_normal_load_verifies_off_and_on() -> None:
    plant = Plant()
    off = plant.switch(Action.OFF)
    assert (off.verdict, off.closed, off.read_back) == (Verdict.VERIFIED, False, False)
    assert (off.current_before_a, off.current_after_a) == (2.0, 0.0)
    assert (off.power_before_w, off.power_after_w) == (460.0, 0.0)
    on = plant.switch(Action.ON)
    assert (on.verdict, on.closed, on.read_back) == (Verdict.VERIFIED, True, True)
    assert (on.current_before_a, on.current_after_a) == (0.0, 2.0)
    assert on.moved_wall_s - off.moved_wall_s == pytest.approx(11, abs=0.01)


def test_an_order_that_moves_nothing_proves_nothing_new() -> None:
    plant = Plant()
    plant.switch(Action.OFF)
    proof = plant.proof
    assert plant.switch(Action.OFF) is proof


@pytest.mark.parametrize("action", [Action.OFF, Action.ON])
def test_an_empty_outlet_is_commanded_only(action: Action) -> None:
    proof = Plant(load_a=0.0, closed=action is Action.OFF).switch(action)
    assert (proof.verdict, proof.read_back) == (Verdict.COMMANDED_ONLY, action is Action.ON)
    assert (proof.current_before_a, proof.current_after_a) == (0.0, 0.0)


@pytest.mark.parametrize("span_s", [0.2, 1.0, 5.0])
def test_a_welded_relay_contradicts_its_off(span_s: float) -> None:
    plant = Plant(span_s=span_s)
    plant.welded = True
    plant.pass_time(10)
    plant.bench.switch(1, Action.OFF)
    plant.pass_time(15)
    proof = plant.proof
    assert (proof.verdict, proof.read_back) == (Verdict.CONTRADICTED, False)
    assert proof.current_after_a == 2.0


def test_a_blown_fuse_contradicts_an_on() -> None:
    plant = Plant(closed=False)
    plant.blown = True
    proof = plant.switch(Action.ON)
    assert (proof.verdict, proof.current_after_a) == (Verdict.CONTRADICTED, 0.0)


def test_a_relay_that_reads_back_otherwise_contradicts_at_once() -> None:
    plant = Plant()
    plant.bench.board.stuck.add(0)
    plant.pass_time(5)
    plant.bench.switch(1, Action.OFF)
    assert (plant.proof.verdict, plant.proof.read_back) == (Verdict.CONTRADICTED, True)
    plant.pass_time(6)
    assert plant.proof.verdict is Verdict.CONTRADICTED


def test_nothing_is_verified_before_a_window_without_the_movement_in_it() -> None:
    plant = Plant()
    plant.pass_time(5)
    plant.bench.switch(1, Action.OFF)
    plant.pass_time(0.4)
    assert (plant.proof.verdict, plant.proof.current_after_a) == (Verdict.COMMANDED_ONLY, None)
    plant.pass_time(0.6)
    assert (plant.proof.verdict, plant.proof.current_after_a) == (Verdict.VERIFIED, 0.0)


def test_a_load_that_starts_late_verifies_but_not_one_plugged_in_much_later() -> None:
    plant = Plant(load_a=0.0, closed=False)
    plant.pass_time(5)
    plant.bench.switch(1, Action.ON)
    plant.pass_time(2)
    plant.load_a = 1.0
    plant.pass_time(1)
    assert plant.proof.verdict is Verdict.VERIFIED
    late = Plant(load_a=0.0, closed=False)
    late.switch(Action.ON)
    late.load_a = 1.0
    late.pass_time(10)
    assert late.proof.verdict is Verdict.COMMANDED_ONLY


def test_without_a_meter_the_read_back_decides() -> None:
    bench = Workbench(1)
    bench.run(1)
    bench.switch(1, Action.OFF)
    proof = bench.outlet(1).last_proof
    assert proof is not None
    assert (proof.verdict, proof.current_before_a, proof.current_after_a) == (
        Verdict.VERIFIED,
        None,
        None,
    )


def test_a_blind_board_without_a_meter_is_commanded_only() -> None:
    bench = Workbench(1)
    bench.board.answers = False
    bench.switch(1, Action.OFF)
    (order,) = bench.queue
    assert isinstance(order, WriteRelays)
    moved_s = bench.clock.monotonic_s()
    bench.clock.advance(0.25)
    wall_s = bench.clock.wall_s()
    bench.core.on_relay_result(RelayResult("main", {0: False}, {}, moved_s=moved_s))
    proof = bench.outlet(1).last_proof
    assert proof is not None
    assert (proof.verdict, proof.read_back) == (Verdict.COMMANDED_ONLY, None)
    assert proof.moved_wall_s == pytest.approx(wall_s - 0.25)


def test_a_meter_that_falls_silent_verifies_nothing() -> None:
    plant = Plant()
    plant.pass_time(5)
    plant.bench.switch(1, Action.OFF)
    plant.bench.run(90)
    assert plant.proof.verdict is Verdict.COMMANDED_ONLY
    plant.pass_time(10)
    assert (plant.proof.verdict, plant.proof.current_after_a) == (Verdict.COMMANDED_ONLY, None)


def test_a_meter_that_was_silent_before_tells_no_current_of_before() -> None:
    plant = Plant()
    plant.pass_time(5)
    plant.bench.run(5)
    plant.bench.switch(1, Action.OFF)
    assert (plant.proof.verdict, plant.proof.current_before_a) == (Verdict.VERIFIED, None)

# SPDX-License-Identifier: Apache-2.0
"""The dry run moves no relay but its own, in the order and at the times of the real core."""

from pdu_agent.app.rehearsal import Movement, Rehearsal
from pdu_agent.core.settings import (
    CoreSettings,
    DeviceSettings,
    InletSettings,
    OutletSettings,
    RelayRef,
)
from pdu_agent.core.shutdown.settings import GracefulSettings
from pdu_agent.model.commands import Action, Actor, SwitchAll, SwitchOutlet

ANN = Actor("cli", "ann")
START_S = 1_800_000_000.0


def rehearsal(closed: dict[int, bool] | None = None) -> Rehearsal:
    outlets = tuple(OutletSettings(n, relay=RelayRef("main", n - 1)) for n in (1, 2, 3))
    device = DeviceSettings(sequence_interval_s=2.0)
    return Rehearsal(CoreSettings(device, (InletSettings(),), outlets), START_S, closed=closed)


def test_nothing_moves_where_nothing_is_ordered() -> None:
    dry = rehearsal()
    dry.run(30 * 86400)
    assert dry.movements == []
    assert dry.clock.wall_s() == START_S + 30 * 86400


def test_a_delayed_off_moves_when_it_is_due() -> None:
    dry = rehearsal()
    dry.core.submit_all([SwitchOutlet(2, Action.OFF_DELAYED, 3600)], ANN)
    dry.run_until(START_S + 3599)
    assert dry.movements == []
    dry.run_until(START_S + 3601)
    (moved,) = dry.movements
    assert (moved.outlet, moved.closed, moved.actor) == (2, False, ANN)
    assert abs(moved.wall_s - START_S - 3600) < 0.01
    assert not dry.is_closed(2)


def test_a_load_that_is_shut_down_is_taken_to_obey() -> None:
    """Nothing is measured here: a graceful off would end in an abort."""
    graceful = GracefulSettings(idle_below_w=5.0)
    outlet = OutletSettings(1, relay=RelayRef("main", 0), graceful=graceful)
    dry = Rehearsal(CoreSettings(DeviceSettings(), (InletSettings(1),), (outlet,), {}), START_S)
    dry.core.submit_all([SwitchOutlet(1, Action.OFF)], ANN)
    dry.run(300)
    (moved,) = dry.movements
    assert not moved.closed
    assert moved.actor == ANN


def test_outlets_close_one_after_the_other() -> None:
    dry = rehearsal(closed={1: False, 2: False, 3: False})
    dry.core.submit_all([SwitchAll(Action.ON)], ANN)
    dry.run(10)
    assert [m.outlet for m in dry.movements] == [1, 2, 3]
    times_s = [m.wall_s - START_S for m in dry.movements]
    assert [round(t) for t in times_s] == [0, 2, 4]
    assert all(isinstance(m, Movement) and m.closed for m in dry.movements)

# SPDX-License-Identifier: Apache-2.0
"""What a cap would cost and what goes with a feeder; for caps as the real core then does it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.rack import Rack, settings_of
from bench.what_if_racks import compared
from pdu_agent.core.protection.what_if import UNIT, Basis, cap_answer, loss_answer
from pdu_agent.core.settings import BranchSettings, LineSettings, OutletSettings, RelayRef
from pdu_agent.model.errors import InvalidValue, UnknownTarget


@pytest.mark.parametrize("basis", Basis)
def test_what_is_said_of_a_cap_is_what_then_happens_to_random_racks(basis: Basis) -> None:
    found = [compared(seed, basis) for seed in range(9000, 9025)]
    assert [each for each in found if each.differs] == []
    assert sum(bool(each.done) for each in found) > 5


def two_feeds() -> Rack:
    """Two machines with two supplies each, on L1 and L2, and one with one on L2."""
    outlets = [
        OutletSettings(1, line="l1", branch=1, device="db", relay=RelayRef("main", 0), priority=1),
        OutletSettings(2, line="l2", branch=2, device="db", relay=RelayRef("main", 1), priority=1),
        OutletSettings(3, line="l1", branch=1, device="web", relay=RelayRef("main", 2), priority=2),
        OutletSettings(4, line="l2", branch=2, device="web", relay=RelayRef("main", 3), priority=2),
        OutletSettings(5, line="l2", branch=2, device="lamp", relay=RelayRef("main", 4)),
    ]
    branches = [
        BranchSettings(1, line="l1", rated_current_a=4.0),
        BranchSettings(2, line="l2", rated_current_a=10.0),
    ]
    lines = [LineSettings(1, "l1"), LineSettings(2, "l2")]
    loads = {1: 230.0, 2: 460.0, 3: 230.0, 4: 230.0, 5: 115.0}
    rack = Rack(settings_of(outlets, (), branches, lines), dict(loads))
    rack.run(1.0)
    return rack


def test_a_lost_phase_puts_its_load_on_the_other_supplies_and_tells_which_does_not_hold() -> None:
    answer = loss_answer(two_feeds().core.snapshot, "L2", Basis.NOW)
    assert [each.outlet for each in answer.goes] == [2, 4, 5]
    assert answer.lost_w == pytest.approx(805.0)
    assert answer.dark == ("lamp",)
    assert answer.taken_over == {"db": (1,), "web": (3,)}
    loaded = {str(each.target): each for each in answer.feeders}
    assert loaded["branch 1"].carries_a == pytest.approx(5.0)
    assert loaded["branch 1"].added_a == pytest.approx(3.0)
    assert not loaded["branch 1"].holds
    assert loaded["line 1"].holds
    assert "branch 2" not in loaded


def test_peaks_are_what_was_drawn_at_most_not_what_is_drawn_now() -> None:
    rack = two_feeds()
    rack.loads[5] = 15.0
    rack.run(1.0)
    now = cap_answer(rack.core.snapshot, UNIT, 1200.0, Basis.NOW)
    peak = cap_answer(rack.core.snapshot, UNIT, 1200.0, Basis.PEAK)
    assert now.carried_w == pytest.approx(1165.0)
    assert peak.carried_w == pytest.approx(1265.0)
    assert now.goes == ()
    assert [each.outlet for each in peak.goes] == [3]
    assert peak.remains_w == pytest.approx(1035.0)


def test_what_cannot_be_asked_is_refused() -> None:
    snapshot = two_feeds().core.snapshot
    for limit_w in (0.0, -1.0, 1e9, float("nan")):
        with pytest.raises(InvalidValue, match="outside 1 to"):
            cap_answer(snapshot, UNIT, limit_w, Basis.NOW)
    for lost, error in (("L3", UnknownTarget), ("branch 7", UnknownTarget), ("all", InvalidValue)):
        with pytest.raises(error):
            loss_answer(snapshot, lost, Basis.NOW)


def test_without_a_meter_it_is_not_known_whether_it_is_enough() -> None:
    outlets = [OutletSettings(n, relay=RelayRef("main", n - 1)) for n in (1, 2)]
    rack = Rack(settings_of(outlets, unmetered=(2,)), {1: 100.0, 2: 100.0})
    rack.run(1.0)
    answer = cap_answer(rack.core.snapshot, UNIT, 50.0, Basis.NOW)
    assert [(each.outlet, each.draw_w) for each in answer.goes] == [(1, 100.0), (2, None)]
    assert answer.is_enough is None


def test_a_priority_of_0_stays() -> None:
    outlets = [replace(OutletSettings(1, relay=RelayRef("main", 0)), priority=0)]
    rack = Rack(settings_of(outlets), {1: 100.0})
    rack.run(1.0)
    answer = cap_answer(rack.core.snapshot, UNIT, 50.0, Basis.NOW)
    assert (answer.goes, answer.stays, answer.is_enough) == ((), (1,), False)

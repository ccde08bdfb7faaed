# SPDX-License-Identifier: Apache-2.0
"""What switches outlets by itself, as OPENPDU-MIB shows it: values by known answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.access.grant import EVERY_OUTLET, Grant, Rights
from pdu_agent.access.needs import require
from pdu_agent.mib_impl.syntax import Oid
from pdu_agent.mib_impl.view import NO_SUCH_INSTANCE
from pdu_agent.model.actor import Hold, Rank
from pdu_agent.model.commands import Action, RunPlan
from pdu_agent.model.control import NextChange, RelayWear, Trip, TripState
from pdu_agent.model.errors import NotPermitted
from pdu_agent.model.snapshot import OutletHooks
from tests.mib.unit import CAPS, PLANS, SENSOR, WALL_S, Bench, furnished, unit, with_outlet

NEVER = bytes(8)
AT_EIGHT = bytes.fromhex("07eb 01 0f 08 00 00 00 2b 00 00")  # WALL_S, RFC 2579


def strip() -> Bench:
    return Bench(furnished(unit(2, sensors=(SENSOR,))))


def column(bench: Bench, suffix: str, *numbers: int) -> dict[int, object]:
    return {n: bench.get(suffix.format(n)) for n in numbers}


def contents(bench: Bench, suffix: str, expected: dict[int, object]) -> dict[int, object]:
    return {n: bench.content(suffix.format(n)) for n in expected}


def test_an_outlet_that_nothing_holds_or_waits_for() -> None:
    expected: dict[int, object] = {
        3: b"",
        4: b"",
        1: b"",
        2: b"",
        5: 3,
        6: b"",
        7: b"",
        8: b"",
        9: NEVER,
        10: 8,
        11: NEVER,
        12: b"",
        13: b"",
        14: 1,
        15: 0,
        17: NEVER,
        18: 2,
        20: 0,
    }
    bench = strip()
    assert contents(bench, "3.3.1.{}.2", expected) == expected
    assert set(column(bench, "3.3.1.{}.2", 16, 19, 22, 23, 24).values()) == {NO_SUCH_INSTANCE}


def test_an_outlet_that_is_held_and_tripped() -> None:
    strongest = Hold("trip", Rank.SAFETY, False, "12 A", WALL_S, "a reset")
    weaker = Hold("rule hot", Rank.RULE, True, "35 C", WALL_S - 60)
    busy = with_outlet(
        unit(),
        2,
        holds=(strongest, weaker),
        next_change=NextChange("plan night", Action.TOGGLE, WALL_S, "plan night: toggle at 8:00"),
        stopping="hook tidy",
        trip=Trip(TripState.LATCHED, 3, 12.0004, WALL_S),
        wear=RelayWear(103.26, 86_400.9, 7.1999, 0.045, 0.6),
        hooks=OutletHooks("a", "b", "c", "d"),
    )
    expected: dict[int, object] = {
        3: b"c",
        4: b"d",
        1: b"a",
        2: b"b",
        5: 2,
        6: b"trip",
        7: b"12 A",
        8: b"a reset",
        9: AT_EIGHT,
        10: 9,
        11: AT_EIGHT,
        12: b"plan night: toggle at 8:00",
        13: b"hook tidy",
        14: 3,
        15: 3,
        16: 12_000,
        17: AT_EIGHT,
        19: 1033,
        20: 86_400,
        22: 7200,
        23: 45,
        24: 600,
    }
    assert contents(Bench(busy), "3.3.1.{}.2", expected) == expected


def test_what_comes_next_may_have_no_time() -> None:
    coming = NextChange("cap 1", Action.ON, None, "cap 1: on when there is room")
    bench = Bench(with_outlet(unit(), 1, next_change=coming))
    assert (bench.content("3.3.1.10.1"), bench.content("3.3.1.11.1")) == (1, NEVER)


def test_an_outlet_has_its_priority_and_its_pulse() -> None:
    bench = Bench(with_outlet(unit(), 2, priority=7, pulse_s=1.25))
    shown = {(n, row): bench.content(f"3.1.1.{n}.{row}") for n in (16, 38) for row in (1, 2)}
    assert shown == {(16, 1): 1, (38, 1): 500, (16, 2): 7, (38, 2): 1250}


def test_plans_tell_when_they_run_and_what_came_of_it() -> None:
    bench = strip()
    night: dict[int, object] = {
        2: b"night",
        3: 1,
        4: b"daily at 22:00",
        5: b"off",
        6: b"1,2",
        7: bytes.fromhex("07eb 01 0f 09 00 00 04 2b 00 00"),
        8: 3600,
        9: bytes.fromhex("07eb 01 0e 09 00 00 00 2b 00 00"),
        10: b"outlets 1, 2: off",
        11: 4,
        12: 1,
        13: 2,
    }
    never: dict[int, object] = {3: 2, 6: b"", 7: NEVER, 9: NEVER, 10: b"", 11: 0}
    assert contents(bench, "7.1.1.{}.1", night) == night
    assert contents(bench, "7.1.1.{}.3", never) == never
    assert bench.get("7.1.1.8.3") is NO_SUCH_INSTANCE


def test_a_plan_that_is_overdue_waits_no_more() -> None:
    late = replace(PLANS[0], next_wall_s=WALL_S - 5)
    assert Bench(replace(unit(), plans=(late,))).content("7.1.1.8.1") == 0


def test_the_numbers_of_all_outlets_have_room() -> None:
    every = replace(PLANS[0], outlets=tuple(range(1, 65)))
    text = Bench(replace(unit(), plans=(every,))).content("7.1.1.6.1")
    assert text == ",".join(str(n) for n in range(1, 65)).encode()


def test_rules_tell_their_state_and_what_they_look_at() -> None:
    bench = strip()
    hot: dict[int, object] = {
        2: b"hot",
        3: 1,
        4: b"sensor 1 temperature > 35 C",
        5: b"outlet 2 off",
        6: 4,
        8: 35_250,
        9: 2,
        11: b"outlet 2: off",
        12: b"2,1",
    }
    host: dict[int, object] = {3: 2, 6: 5, 7: NEVER, 9: 0, 10: NEVER, 11: b"", 12: b""}
    assert contents(bench, "13.1.1.{}.1", hot) == hot
    assert contents(bench, "13.1.1.{}.2", host) == host
    assert bench.get("13.1.1.8.2") is NO_SUCH_INSTANCE


def test_caps_are_in_the_unit_of_their_quantity() -> None:
    bench = strip()
    feed: dict[int, object] = {
        2: b"feed",
        3: 6,
        4: 1,
        5: 3,
        6: 3_000_000,
        7: 100_500,
        8: 3_000_000,
        9: 3,
        10: b"2,1",
        11: 2,
    }
    rear: dict[int, object] = {3: 2, 4: 3, 5: 2, 6: 10_000, 7: 500, 9: 5, 10: b"", 11: 0}
    assert contents(bench, "10.1.1.{}.1", feed) == feed
    assert contents(bench, "10.1.1.{}.2", rear) == rear
    assert bench.get("10.1.1.8.2") is NO_SUCH_INSTANCE


def test_hooks_have_names_alone() -> None:
    bench = strip()
    assert [bench.content(f"14.1.1.2.{n}") for n in (1, 2)] == [b"tidy", b"shutdown nas"]
    assert bench.get("14.1.1.2.3") is NO_SUCH_INSTANCE


@pytest.mark.parametrize("suffix", ["7.1.1.2.1", "10.1.1.2.1", "13.1.1.2.1"])
def test_only_who_may_read_every_outlet_sees_what_is_done_to_them(suffix: str) -> None:
    bench = strip()
    oid: Oid = bench.oid(suffix)
    place = bench.view.object_of(oid)
    assert place is not None
    assert bench.view.outlet_of(place, oid, bench.controller.snapshot) == EVERY_OUTLET


def test_to_run_a_plan_takes_the_right_to_switch_each_of_its_outlets() -> None:
    bench = strip()
    assert bench.writer.guard(bench.oid("7.1.1.13.1"), bench.controller.snapshot) == (
        Rights.SWITCH,
        EVERY_OUTLET,
    )
    one_read_only = Grant(Rights.SWITCH, Rights.SWITCH, {2: Rights.READ})
    with pytest.raises(NotPermitted, match="outlet 2"):
        require(one_read_only, [RunPlan("night")], bench.controller.snapshot)


def test_plans_rules_and_caps_come_and_go_with_the_configuration() -> None:
    bench = strip()
    assert bench.content("10.1.1.2.1") == CAPS[0].name.encode()
    bench.controller.snapshot = replace(bench.controller.snapshot, plans=(), rules=(), caps=())
    gone = ("7.1.1.2.1", "13.1.1.2.1", "10.1.1.2.1")
    assert {bench.get(suffix) for suffix in gone} == {NO_SUCH_INSTANCE}

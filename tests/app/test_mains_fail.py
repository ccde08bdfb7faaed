# SPDX-License-Identifier: Apache-2.0
"""The dry run of an outage: what goes when, what returns, and that nothing of the unit moves."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import Any

import pytest

from pdu_agent.app.logs import LogThread
from pdu_agent.app.mains_fail import asker, prepared
from pdu_agent.core.outage.settings import LowSettings, OutageSettings, ReturnSettings, ShedStep
from pdu_agent.core.outage.what_if import MainsFail, MainsFailAnswer
from pdu_agent.core.settings import DeviceSettings
from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms
from pdu_agent.model.commands import Action, Hold, HoldOutlet, Lock, Rank, SetLock
from pdu_agent.model.errors import InvalidValue, NotNow
from tests.core.outage_rig import LOW_BATTERY, ON, Rig, outage, ups_row

STAGED: dict[int, Any] = {
    1: {"priority": 1, "before_off": "bye"},
    2: {"priority": 2, "before_off": "bye"},
    3: {"priority": 2},
    4: {"priority": 3},
}
SHED = ShedStep(after_s=120, outlets=(4,))


def rig(**values: Any) -> Rig:
    settings = outage(SHED, low=LowSettings(charge_pct=30), back=ReturnSettings(60, 20))
    made = Rig(settings, own=STAGED, hooks=(HookTerms("bye", 90.0),))
    made.mains(**{"charge_pct": 100.0, "runtime_s": 1000.0, "low_charge_pct": 10.0, **values})
    return made


def answer(made: Rig, **asked: float) -> MainsFailAnswer:
    dry_run = prepared(made.made.settings, made.made.core.snapshot, MainsFail(**asked))
    return dry_run.run()


def told(found: MainsFailAnswer, what: str) -> list[tuple[int, int | None]]:
    return [(round(each.at_s), each.outlet) for each in found.happenings if each.what == what]


def test_it_tells_what_goes_when_and_what_returns() -> None:
    made = rig()
    found = answer(made, minutes=15.0)
    # The charge is below 30 % after 700 s; each hook takes its 90 s.
    assert told(found, "low battery") == [(705, None)]
    assert told(found, "off") == [(120, 4), (705, 3), (795, 2), (885, 1)]
    assert told(found, "mains back") == [(905, None)]
    backs = told(found, "on")
    assert [outlet for _, outlet in backs] == [1, 2, 3, 4]
    # 10 % are left at 900 s: another 10 % take 1440 s.
    assert 900 + 1440 <= backs[0][0] <= 900 + 1440 + 70
    assert (found.lost, found.remains, found.away) == ((), (), ())
    assert made.moves() == []


def test_a_graceful_off_takes_all_the_time_that_it_may() -> None:
    graceful = GracefulSettings(idle_below_w=5.0, idle_for_s=5.0, time_limit_s=60.0)
    own = STAGED | {2: {"priority": 2, "before_off": "bye", "graceful": graceful}}
    settings = outage(SHED, low=LowSettings(charge_pct=30, stage_s=600))
    made = Rig(settings, own=own, hooks=(HookTerms("bye", 90.0),))
    made.mains(charge_pct=100.0, runtime_s=1000.0, low_charge_pct=10.0)
    # Its hook for 90 s, its draw for 60 s; the next stage waits for that.
    found = answer(made, minutes=16.0)
    assert told(found, "off") == [(120, 4), (705, 3), (855, 2), (945, 1)]


def test_what_a_person_keeps_on_is_not_shed() -> None:
    made = rig()
    kept = Hold("person", Rank.PERSON, True, "ops switched it on", 0.0, "", until_wall_s=4e9)
    made.made.submit(HoldOutlet(4, kept))
    found = answer(made, minutes=5.0)
    assert told(found, "off") == []
    assert 4 in found.remains


def test_a_short_outage_moves_nothing() -> None:
    found = answer(rig(), minutes=1.0)
    assert [each.what for each in found.happenings] == ["on battery", "mains back"]
    assert found.remains == (1, 2, 3, 4)


def test_what_is_on_when_the_battery_is_empty_is_told() -> None:
    made = rig()
    made.made.submit(SetLock(1, Lock.LOCKED_ON))
    found = answer(made, minutes=20.0, runtime_s=600.0)
    assert found.lost == (1,)
    assert told(found, "battery empty") == [(600, None)]
    assert found.remains == (1,)


def test_a_return_between_two_looks_is_told_as_one() -> None:
    settings = outage(ShedStep(after_s=10, outlets=(4,)), back=ReturnSettings(1))
    made = Rig(settings)
    found = answer(made, minutes=1.0)
    (back,) = [each for each in found.happenings if each.what == "mains back"]
    assert back.because == "mains of UPS rack is back"
    whats = [(each.what, each.outlet) for each in found.happenings]
    assert whats.index(("mains back", None)) < whats.index(("on", 4))


def test_less_charge_lasts_less_long() -> None:
    found = answer(rig(charge_pct=80.0), minutes=15.0, charge_pct=40.0)
    assert (found.charge_pct, found.runtime_s) == (40.0, 500.0)
    empty = answer(rig(charge_pct=80.0), minutes=15.0, charge_pct=0.0)
    assert empty.runtime_s == 1.0
    assert {each.what for each in empty.happenings[:2]} == {"low battery", "battery empty"}
    given = answer(rig(charge_pct=80.0), minutes=15.0, charge_pct=40.0, runtime_s=900.0)
    assert given.runtime_s == 900.0


def test_an_empty_battery_is_told_once_with_nothing_on_as_well() -> None:
    found = answer(rig(), minutes=60.0, runtime_s=1200.0)
    assert told(found, "off") == [(120, 4), (845, 3), (935, 2), (1025, 1)]
    assert told(found, "battery empty") == [(1200, None)]


def test_outlets_that_return_one_after_the_other_are_waited_for() -> None:
    settings = outage(SHED, low=LowSettings(charge_pct=30), back=ReturnSettings(15))
    made = Rig(settings, device=DeviceSettings(sequence_interval_s=5.0))
    made.mains(charge_pct=100.0, runtime_s=1000.0, low_charge_pct=10.0)
    found = answer(made, minutes=15.0)
    assert [outlet for _, outlet in told(found, "on")] == [1, 2, 3, 4]
    assert found.away == ()


def test_what_a_ups_does_not_tell_is_assumed_and_said() -> None:
    made = rig(runtime_s=None, charge_pct=None, low_charge_pct=None)
    found = answer(made)
    assert (found.runtime_s, found.charge_pct) == (900.0, 100.0)
    assert "UPS rack does not tell its runtime: 900 s" in found.assumed


def test_an_outlet_that_is_off_is_no_part_of_it() -> None:
    made = rig()
    made.made.switch(4, Action.OFF)
    made.made.run(1)
    found = answer(made, minutes=15.0)
    assert 4 not in [each.outlet for each in found.happenings]


@pytest.mark.parametrize(
    "asked", [{"minutes": 0.0}, {"minutes": 241.0}, {"runtime_s": 0.0}, {"charge_pct": 101.0}]
)
def test_what_makes_no_sense_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(InvalidValue, match="is outside"):
        MainsFail(**asked)


def test_there_has_to_be_something_to_ask_about() -> None:
    made = rig()
    with pytest.raises(InvalidValue, match=r"`outage\.enabled` is false"):
        prepared(
            replace(made.made.settings, outage=OutageSettings()),
            made.made.core.snapshot,
            MainsFail(),
        )
    made.tell(ups_row(ON, inlets=()))
    with pytest.raises(InvalidValue, match="no UPS that feeds an inlet is known"):
        answer(made)
    made.fail(LOW_BATTERY)
    with pytest.raises(NotNow, match="UPS rack has an outage now"):
        answer(made)


def test_the_agent_answers_from_its_state_and_logs_nothing_of_it() -> None:
    made = rig()
    ask = asker(lambda: made.made.settings, made.made.core)

    async def asked() -> MainsFailAnswer:
        return await ask(MainsFail(15.0))

    stream = io.StringIO()
    thread = LogThread(stream, "info", 1000)
    try:
        found = asyncio.run(asked())
    finally:
        thread.stop()
    assert found == answer(made, minutes=15.0)
    assert stream.getvalue() == ""

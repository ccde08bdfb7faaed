# SPDX-License-Identifier: Apache-2.0
"""What those who follow the unit are told, in which order, and when they are let go."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.hidden_text import NOT_SHOWN
from pdu_agent.model.actor import Hold, Rank
from pdu_agent.model.commands import Lock, Quantity, Target, TargetKind
from pdu_agent.model.control import Cap, CapState
from pdu_agent.model.snapshot import Alarm, OutletState, Severity, Snapshot
from pdu_agent.web.plain import Plain
from pdu_agent.web.stream import hub as hub_module
from pdu_agent.web.stream import rows
from pdu_agent.web.stream.frames import Topic
from pdu_agent.web.stream.hub import TooMany
from pdu_agent.web.stream.outbox import MAX_WAITING
from tests.web.stream.fast_loop import run
from tests.web.stream.followed import Followed, Wire, told

ONLY_2 = Grant(Rights.NONE, Rights.NONE, {2: Rights.READ})
HOT = Alarm(7, "threshold", Severity.WARNING, "outlet 2", "hot", 0.0, Target(TargetKind.OUTLET, 2))

CAP = Cap(
    3, "wall", Target(TargetKind.UNIT, 1), Quantity.ACTIVE_POWER, 500.0, 25.0, 206.4,
    CapState.UNDER, (),
)  # fmt: skip


def seconds() -> float:
    return asyncio.get_running_loop().time()


def test_readings_come_at_once_and_then_each_second() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow([Topic.READINGS])
        began_s, at_s = seconds(), []
        for _ in range(4):
            (reading,) = await told(stream)
            assert reading.event == "readings"
            at_s.append(round(seconds() - began_s, 3))
        assert at_s == [0.0, 1.0, 2.0, 3.0]
        assert [row["number"] for row in reading.data["outlets"]] == [1, 2, 3, 4]
        assert reading.data["outlets"][0]["active_power_w"] == 103.2
        assert reading.data["total"]["active_power_w"] == 206.4
        assert reading.data["alarms"] == 1
        unit.hub.stop()

    run(scene())


def test_what_a_cap_carries_is_of_the_same_reading_as_the_total() -> None:
    async def scene() -> None:
        unit = Followed()
        unit.controller.show(caps=(CAP, replace(CAP, number=4, value=None, state=CapState.UNKNOWN)))
        whole, tenant = unit.follow([Topic.READINGS]), unit.follow([Topic.READINGS], grant=ONLY_2)
        (reading,) = await told(whole)
        assert reading.data["caps"] == [
            {"number": 3, "state": "under", "value": reading.data["total"]["active_power_w"]},
            {"number": 4, "state": "unknown", "value": None},
        ]
        assert (await told(tenant))[0].data["caps"] == []
        unit.controller.show(caps=(replace(CAP, value=512.0, state=CapState.OVER),))
        (reading,) = await told(whole)
        assert reading.data["caps"] == [{"number": 3, "state": "over", "value": 512.0}]
        unit.hub.stop()

    run(scene())


def test_a_change_is_told_well_within_half_a_second_of_its_event() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow([Topic.STATE])
        await asyncio.sleep(0.3)
        unit.change(3, state=OutletState.ON)
        began_s = seconds()
        (change,) = await told(stream)
        assert seconds() - began_s < 0.1
        assert change.event == "state"
        assert (change.data["outlet"]["number"], change.data["outlet"]["state"]) == (3, "on")
        unit.hub.stop()

    run(scene())


def test_what_is_told_of_without_an_event_comes_within_a_second() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow([Topic.STATE])
        unit.controller.change(1, lock=Lock.LOCKED_OFF)
        began_s = seconds()
        (change,) = await told(stream)
        assert seconds() - began_s <= 1.0
        assert change.data["outlet"]["lock"] == "locked off"
        unit.hub.stop()

    run(scene())


def test_what_an_outlet_draws_is_no_change_of_its_state() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow([Topic.STATE, Topic.ALARMS])
        unit.change(1, meter=None, pending_s=3.0)
        unit.change(2, state=OutletState.REBOOTING)
        (change,) = await told(stream)
        assert change.data["outlet"]["number"] == 2
        unit.hub.stop()

    run(scene())


def test_alarms_are_told_as_they_come_are_seen_and_go() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow([Topic.ALARMS])
        before = unit.controller.snapshot.alarms
        stages = [
            (*before, HOT),
            (*before, replace(HOT, text="hotter")),
            (*before, replace(HOT, text="hotter", acknowledged=True)),
            before,
        ]
        heard = []
        for alarms in stages:
            unit.controller.show(alarms=alarms)
            unit.happen()
            (change,) = await told(stream)
            assert change.event == "alarm"
            assert change.data["alarm"]["id"] == 7
            heard.append(change.data["change"])
        assert heard == ["raised", "changed", "acknowledged", "cleared"]
        unit.hub.stop()

    run(scene())


def test_ids_count_up_and_who_comes_back_is_told_what_was_missed() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow([Topic.STATE])
        unit.change(1, lock=Lock.LOCKED_ON)
        (first,) = await told(stream)
        unit.hub.close(stream)
        unit.change(2, lock=Lock.UNLOCKED)
        await asyncio.sleep(5)
        unit.change(3, lock=Lock.LOCKED_OFF)
        await asyncio.sleep(0.5)
        back = unit.follow(last_event_id=first.id)
        missed = await told(back)
        assert [each.event for each in missed] == ["state", "state", "readings"]
        assert [each.data["outlet"]["number"] for each in missed[:2]] == [2, 3]
        start, number = first.id.rsplit("-", 1)
        assert [each.id for each in missed] == [
            f"{start}-{int(number) + 1}",
            f"{start}-{int(number) + 2}",
            f"{start}-{int(number) + 2}",
        ]
        unit.hub.stop()

    run(scene())


@pytest.mark.parametrize("strange", ["1a2b3c4d-1", "x", "-", "-5", "1-2-3", "é-1", "9" * 40])
def test_an_id_of_another_run_means_to_read_everything_anew(strange: str) -> None:
    async def scene() -> None:
        unit = Followed()
        reset, reading = await told(unit.follow(last_event_id=strange))
        assert (reset.event, reading.event) == ("reset", "readings")
        assert reset.data["detail"]
        unit.hub.stop()

    run(scene())


def test_an_id_that_was_never_given_means_to_read_everything_anew() -> None:
    async def scene() -> None:
        unit = Followed()
        (reading,) = await told(unit.follow([Topic.READINGS]))
        start, number = reading.id.split("-")
        (reset,) = await told(unit.follow([Topic.STATE], f"{start}-{int(number) + 9}"))
        assert reset.event == "reset"
        unit.hub.stop()

    run(scene())


def test_after_two_minutes_what_was_missed_is_forgotten() -> None:
    async def scene() -> None:
        unit = Followed()
        other = unit.follow([Topic.STATE])  # somebody stays: only the age counts
        unit.change(1, lock=Lock.LOCKED_ON)
        (first,) = await told(other)
        unit.change(1, lock=Lock.UNLOCKED)
        (second,) = await told(other)
        await asyncio.sleep(130)
        (reset,) = await told(unit.follow([Topic.STATE], first.id))
        assert reset.event == "reset"
        up_to_date = unit.follow(last_event_id=second.id)
        assert [each.event for each in await told(up_to_date)] == ["readings"]
        unit.hub.stop()

    run(scene())


def test_nobody_looks_at_the_unit_once_all_have_gone_for_good() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow([Topic.READINGS])
        (reading,) = await told(stream)
        unit.hub.close(stream)
        await asyncio.sleep(125)
        assert unit.events._subscriptions == []
        (reset, _) = await told(unit.follow(last_event_id=reading.id))
        assert reset.event == "reset"
        unit.hub.stop()

    run(scene())


def test_who_may_read_one_outlet_is_told_of_that_one() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow(grant=ONLY_2)
        (reading,) = await told(stream)
        assert [row["number"] for row in reading.data["outlets"]] == [2]
        assert reading.data["inlets"] == []
        assert reading.data["total"]["active_power_w"] is None
        before = unit.controller.snapshot.alarms
        unit.controller.show(alarms=(*before, HOT, replace(HOT, id=8, target=None)))
        unit.change(1, lock=Lock.LOCKED_ON)
        unit.change(2, lock=Lock.UNLOCKED)
        heard = await told(stream)
        assert [each.event for each in heard] == ["state", "alarm"]
        assert heard[0].data["outlet"]["number"] == 2
        assert heard[1].data["alarm"]["id"] == 7
        unit.hub.stop()

    run(scene())


def test_what_others_wrote_of_a_hidden_outlet_is_not_told() -> None:
    async def scene() -> None:
        unit = Followed()
        unit.controller.change(3, name="backup server")
        tenant = unit.follow(
            [Topic.STATE, Topic.ALARMS], grant=Grant(Rights.READ, Rights.NONE, {1: Rights.READ})
        )
        whole = unit.follow([Topic.STATE, Topic.ALARMS])
        hold = Hold("rule backup server", Rank.RULE, False, "outlet 3 is hot", 0.0, "plain")
        said = "outlets 1-4 go off"
        unit.controller.show(
            alarms=(
                Alarm(7, "hot", Severity.WARNING, "unit", "backup server is hot", 0.0),
                Alarm(8, "hot", Severity.WARNING, "unit", "it is hot", 0.0),
            )
        )
        unit.change(1, holds=(hold,), stopping=said)
        await asyncio.sleep(0.1)
        state, alarm = await told(tenant)
        outlet = state.data["outlet"]
        assert (outlet["number"], outlet["name"]) == (1, "web")
        assert (outlet["holds"][0]["source"], outlet["holds"][0]["text"]) == (NOT_SHOWN, NOT_SHOWN)
        assert (outlet["holds"][0]["ends"], outlet["stopping"]) == ("plain", NOT_SHOWN)
        assert alarm.data["alarm"]["id"] == 8
        everything = await told(whole)
        assert [row.event for row in everything] == ["state", "alarm", "alarm", "alarm"]
        assert everything[0].data["outlet"]["stopping"] == said
        unit.hub.stop()

    run(scene())


def test_readings_are_encoded_once_for_all_who_are_shown_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        unit = Followed()
        streams = [unit.follow(grant=grant) for grant in [Grant.everywhere(Rights.WRITE)] * 3]
        streams += [unit.follow(grant=ONLY_2), unit.follow(grant=Grant.everywhere(Rights.READ))]
        made: list[Snapshot] = []

        def readings(snapshot: Snapshot) -> Plain:
            made.append(snapshot)
            return rows.readings(snapshot)

        monkeypatch.setattr(hub_module, "readings", readings)
        for stream in streams:
            await stream.take()
        await asyncio.sleep(1.01)
        assert len(made) == 2  # everything, and outlet 2
        unit.hub.stop()

    run(scene())


def test_who_reads_slowly_gets_the_newest_readings_only() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow()
        await asyncio.sleep(5.5)
        unit.change(1, lock=Lock.LOCKED_ON)
        await asyncio.sleep(3)
        heard = await told(stream)
        assert [each.event for each in heard] == ["state", "readings"]
        unit.hub.stop()

    run(scene())


def test_who_takes_nothing_for_long_is_let_go() -> None:
    async def scene() -> None:
        unit = Followed()
        wire = Wire()
        stream = unit.follow(wire=wire)
        await stream.take()  # and is still writing it
        await asyncio.sleep(32)
        assert wire.gone
        assert await stream.take() == b""
        unit.hub.stop()

    run(scene())


def test_who_lags_behind_by_too_many_changes_is_let_go() -> None:
    async def scene() -> None:
        unit = Followed()
        slow, quick = unit.follow([Topic.STATE]), unit.follow([Topic.STATE])
        for count in range(MAX_WAITING + 1):
            unit.change(1, switch_count=100 + count)
            assert len(await told(quick)) == 1
        assert await slow.take() == b""
        unit.hub.stop()

    run(scene())


def test_a_silent_stream_shows_that_it_lives() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow([Topic.ALARMS])
        began_s = seconds()
        for count in range(1, 4):
            assert await stream.take() == b":\n\n"
            assert seconds() - began_s <= 15.0 * count
        unit.hub.stop()

    run(scene())


def test_a_client_that_has_left_makes_room() -> None:
    async def scene() -> None:
        unit = Followed()
        wire = Wire()
        stream = unit.follow([Topic.ALARMS], wire=wire)
        wire.gone = True
        assert await stream.take() == b""
        unit.hub.stop()

    run(scene())


def test_who_may_not_read_any_more_is_let_go_within_a_second() -> None:
    async def scene() -> None:
        unit, allowed = Followed(), [True]
        stream = unit.follow([Topic.ALARMS], is_valid=lambda: allowed[0])
        await asyncio.sleep(3.2)
        allowed[0] = False
        began_s = seconds()
        assert await stream.take() == b""
        assert seconds() - began_s <= 1.0
        unit.hub.stop()

    run(scene())


def test_there_are_so_many_streams_in_all_and_of_each_source() -> None:
    async def scene() -> None:
        unit = Followed()
        of_one = [unit.follow(source="10.0.0.5") for _ in range(hub_module.MAX_STREAMS_OF_SOURCE)]
        with pytest.raises(TooMany, match=r"16 streams are open from 10\.0\.0\.5"):
            unit.follow(source="10.0.0.5")
        while len(of_one) < hub_module.MAX_STREAMS:
            of_one.append(unit.follow(source="127.0.0.1"))
        with pytest.raises(TooMany, match="64 streams are open"):
            unit.follow(source="10.0.0.6")
        unit.hub.close(of_one[0])
        unit.follow(source="10.0.0.5")
        unit.hub.stop()

    run(scene())


def test_who_has_just_left_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "MAX_STREAMS", 1)

    async def scene() -> None:
        unit, wire = Followed(), Wire()
        unit.follow(wire=wire)
        wire.gone = True
        unit.follow()
        unit.hub.stop()

    run(scene())


def test_stopping_ends_every_stream_at_once() -> None:
    async def scene() -> None:
        unit = Followed()
        stream = unit.follow()
        await stream.take()
        unit.hub.stop()
        assert await stream.take() == b""
        unit.hub.close(stream)

    run(scene())

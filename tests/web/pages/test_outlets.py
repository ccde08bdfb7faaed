# SPDX-License-Identifier: Apache-2.0
"""The list of outlets, and the page of one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import Actor, Limit, Lock, Quantity, Target, TargetKind
from pdu_agent.model.control import RelayWear, Trip, TripState, Upcoming
from pdu_agent.model.hooks import HookRow, HookRun
from pdu_agent.model.quantities import Electrical
from pdu_agent.model.snapshot import (
    Group,
    GroupState,
    MeterStatus,
    OutletHooks,
    OutletState,
    Snapshot,
    SwitchProof,
    Threshold,
    ThresholdState,
    Verdict,
)
from pdu_agent.web.caller import Caller
from pdu_agent.web.pages import outlet, outlets
from tests.web.fake_agent import (
    NOON_S,
    RICH,
    RunningAgent,
    make_meter,
    make_outlet,
    make_snapshot,
    running_agent,
)
from tests.web.pages.seen import ADMIN, SWITCHER, VIEWER, page, requests_of, words_of


def listed(snapshot: Snapshot, caller: Caller = ADMIN) -> str:
    seen = caller.seen(snapshot)
    return page("outlets.html", seen, outlets.context_of(seen), caller)


def one(snapshot: Snapshot, number: int = 1, caller: Caller = ADMIN) -> str:
    seen = caller.seen(snapshot)
    row = next(each for each in seen.outlets if each.index == number)
    return page("outlet.html", seen, outlet.context_of(row, seen), caller)


def line_of(text: str, number: int) -> str:
    found = re.search(rf'<tr [^>]*data-outlet="{number}".*?</tr>', text, re.S)
    assert found is not None
    return found[0]


# -- the list -----------------------------------------------------------------------------


def test_a_line_tells_state_values_lock_proof_and_reason() -> None:
    shown = words_of(line_of(listed(make_snapshot()), 2))
    for text in ("<b>db</b> & café", "on", "locked on", "verified", "103.2", "0.449", "12.35"):
        assert text in shown
    assert "switcher" in shown
    assert "<b>" not in listed(make_snapshot())


def test_of_what_is_not_known_there_is_a_dash() -> None:
    shown = words_of(line_of(listed(make_snapshot()), 3))
    assert shown.count("\N{EN DASH}") == 4  # W, A, PF, cost; the counter outlives its meter
    assert "0.0" not in shown
    bare = make_snapshot(outlets=(make_outlet(1, meter=None),))
    assert words_of(line_of(listed(bare), 1)).count("\N{EN DASH}") == 5


def test_a_viewer_is_offered_no_switch_and_no_selection() -> None:
    shown = listed(make_snapshot(), VIEWER)
    assert "data-api" not in shown.replace('data-api="DELETE /api/v1/session"', "")
    assert "data-pick" not in shown
    assert "data-bulk" not in shown


def test_only_what_may_be_switched_can_be_selected() -> None:
    tenant = Caller(Actor("http", "tim"), Grant(Rights.NONE, Rights.READ, {1: Rights.SWITCH}))
    shown = listed(make_snapshot(), tenant)
    assert re.findall(r'data-pick="(\d+)"', shown) == ["1"]
    assert re.findall(r'data-pick="(\d+)"', listed(make_snapshot())) == ["1", "2", "3"]


def test_a_filter_knows_the_groups_that_have_members() -> None:
    groups = (
        Group(1, "<rack>", (1, 2), True, GroupState.ON, None, 0),
        Group(7, "spare", (), False, GroupState.UNKNOWN, None, 0),
    )
    shown = listed(make_snapshot(groups=groups))
    assert '<option value="1">&lt;rack&gt;</option>' in shown
    assert "spare" not in shown
    assert 'data-groups="1"' in line_of(shown, 2)
    assert 'data-groups=""' in line_of(shown, 3)


def test_nobody_is_shown_an_empty_table() -> None:
    assert "no outlet that you may see" in words_of(listed(make_snapshot(outlets=())))


# -- the page of one ------------------------------------------------------------------------


def test_an_outlet_tells_what_it_draws_why_it_is_so_and_what_is_set() -> None:
    row = make_outlet(
        1,
        name="nas",
        meter=make_meter(**RICH),
        wear=RelayWear(12.5, 3725.0, 31.5, 0.02, 1.0),
        last_proof=SwitchProof(False, Verdict.VERIFIED, False, NOON_S, 0.2, 0.0, 41.0, 3.0),
    )
    shown = words_of(one(make_snapshot(outlets=(row,))))
    for text in ("103.2 W", "230.1 V", "12.5 %", "7 times", "31.5 A peak", "20 ms", "1 h 2 min"):
        assert text in shown
    assert "off, 41 W to 3 W" in shown
    assert "After a power loss it returns to the state it had before." in shown
    assert "Two cycles, about once a second" in shown


def test_without_samples_there_is_no_waveform_and_without_a_meter_no_history() -> None:
    bare = one(make_snapshot(outlets=(make_outlet(1, meter=None),)))
    assert "data-waveform" not in bare
    assert "data-chart" not in bare
    assert "\N{EN DASH} W" in words_of(bare)
    assert "data-waveform" not in one(make_snapshot())  # metered, but not by a converter


def test_old_values_are_not_shown_as_those_of_now() -> None:
    old = make_outlet(1, meter=make_meter(status=MeterStatus.STALE, peak_power_w=None))
    assert "103" not in words_of(one(make_snapshot(outlets=(old,), events=())))


def test_settings_are_edited_as_they_were_read() -> None:
    shown = one(make_snapshot())
    form = re.search(r'<form class="form" data-api="PATCH [^>]*>', shown)
    assert form is not None
    assert "PATCH /api/v1/outlets/1" in form[0]
    assert re.search(r'data-etag="&#34;[0-9a-f]{24}&#34;"', form[0])
    assert "data-changed" in form[0]
    assert 'name="reboot_s" value="5"' in shown


def test_the_tag_of_the_form_is_the_one_that_the_api_takes(agent: RunningAgent) -> None:
    text = agent.local("GET", "/outlets/1", Accept="text/html").body.decode()
    etag = re.search(r'data-etag="([^"]*)"', text)
    assert etag is not None
    answer = agent.local("GET", "/api/v1/outlets/1/settings")
    assert unescape(etag[1]) == answer.headers["ETag"]


def test_a_viewer_sees_the_policies_and_nothing_to_change_them() -> None:
    shown = one(make_snapshot(), caller=VIEWER)
    assert [each for each in requests_of(shown) if "/session" not in each] == []
    assert "<input" not in shown.replace('<input class="menu-box"', "")
    assert "Policies" in words_of(shown)


def test_who_may_switch_sets_nothing() -> None:
    asked = requests_of(one(make_snapshot(), caller=SWITCHER))
    assert {each.rpartition("/")[2] for each in asked} >= {"on", "off", "reboot", "timer"}
    assert not [each for each in asked if each.startswith("PATCH") or each.endswith("/lock")]


def test_a_machine_that_can_be_shut_down_is_and_force_is_another_button() -> None:
    assert "Shut down and cut" not in words_of(one(make_snapshot()))
    row = make_outlet(1, hooks=OutletHooks(before_off="ssh-<nas>"))
    shown = one(make_snapshot(outlets=(row,)))
    assert "Shut down and cut" in words_of(shown)
    assert "Its hook ssh-&lt;nas&gt; runs first" in shown
    assert "data-body='{\"forced\": true}'" in shown


def test_progress_of_a_shutdown_is_there_when_the_page_is_opened_in_the_middle_of_it() -> None:
    row = make_outlet(
        1,
        state=OutletState.OFF_PENDING,
        hooks=OutletHooks(before_off="ssh"),
        stopping="38 W, waits for under 5 W for 5 s, 90 s left",
    )
    shown = one(make_snapshot(outlets=(row,)))
    assert "<li>38 W, waits for under 5 W for 5 s, 90 s left</li>" in shown
    assert '<div class="progress" data-progress>' in shown
    assert '<div class="progress" data-progress hidden>' in one(make_snapshot())


def test_a_locked_outlet_offers_to_unlock_it() -> None:
    shown = one(make_snapshot(), 2)
    assert "POST /api/v1/outlets/2/unlock" in requests_of(shown)
    assert "POST /api/v1/outlets/2/lock" not in requests_of(shown)
    assert make_snapshot().outlets[1].lock is Lock.LOCKED_ON


def test_what_is_only_metered_cannot_be_switched() -> None:
    shown = one(make_snapshot(), 4)
    assert [each for each in requests_of(shown) if "/outlets/4/" in each] == []
    assert "metered only" in words_of(shown)


def test_limits_are_lines_of_the_curve() -> None:
    watched = Threshold(
        Target(TargetKind.OUTLET, 1),
        Quantity.ACTIVE_POWER,
        *(0.0, 0.0, 80.0, 120.0),
        hysteresis=1.0,
        delay_s=0.0,
        enabled=frozenset({Limit.HIGH_CRITICAL, Limit.HIGH_WARNING}),
        state=ThresholdState.HIGH_WARNING,
        value=103.0,
    )
    shown = one(make_snapshot(thresholds=(watched,)))
    drawn = re.search(r'data-quantity="active_power_w"[^>]*data-limits="([^"]*)"', shown)
    assert drawn is not None
    assert json.loads(unescape(drawn[1])) == [
        {"label": "high warning", "value": 80.0, "critical": False},
        {"label": "high critical", "value": 120.0, "critical": True},
    ]


def test_a_timer_that_runs_can_be_ended() -> None:
    snapshot = make_snapshot()
    coming = (Upcoming(NOON_S + 60, "countdown", "off", (1,)),)
    shown = page("outlet.html", snapshot, outlet.context_of(snapshot.outlets[0], snapshot, coming))
    assert "countdown: off" in words_of(shown)
    assert requests_of(shown).count("POST /api/v1/outlets/1/timer") == 2


def test_an_off_of_something_idle_is_not_asked_about() -> None:
    idle = make_outlet(1, meter=make_meter(electrical=Electrical(230.0, 0.0, 0.0)))
    shown = one(make_snapshot(outlets=(idle,)))
    off = re.search(r'<button[^>]*data-do="off"[^>]*>', shown)
    assert off is not None
    assert 'data-confirm=""' in off[0]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("outlets")) as agent:
        yield agent


def test_the_pages_are_served_and_what_is_not_there_is_told(agent: RunningAgent) -> None:
    assert agent.local("GET", "/outlets", Accept="text/html").status == 200
    gone = agent.local("GET", "/outlets/99", Accept="text/html")
    assert gone.status == 404
    assert "there is no outlet 99" in words_of(gone.body.decode())


def test_an_etag_changes_with_a_setting_and_not_with_what_is_drawn() -> None:
    row = make_outlet(1)
    snapshot = make_snapshot(outlets=(row,))
    drawn = replace(row, meter=make_meter(energy_mj=1))
    renamed = replace(row, name="other")
    tags = [outlet.context_of(each, snapshot)["etag"] for each in (row, drawn, renamed)]
    assert tags[0] == tags[1] != tags[2]


def test_a_hook_tells_how_it_ended_for_this_outlet_and_not_for_another() -> None:
    row = make_outlet(1, hooks=OutletHooks(before_off="ssh", after_on="ping"))
    snapshot = make_snapshot(outlets=(row,))
    failed = HookRun("before_off", 1, NOON_S, "exit code <1>", 2.5)
    rows = (
        HookRow("ssh", "command", 10.0, False, failed),
        HookRow("ping", "http", 5.0, True, HookRun("after_on", 9, NOON_S, "", 0.1)),
    )
    shown = page("outlet.html", snapshot, outlet.context_of(row, snapshot, (), rows))
    assert "Before off: ssh failed 08:00:00, 2.5 s: exit code <1>" in words_of(shown)
    assert "worked" not in words_of(shown)


def test_a_trip_is_reset_by_who_may_write() -> None:
    row = make_outlet(1, trip=Trip(TripState.LATCHED, 3, 12.0, NOON_S))
    snapshot = make_snapshot(outlets=(row,))
    assert "POST /api/v1/outlets/1/reset-trip" in requests_of(one(snapshot))
    assert "tripped" in words_of(one(snapshot))
    assert "POST /api/v1/outlets/1/reset-trip" not in requests_of(one(snapshot, caller=SWITCHER))
    assert "POST /api/v1/reset" not in requests_of(one(snapshot, caller=SWITCHER))


def test_a_plan_that_switches_hidden_outlets_too_is_not_told_of() -> None:
    tenant = Caller(Actor("http", "tim"), Grant(Rights.NONE, Rights.NONE, {1: Rights.SWITCH}))
    coming = (
        Upcoming(NOON_S + 60, "plan secret", "off", (1, 3)),
        Upcoming(NOON_S + 90, "plan own", "off", (1,)),
    )
    seen = tenant.seen(make_snapshot())
    shown = page("outlet.html", seen, outlet.context_of(seen.outlets[0], seen, coming), tenant)
    assert "plan own" in words_of(shown)
    assert "secret" not in shown

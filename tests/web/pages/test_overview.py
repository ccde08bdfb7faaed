# SPDX-License-Identifier: Apache-2.0
"""The first page."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import Action, Actor, Quantity, Target, TargetKind
from pdu_agent.model.control import Cap, CapState
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.snapshot import Alarm, MeterStatus, OutletState, Severity, Snapshot
from pdu_agent.model.ups import Ups, UpsFlag
from pdu_agent.web.caller import Caller
from pdu_agent.web.pages import static_files
from pdu_agent.web.pages.overview import context_of, total_w
from tests.web.fake_agent import NOON_S, make_meter, make_outlet, make_snapshot
from tests.web.pages.seen import ADMIN, SWITCHER, VIEWER, page, requests_of, words_of

MAX_OCTETS = 100_000


def overview(snapshot: Snapshot, caller: Caller = ADMIN) -> str:
    seen = caller.seen(snapshot)
    return page("overview.html", seen, context_of(seen), caller)


def test_names_from_strangers_are_text() -> None:
    shown = overview(make_snapshot())
    assert "&lt;b&gt;db&lt;/b&gt; &amp; café" in shown
    assert "<b>" not in shown


def test_an_inlet_shows_its_load_against_its_rating() -> None:
    shown = words_of(overview(make_snapshot()))
    assert "0.45 A of 16 A rated, warning from 12.8 A" in shown
    assert 'data-live="inlet:1:current_a"' in overview(make_snapshot())


def test_values_that_are_not_of_now_are_missing_and_never_zero() -> None:
    silent = make_meter(status=MeterStatus.STALE)
    snapshot = make_snapshot()
    inlets = tuple(replace(row, meter=silent) for row in snapshot.inlets)
    outlets = (make_outlet(1, meter=silent), make_outlet(2, meter=None))
    bare = make_snapshot(inlets=inlets, outlets=outlets, branches=(), lines=())
    shown = words_of(overview(bare))
    assert re.search("Active power ?\N{EN DASH} W", shown)
    assert "103" not in shown
    assert " 0 W" not in shown
    assert total_w(inlets) is None


def test_a_total_without_one_of_its_parts_is_missing() -> None:
    snapshot = make_snapshot()
    first, second = snapshot.inlets
    lost = replace(second, meter=make_meter(electrical=Electrical(), status=MeterStatus.FAULT))
    assert total_w((first, second)) == 206.4
    assert total_w((first, lost)) is None
    assert total_w(()) is None


def test_a_viewer_sees_everything_and_no_button_that_acts() -> None:
    asked = requests_of(overview(make_snapshot(), VIEWER))
    assert [each for each in asked if "/session" not in each] == []
    assert "web" in words_of(overview(make_snapshot(), VIEWER))


def test_who_may_switch_acknowledges_nothing() -> None:
    asked = requests_of(overview(make_snapshot(), SWITCHER))
    assert "POST /api/v1/outlets/1/off" in asked
    assert not [each for each in asked if "acknowledge" in each]
    assert "POST /api/v1/alarms/1/acknowledge" in requests_of(overview(make_snapshot()))


def test_a_tenant_sees_their_outlets_alone() -> None:
    tenant = Caller(Actor("http", "tim"), Grant(Rights.NONE, Rights.NONE, {1: Rights.SWITCH}))
    shown = overview(make_snapshot(), tenant)
    assert "café" not in shown
    assert "Inlet 1" not in shown
    assert "rack-7" in shown
    asked = {each for each in requests_of(shown) if "outlets" in each}
    assert asked == {"POST /api/v1/outlets/1/on", "POST /api/v1/outlets/1/off"}


def test_an_off_is_asked_about_where_something_is_drawn_or_nobody_knows() -> None:
    drawing, idle = make_outlet(1, name="nas"), make_outlet(2, name="lamp")
    idle = replace(idle, meter=make_meter(electrical=Electrical(230.0, 0.0, 0.2)))
    unmetered = make_outlet(3, name="heater", meter=None)
    shown = overview(make_snapshot(outlets=(drawing, idle, unmetered)))
    questions = re.findall(r'data-confirm="([^"]*)"', shown)
    assert questions == [
        "Switch off nas? It draws 103 W now.",
        "",
        "Switch off heater? Nothing tells what it draws.",
    ]


def test_a_locked_outlet_offers_nothing_and_what_is_only_metered_has_no_switch() -> None:
    shown = overview(make_snapshot())
    locked = re.search(r'data-outlet="2".*?</li>', shown, re.S)
    assert locked is not None
    assert locked[0].count(" disabled") == 2
    assert "locked on" in locked[0]
    assert "/outlets/4/o" not in shown


def test_what_is_pending_is_told_with_its_time() -> None:
    waiting = make_outlet(
        1, state=OutletState.OFF_PENDING, pending=Action.OFF_DELAYED, pending_s=12.2
    )
    shown = words_of(overview(make_snapshot(outlets=(waiting,))))
    assert "off pending" in shown
    assert "delayed off in 12 s" in shown


def test_alarms_that_nobody_has_seen_come_first() -> None:
    old = Alarm(1, "x", Severity.CRITICAL, "outlet 1", "seen", NOON_S, acknowledged=True)
    mild = Alarm(2, "x", Severity.WARNING, "outlet 2", "mild", NOON_S)
    bad = Alarm(3, "x", Severity.CRITICAL, "outlet 3", "bad", NOON_S - 9)
    shown = words_of(overview(make_snapshot(alarms=(old, mild, bad))))
    assert shown.index("bad") < shown.index("mild") < shown.index("seen")
    assert "No alarm stands." in words_of(overview(make_snapshot(alarms=())))


def test_a_cap_and_a_ups_say_how_they_are() -> None:
    target = Target(TargetKind.INLET, 1)
    cap = Cap(1, "rack", target, Quantity.ACTIVE_POWER, 500.0, 25.0, 512.0, CapState.OVER, ())
    flags = frozenset({UpsFlag.ON_BATTERY, UpsFlag.LOW_BATTERY})
    ups = Ups(1, "big", "", "", "", flags, {}, None, 5.0, runtime_s=125.0, charge_pct=18.0)
    gone = replace(ups, index=2, name="small", unreachable_since_s=1.0, trouble="no route")
    text = overview(make_snapshot(caps=(cap,), upses=(ups, gone)))
    shown = words_of(text)
    assert "512 W of 500 W over" in shown
    assert 'data-live="cap:1:value"' in text
    assert 'data-live-state="cap:1"' in text
    assert 'data-live-bar="cap:1:value" data-whole="500.0"' in text
    assert "on battery low battery" in shown
    assert "Runtime 2 min 5 s" in shown
    assert "not reachable" in shown
    assert "no route" in shown


def test_the_quality_of_what_feeders_carry_is_told() -> None:
    shown = words_of(overview(make_snapshot()))
    assert "4.2 12.5" in shown  # residual mA, imbalance %
    assert "99.5 150.2" in shown  # demand and its peak
    assert "1.2 33.3" in shown  # THD of line 2
    assert "not metered" in shown
    clipped = make_meter(electrical=Electrical(230.0, 9.9, 1.0, quality=Quality.CLIPPED))
    assert "clipped" in words_of(overview(make_snapshot(outlets=(make_outlet(1, meter=clipped),))))


def test_the_overview_of_64_outlets_weighs_less_than_100_kilobytes() -> None:
    """What a browser loads for it: the page, and every file that it names or that those import."""
    snapshot = make_snapshot(outlets=tuple(make_outlet(number) for number in range(1, 65)))
    shown = overview(snapshot)
    names = set(re.findall(r"/static/[0-9a-f]+/([\w./-]+)", shown)) | {"live.js"}
    loaded: set[str] = set()
    while names:
        name = names.pop()
        loaded.add(name)
        text = gzip.decompress(static_files.files()[name].packed).decode()
        names |= set(re.findall(r'^import .*?"\./([\w./-]+)"', text, re.M)) - loaded
    files = sum(len(static_files.files()[name].packed) for name in loaded)
    assert {"app.js", "style.css", "api.js", "live.js", "switch.js"} <= loaded
    assert len(gzip.compress(shown.encode())) + files < MAX_OCTETS

# SPDX-License-Identifier: Apache-2.0
"""Every batch of commands leaves an entry: who, what, before, after, or why not."""

from __future__ import annotations

import json

import pytest

from pdu_agent.core.audit import MAX_REFUSED_COMMANDS, REFUSED_AT_ONCE
from pdu_agent.model.audit import AuditResult, ResetMark
from pdu_agent.model.commands import (
    Action,
    Actor,
    ConfigureOutlet,
    ConfigureThreshold,
    EnableNotifications,
    Limit,
    Lock,
    NotificationClass,
    OutletSetting,
    PowerUp,
    Quantity,
    Reset,
    ResetMeter,
    ResetMeters,
    SetLock,
    SwitchAll,
    SwitchOutlet,
    Target,
    TargetKind,
    ThresholdSetting,
)
from pdu_agent.model.errors import (
    CommandError,
    InvalidValue,
    OutletLocked,
    Unavailable,
    UnknownTarget,
)
from pdu_agent.model.snapshot import ChangeReason, OutletState
from tests.core.bench import INLET, OPS, Workbench


def test_a_switched_outlet_is_there_with_before_and_after() -> None:
    bench = Workbench(outlets=2)
    bench.switch(2, Action.OFF)
    (entry,) = bench.audited
    assert (entry.actor, entry.reason, entry.result) == (
        OPS,
        ChangeReason.SNMP,
        AuditResult.CHANGED,
    )
    assert entry.asked == "outlet 2 off"
    assert entry.commands == (
        {"command": "SwitchOutlet", "outlet": 2, "action": "off", "delay_s": None},
    )
    assert entry.outlets == {2: ("on", "off pending (off)")}
    assert entry.t_wall_s == bench.clock.wall_s()


def test_what_changes_nothing_is_there_too() -> None:
    bench = Workbench(outlets=2)
    bench.switch(1, Action.ON)
    bench.switch(1, Action.ON)
    assert [entry.result for entry in bench.audited] == [AuditResult.UNCHANGED] * 2
    assert bench.audited[0].outlets == {1: ("on", "on")}


def test_all_outlets_that_change_are_listed() -> None:
    bench = Workbench(outlets=64)
    bench.submit(SetLock(3, Lock.LOCKED_ON))
    bench.submit(SwitchAll(Action.OFF))
    assert bench.audited[0].outlets == {3: ("on", "on locked on")}
    assert sorted(bench.audited[1].outlets) == [n for n in range(1, 65) if n != 3]


def test_a_refused_batch_is_there_with_its_error() -> None:
    bench = Workbench(outlets=2)
    bench.submit(SetLock(1, Lock.LOCKED_ON))
    with pytest.raises(OutletLocked) as refusal:
        bench.switch(1, Action.OFF)
    entry = bench.audited[-1]
    assert (entry.result, entry.error) == (AuditResult.REFUSED, str(refusal.value))
    assert entry.outlets == {1: ("on locked on", "on locked on")}


def test_a_refused_test_of_a_batch_is_there_and_an_accepted_one_is_not() -> None:
    bench = Workbench(outlets=2)
    bench.core.check([SwitchOutlet(1, Action.OFF)], OPS)
    with pytest.raises(UnknownTarget):
        bench.core.check([SwitchOutlet(9, Action.OFF)], OPS)
    assert [entry.error for entry in bench.audited] == ["there is no outlet 9"]


def test_without_an_entry_no_command_is_accepted() -> None:
    bench = Workbench(outlets=2)
    bench.audit_fails = True
    with pytest.raises(Unavailable, match="could not be recorded: no space"):
        bench.switch(1, Action.OFF)
    bench.run(2)
    assert (bench.state(1), bench.board.moves) == (OutletState.ON, [])
    bench.audit_fails = False
    bench.switch(1, Action.OFF)
    assert [(entry.result, entry.missed) for entry in bench.audited] == [(AuditResult.CHANGED, 1)]


def test_a_command_whose_record_failed_is_followed_by_its_refusal() -> None:
    bench = Workbench(outlets=2)
    bench.save_fails = True
    with pytest.raises(Unavailable):
        bench.switch(1, Action.OFF)
    assert [entry.result for entry in bench.audited] == [AuditResult.CHANGED, AuditResult.REFUSED]
    assert bench.audited[1].outlets == {1: ("on", "on")}
    assert bench.state(1) is OutletState.ON


def test_the_entry_comes_before_the_record_that_moves_a_relay() -> None:
    bench = Workbench(outlets=2)
    saved = len(bench.saved)
    bench.audit_fails = True
    with pytest.raises(Unavailable):
        bench.switch(1, Action.OFF)
    assert len(bench.saved) == saved


def test_a_reset_keeps_the_old_total_and_its_start() -> None:
    bench = Workbench(outlets=2)
    start_s = bench.clock.wall_s()
    bench.read(energy_mj=7_200_000, active_power_w=100.0)
    bench.run(10)
    bench.submit(ResetMeter(INLET, Reset.ENERGY))
    reset_s = bench.clock.wall_s()
    assert bench.audited[-1].meters == {"inlet 1": ResetMark(7_200_000, 7_200_000, start_s)}
    bench.read(energy_mj=1000, active_power_w=100.0)
    bench.run(10)
    bench.submit(ResetMeters(TargetKind.INLET, Reset.ENERGY))
    assert bench.audited[-1].meters == {"inlet 1": ResetMark(7_201_000, 1000, reset_s)}


def test_entries_are_json_whatever_was_asked() -> None:
    bench = Workbench(outlets=2)
    bench.submit(
        ConfigureOutlet(1, OutletSetting.NAME, 'öl " \\ 電'),
        ConfigureOutlet(1, OutletSetting.POWER_UP, PowerUp.OFF),
        EnableNotifications(next(iter(NotificationClass)), False),
    )
    with pytest.raises(CommandError):
        bench.submit(
            ConfigureThreshold(
                Target(TargetKind.OUTLET, 1),
                Quantity.CURRENT,
                ThresholdSetting.ENABLED,
                frozenset({Limit.HIGH_WARNING, Limit.HIGH_CRITICAL}),
            )
        )
    for value in (float("nan"), float("inf"), "x" * 50_000):
        with pytest.raises(InvalidValue):
            bench.submit(ConfigureOutlet(1, OutletSetting.NAME, value))
    for entry in bench.audited:
        assert len(json.dumps(entry.to_plain())) < 2000
        plain = json.loads(json.dumps(entry.to_plain(), allow_nan=False))
        assert plain["face"] == "snmp"
        assert plain["commands"]
    assert bench.audited[0].commands[1]["value"] == "off"


def test_a_flood_of_refused_batches_is_counted_not_kept() -> None:
    bench = Workbench(outlets=2)
    stranger = Actor("http", "", "192.0.2.66")
    for _ in range(1000):
        with pytest.raises(UnknownTarget):
            bench.core.submit_all([SwitchOutlet(9, Action.OFF)] * 40, stranger)
    assert len(bench.audited) == REFUSED_AT_ONCE
    assert len(bench.audited[0].commands) == MAX_REFUSED_COMMANDS
    assert bench.audited[0].left_out == 40 - MAX_REFUSED_COMMANDS
    bench.switch(1, Action.OFF)
    assert bench.audited[-1].missed == 1000 - REFUSED_AT_ONCE
    bench.run(5)
    with pytest.raises(UnknownTarget):
        bench.switch(9, Action.OFF)
    assert bench.audited[-1].result is AuditResult.REFUSED


def test_what_came_of_a_command_has_an_entry_of_its_own() -> None:
    bench = Workbench(outlets=2)
    by_rule = Actor("rule", "hot", "", "50 C")
    bench.core.submit_all([SwitchOutlet(2, Action.OFF)], by_rule)
    (command,) = bench.audited
    bench.run(3)
    bench.settle()
    (entry,) = bench.proved
    assert (entry.result, entry.actor, entry.reason) == (
        AuditResult.PROOF,
        by_rule,
        ChangeReason.RULE,
    )
    plain = json.loads(json.dumps(entry.to_plain()))
    assert plain["asked"] == "outlet 2 off"
    assert plain["because"] == "50 C"
    assert plain["proof"] == {
        "outlet": 2,
        "ordered": "off",
        "verdict": "verified",
        "relay_closed": False,
        "moved": plain["proof"]["moved"],
        "command": command.to_plain()["time"],
    }


def metered(bench: Workbench, current_a: float) -> None:
    bench.read(Target(TargetKind.OUTLET, 1), active_power_w=230 * current_a, current_a=current_a)


def test_the_proof_waits_for_what_the_meter_tells() -> None:
    bench = Workbench(outlets=1)
    for _ in range(5):
        bench.run(0.2)
        metered(bench, 2.0)
    bench.switch(1, Action.OFF)
    assert bench.proved == []
    for _ in range(10):
        bench.run(0.2)
        metered(bench, 0.0)
    (entry,) = bench.proved
    assert entry.proof is not None
    plain = entry.proof.to_plain()
    assert (plain["verdict"], plain["current_before_a"], plain["current_after_a"]) == (
        "verified",
        2.0,
        0.0,
    )


def test_a_meter_that_falls_silent_does_not_keep_the_proof_from_the_log() -> None:
    bench = Workbench(outlets=1)
    metered(bench, 2.0)
    bench.switch(1, Action.OFF)
    bench.run(59)
    assert bench.proved == []
    bench.run(3)
    (entry,) = bench.proved
    assert entry.proof is not None
    assert entry.proof.proof.verdict.value == "commanded only"


def test_each_movement_of_a_reboot_is_proved_by_who_ordered_it() -> None:
    bench = Workbench(outlets=1)
    metered(bench, 2.0)
    bench.switch(1, Action.REBOOT)
    bench.run(10)
    root = Actor("cli", "root")
    bench.core.submit_all([SwitchOutlet(1, Action.OFF)], root)
    bench.settle()
    assert [(entry.asked, entry.actor) for entry in bench.proved] == [
        ("outlet 1 off", OPS),
        ("outlet 1 on", OPS),
        ("outlet 1 off", root),
    ]


def test_a_proof_that_cannot_be_stored_fails_nothing() -> None:
    bench = Workbench(outlets=1)
    bench.board.answers = False
    bench.switch(1, Action.OFF)
    bench.audit_fails = True
    bench.board.answers = True
    bench.settle()
    assert bench.state(1) is OutletState.OFF
    assert bench.proved == []


def test_what_a_face_refused_has_an_entry_without_commands() -> None:
    bench = Workbench(outlets=2)
    bench.core.note_refusal("set 1.3.6.1", OPS, "ops may not write 1.3.6.1")
    (entry,) = bench.audited
    assert (entry.result, entry.asked) == (AuditResult.REFUSED, "set 1.3.6.1")
    assert "commands" not in entry.to_plain()

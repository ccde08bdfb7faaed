# SPDX-License-Identifier: Apache-2.0
"""A fault in one engine stops neither the others, nor the metering, nor the faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest

from pdu_agent.core.engine import Engine
from pdu_agent.core.guarded import Guarded
from pdu_agent.core.orders import Orders
from pdu_agent.core.plans.engine import Plans
from pdu_agent.core.rules.engine import Rules
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Action, Actor, EnablePlan, SetCountdown
from pdu_agent.model.errors import Unavailable
from pdu_agent.model.readings import HookResult, HostSeen
from pdu_agent.model.snapshot import Severity
from tests.core.bench import OPS, Workbench
from tests.core.test_plans import daily

METHODS = ("tick", "next_due_s", "plans", "next_changes", "upcoming", "judges", "on_host", "renew")


def broken(*_args: object) -> NoReturn:
    raise ZeroDivisionError("division by zero")


@pytest.fixture
def unit() -> Workbench:
    return Workbench(outlets=2, clock=ManualClock(), plans=(daily("22:00"),))


@pytest.mark.parametrize("method", METHODS)
def test_the_others_go_on(monkeypatch: pytest.MonkeyPatch, unit: Workbench, method: str) -> None:
    unit.submit(SetCountdown(1, Action.OFF, 30.0))
    monkeypatch.setattr(Plans, method, broken)
    unit.read(active_power_w=100.0)
    unit.core.on_watched_host(HostSeen("nas", True))
    unit.core.on_hook(HookResult(1, "bye", "", 1.0))
    unit.core.renew(replace(unit.settings), OPS)
    unit.run(60.0)
    unit.read(active_power_w=100.0)
    assert unit.core.upcoming(5, None) is not None
    assert [relay for _, relay, _ in unit.board.moves] == [0]
    assert unit.core.snapshot.plans is not None
    assert unit.switch(2, Action.OFF)
    unit.run(1.0)
    (alarm,) = unit.alarms("engine")
    assert (alarm.subject, alarm.severity) == ("plans", Severity.CRITICAL)
    assert "ZeroDivisionError: division by zero" in alarm.text


def test_a_fault_is_tried_again_each_second_and_told_once(
    monkeypatch: pytest.MonkeyPatch, unit: Workbench
) -> None:
    turns: list[float] = []

    def tick(_self: Rules) -> NoReturn:
        turns.append(unit.clock.monotonic_s())
        broken()

    monkeypatch.setattr(Rules, "tick", tick)
    monkeypatch.setattr(Rules, "next_due_s", lambda _self: -1.0)
    unit.run(10.0)
    assert len(turns) in range(9, 12)
    assert len(unit.alarms("engine")) == 1
    monkeypatch.undo()
    unit.run(500.0)
    assert len(unit.alarms("engine")) == 1
    unit.run(200.0)
    assert unit.alarms("engine") == []


def test_a_command_that_the_broken_engine_would_judge_is_refused(
    monkeypatch: pytest.MonkeyPatch, unit: Workbench
) -> None:
    monkeypatch.setattr(Plans, "judges", broken)
    before = unit.core.snapshot.plans
    text = "plan night disabled: the part of the agent that does this has failed"
    with pytest.raises(Unavailable, match=text):
        unit.submit(EnablePlan("night", False))
    assert unit.core.snapshot.plans == before


def test_a_command_that_breaks_the_core_is_the_fault_of_whoever_wished_for_it(
    monkeypatch: pytest.MonkeyPatch, unit: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    submit: Callable[..., object] = Orders.submit

    def breaks(orders: Orders, commands: object, actor: Actor) -> object:
        return broken() if actor.face == "schedule" else submit(orders, commands, actor)

    monkeypatch.setattr(Orders, "submit", breaks)
    unit.submit(SetCountdown(1, Action.OFF, 20 * 3600.0))
    unit.idle(25 * 3600.0)
    assert [relay for _, relay, _ in unit.board.moves] == [0]
    assert "engine of plans failed" in caplog.text


def test_whatever_an_engine_can_is_asked_of_the_engine_that_is_guarded() -> None:
    asked = {name for name in vars(Engine) if not name.startswith("_")}
    assert asked - vars(Guarded).keys() == set()

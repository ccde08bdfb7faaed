# SPDX-License-Identifier: Apache-2.0
"""Plans and countdowns over the API, and as `openpdu schedule` and `openpdu timer` show them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pdu_agent.app import cli, exits
from pdu_agent.model.commands import Action, Command, EnablePlan, RunPlan, SetCountdown
from pdu_agent.model.control import NextChange, Plan, Upcoming
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.snapshot import EventKind, LoggedEvent, Severity
from tests.web.fake_agent import NOON_S, RunningAgent, running_agent

NIGHT = Plan(
    number=1,
    name="night",
    enabled=True,
    when="at 22:00",
    outlets=(1, 2),
    action="off",
    next_wall_s=NOON_S + 3600,
    last_wall_s=None,
    outcome="",
    runs=0,
    missed=0,
)
COMING = (
    Upcoming(NOON_S + 3600, "plan night", "off", (1, 2)),
    Upcoming(NOON_S + 7200, "countdown", "on", (2,)),
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("plans")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent, monkeypatch: pytest.MonkeyPatch) -> RunningAgent:
    running.controller.reset()
    running.controller.show(plans=(NIGHT,))
    running.controller.coming = COMING
    monkeypatch.setenv("OPENPDU_SOCKET", str(running.socket_path))
    return running


def submitted(agent: RunningAgent) -> list[Command]:
    return [command for batch, _ in agent.controller.batches for command in batch]


def test_plans_are_listed(agent: RunningAgent) -> None:
    (plan,) = agent.local("GET", "/api/v1/plans").json["plans"]
    assert (plan["name"], plan["enabled"], plan["outlets"]) == ("night", True, [1, 2])
    assert (plan["next_at"], plan["last_at"]) == ("2027-01-15T09:00:00.000Z", None)


def test_what_is_planned_is_listed_as_far_as_asked(agent: RunningAgent) -> None:
    rows = agent.local("GET", "/api/v1/schedule/next").json["next"]
    assert [row["source"] for row in rows] == ["plan night", "countdown"]
    rows = agent.local("GET", "/api/v1/schedule/next?count=1").json["next"]
    assert [row["outlets"] for row in rows] == [[1, 2]]
    rows = agent.local("GET", "/api/v1/schedule/next?outlet=1").json["next"]
    assert [row["source"] for row in rows] == ["plan night"]


@pytest.mark.parametrize(
    ("query", "status"),
    [("count=0", 422), ("count=x", 422), ("count=1001", 422), ("n=3", 422), ("outlet=77", 404)],
)
def test_what_makes_no_sense_is_refused(agent: RunningAgent, query: str, status: int) -> None:
    assert agent.local("GET", f"/api/v1/schedule/next?{query}").status == status


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        ("enable", EnablePlan("night", True)),
        ("disable", EnablePlan("night", False)),
        ("run", RunPlan("night")),
    ],
)
def test_a_plan_is_told_what_to_do(agent: RunningAgent, verb: str, command: Command) -> None:
    answer = agent.local("POST", f"/api/v1/plans/night/{verb}", {})
    assert answer.status == 200
    assert answer.json["plan"]["name"] == "night"
    assert submitted(agent) == [command]
    assert agent.local("POST", f"/api/v1/plans/night/{verb}", {"x": 1}).status == 422
    assert agent.stranger("POST", f"/api/v1/plans/night/{verb}").status == 401


def test_an_unknown_plan_is_refused(agent: RunningAgent) -> None:
    agent.controller.refusal = UnknownTarget("there is no plan 'day'; there are: night")
    answer = agent.local("POST", "/api/v1/plans/day/run", {})
    assert (answer.status, answer.json["code"]) == (404, "unknown_target")


def test_a_countdown_is_set_and_ended(agent: RunningAgent) -> None:
    body = {"action": "off", "after_s": 1800}
    answer = agent.local("POST", "/api/v1/outlets/2/timer", body)
    assert answer.json["outlet"]["number"] == 2
    agent.local("POST", "/api/v1/outlets/2/timer", {})
    assert submitted(agent) == [
        SetCountdown(2, Action.OFF, 1800),
        SetCountdown(2, Action.CANCEL, None),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "off"},
        {"after_s": 60},
        {"action": "burn", "after_s": 60},
        {"action": "off", "after_s": True},
        {"action": "off", "after_s": "60"},
        {"action": "off", "after_s": None},
        {"action": "off", "after_s": 10**400},
        {"action": "off", "after_s": -(10**400)},
        {"action": ["off"], "after_s": 60},
        {"action": "off", "after_s": 60, "why": "x"},
    ],
)
def test_a_countdown_that_makes_no_sense_is_refused(
    agent: RunningAgent, body: dict[str, object]
) -> None:
    assert agent.local("POST", "/api/v1/outlets/2/timer", body).status == 422
    assert submitted(agent) == []


def test_the_command_lists_plans_and_what_comes(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["schedule"]) == exits.OK
    assert "at 22:00" in capsys.readouterr().out
    assert cli.main(["schedule", "next", "--count", "1"]) == exits.OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].split()[2:] == ["UTC", "plan", "night", "off", "1,", "2"]
    assert cli.main(["schedule", "next", "--outlet", "2", "--json"]) == exits.OK
    assert len(json.loads(capsys.readouterr().out)["next"]) == 2


def test_the_command_tells_plans_what_to_do(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("enable", "disable", "run"):
        assert cli.main(["schedule", verb, "night"]) == exits.OK
    assert submitted(agent) == [
        EnablePlan("night", True),
        EnablePlan("night", False),
        RunPlan("night"),
    ]
    for wrong in (["run"], ["next", "night"]):
        with pytest.raises(SystemExit) as left:
            cli.main(["schedule", *wrong])
        assert left.value.code == exits.USAGE
    agent.controller.refusal = UnknownTarget("there is no plan 'x'; there are: night")
    assert cli.main(["schedule", "run", "x"]) == exits.UNKNOWN_TARGET
    assert "there are: night" in capsys.readouterr().err


def test_the_log_of_runs(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    texts = (
        (EventKind.PLAN_RAN, "plan night: off, due 22:00"),
        (EventKind.OUTLET_STATE, "outlet 1 is off"),
    )
    agent.controller.show(
        events=tuple(
            LoggedEvent(n, NOON_S, kind, Severity.INFO, None, text, "")
            for n, (kind, text) in enumerate(texts, start=1)
        )
    )
    assert cli.main(["schedule", "log"]) == exits.OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("plan night: off, due 22:00")


def test_the_timer_command(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    change = NextChange("countdown", Action.OFF, NOON_S, "off by a countdown")
    agent.controller.change(2, next_change=change)
    assert cli.main(["timer", "2", "off", "30m"]) == exits.OK
    assert ": off at 2027-01-15" in capsys.readouterr().out
    assert cli.main(["timer", "2", "--cancel"]) == exits.OK
    assert submitted(agent) == [
        SetCountdown(2, Action.OFF, 1800),
        SetCountdown(2, Action.CANCEL, None),
    ]
    for wrong in (["2"], ["2", "off"], ["2", "off", "soon"], ["2", "off", "3m", "--cancel"]):
        with pytest.raises(SystemExit) as left:
            cli.main(["timer", *wrong])
        assert left.value.code == exits.USAGE

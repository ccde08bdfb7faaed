# SPDX-License-Identifier: Apache-2.0
"""Looking after the unit over the API and the CLI: alarms, resets, wear, gaps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Reset,
    ResetMeter,
    ResetWear,
    Target,
    TargetKind,
)
from pdu_agent.model.control import RelayWear
from pdu_agent.model.errors import NotNow
from pdu_agent.model.snapshot import EventKind, LoggedEvent, Severity
from tests.web.fake_agent import NOON_S, RunningAgent, make_snapshot, running_agent
from tests.web.test_contract import CONTRACT, SCHEMAS, misfits, schema_of

WORN = RelayWear(12.345, 7200.0, 42.0, 0.06, 1.5)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("upkeep")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent, monkeypatch: pytest.MonkeyPatch) -> RunningAgent:
    running.controller.reset()
    running.controller.change(1, wear=WORN)
    monkeypatch.setenv("OPENPDU_SOCKET", str(running.socket_path))
    return running


def post(agent: RunningAgent, path: str, body: dict[str, Any]) -> Any:
    """The answer to what is accepted, in its documented shape."""
    answer = agent.local("POST", f"/api/v1/{path}", body)
    assert answer.status == 200, answer.body
    documented = f"/api/v1/{path}".replace("/1/", "/{n}/")
    schema = schema_of(CONTRACT["paths"][documented]["post"], "200", "application/json")
    assert list(misfits(answer.json, schema)) == []
    return answer.json


def submitted(agent: RunningAgent) -> list[Any]:
    return [command for batch, _ in agent.controller.batches for command in batch]


def problem(agent: RunningAgent, path: str, body: dict[str, Any]) -> tuple[int, str]:
    answer = agent.local("POST", f"/api/v1/{path}", body)
    assert list(misfits(answer.json, SCHEMAS["Problem"])) == []
    return answer.status, answer.json["detail"]


def test_an_alarm_is_acknowledged_and_taken_back(agent: RunningAgent) -> None:
    assert post(agent, "alarms/1/acknowledge", {})["alarm"]["id"] == 1
    post(agent, "alarms/1/acknowledge", {"acknowledged": False})
    assert submitted(agent) == [AcknowledgeAlarm(1, True), AcknowledgeAlarm(1, False)]


def test_wrong_acknowledgements_are_refused(agent: RunningAgent) -> None:
    assert problem(agent, "alarms/9/acknowledge", {})[0] == 404
    assert "true or false" in problem(agent, "alarms/1/acknowledge", {"acknowledged": 1})[1]
    assert "unknown key" in problem(agent, "alarms/1/acknowledge", {"seen": True})[1]
    assert submitted(agent) == []


def test_a_reset_tells_what_was_and_what_is(agent: RunningAgent) -> None:
    answer = post(agent, "reset", {"targets": ["outlet 1", "inlet 2"], "what": "energy"})
    assert submitted(agent) == [
        ResetMeter(Target(TargetKind.OUTLET, 1), Reset.ENERGY),
        ResetMeter(Target(TargetKind.INLET, 2), Reset.ENERGY),
    ]
    assert answer["points"][0]["was"]["user_energy_wh"] == 1000
    assert answer["points"][0]["was"]["user_energy_since"] == "2027-01-14T08:00:00.000Z"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "targets: expected a list"),
        ({"targets": [], "what": "all"}, "targets: expected a list"),
        ({"targets": ["fan 1"], "what": "all"}, "targets: expected a list"),
        ({"targets": ["outlet 1"]}, "what: expected one of energy, peak"),
        ({"targets": ["outlet 1"], "what": "all", "now": True}, "unknown key 'now'"),
    ],
)
def test_a_wrong_reset_does_nothing(agent: RunningAgent, body: dict[str, Any], text: str) -> None:
    assert text in problem(agent, "reset", body)[1]
    assert submitted(agent) == []
    ((asked, actor, error),) = agent.controller.refused  # for the audit log
    assert (asked, actor.face) == ("reset", "cli")
    assert text in error


def test_wear_is_shown_and_reset(agent: RunningAgent) -> None:
    rows = agent.tcp("GET", "/api/v1/wear").json["outlets"]
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert (rows[0]["worn_percent"], rows[0]["largest_inrush"]["peak_a"]) == (12.345, 42)
    assert (rows[1]["worn_percent"], rows[1]["largest_inrush"]) == (None, None)
    post(agent, "wear/reset", {"outlets": [1]})
    assert submitted(agent) == [ResetWear(1)]
    agent.controller.refusal = NotNow("outlet 2 counts no wear")
    assert problem(agent, "wear/reset", {"outlets": [2]}) == (409, "outlet 2 counts no wear")
    assert "outlet numbers" in problem(agent, "wear/reset", {"outlets": [True]})[1]


def test_gaps_come_from_the_largest_inrush(agent: RunningAgent) -> None:
    for number in (1, 2, 3):
        agent.controller.change(number, wear=WORN)
    first, second = agent.tcp("GET", "/api/v1/gaps").json["inlets"]
    assert (first["interval_s"], first["order"], first["unmeasured"]) == (0.1, [1, 2, 3], [])
    assert first["limit_basis"] == "peak of 3 x 16 A, type B"
    assert (second["order"], second["is_enough"]) == ([], False)
    (wide, _) = agent.tcp("GET", "/api/v1/gaps?limit_a=130").json["inlets"]
    assert (wide["interval_s"], wide["limit_basis"]) == (0, "as given")
    (narrow, _) = agent.tcp("GET", "/api/v1/gaps?limit_a=30").json["inlets"]
    assert (narrow["interval_s"], narrow["is_enough"]) == (None, False)
    for wrong in ("limit_a=0", "limit_a=nan", "breaker=Z", "limit=1"):
        assert agent.tcp("GET", f"/api/v1/gaps?{wrong}").status == 422


# the same at the command line


def test_alarms_and_their_history(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    fault = LoggedEvent(43, NOON_S, EventKind.HARDWARE_FAULT, Severity.CRITICAL, None, "burnt", "")
    ups = LoggedEvent(44, NOON_S, EventKind.UPS_CHANGED, Severity.WARNING, None, "no mains", "")
    agent.controller.show(events=(*make_snapshot().events, fault, ups))
    assert main(["alarms"]) == 0
    plain = capsys.readouterr().out
    assert "outlet 3: no reading" in plain
    assert "burnt" not in plain
    assert main(["alarms", "--history"]) == 0
    history = capsys.readouterr().out
    assert "burnt" in history
    assert "no mains" in history
    assert "went off" not in history  # what was done is no alarm
    agent.controller.show(alarms=())
    assert main(["alarms"]) == 0
    assert capsys.readouterr().out == "no alarms\n"


def test_ack_takes_numbers(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ack", "1"]) == 0
    assert submitted(agent) == [AcknowledgeAlarm(1, True)]
    assert "alarm 1, outlet 3" in capsys.readouterr().out
    assert main(["ack", "77"]) == exits.UNKNOWN_TARGET
    with pytest.raises(SystemExit):
        main(["ack", "one"])


def test_reset_takes_targets_as_people_write_them(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reset", "peak", "outlet", "1,", "inlet", "2"]) == 0
    assert [str(command.target) for command in submitted(agent)] == ["outlet 1", "inlet 2"]
    assert "outlet 1: 1.000 kWh since" in capsys.readouterr().out
    assert main(["reset", "energy", "outlet", "--json"]) == exits.USAGE
    assert json.loads(capsys.readouterr().out)["code"] == "invalid_value"


@pytest.mark.parametrize(("answer", "count"), [("y\n", 1), ("n\n", 0), ("", 0)])
def test_at_a_terminal_it_asks_first(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch, answer: str, count: int
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    code = main(["reset", "energy", "outlet", "1"])
    assert (code, len(submitted(agent))) == (exits.OK if count else exits.REFUSED, count)
    assert main(["reset", "energy", "outlet", "1", "--yes"]) == 0
    assert len(submitted(agent)) == count + 1


def test_wear_at_the_command_line(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wear"]) == 0
    shown = capsys.readouterr().out
    assert "12.35" in shown or "12.34" in shown
    assert main(["wear", "--replaced", "1"]) == 0
    assert submitted(agent) == [ResetWear(1)]
    with pytest.raises(SystemExit):
        main(["wear", "--replaced", "all"])


def test_gaps_at_the_command_line(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.controller.change(2, wear=replace(WORN, inrush_peak_a=60.0))
    assert main(["gaps"]) == 0
    shown = capsys.readouterr().out
    assert "a gap of 0.1 s is enough" in shown
    assert "not counted, as no inrush of them was measured: outlets 3" in shown
    assert main(["gaps", "--limit-a", "20"]) == 0
    assert "no gap is enough" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["gaps", "--limit-a", "0"])

# SPDX-License-Identifier: Apache-2.0
"""Caps, trips and what-if over the API and the CLI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.model.commands import (
    CapSetting,
    ConfigureCap,
    Quantity,
    ResetTrip,
    Target,
    TargetKind,
)
from pdu_agent.model.control import Cap, CapState
from tests.web.fake_agent import RunningAgent, running_agent
from tests.web.test_contract import CONTRACT, SCHEMAS, misfits, schema_of

CAP = Cap(
    1,
    "rack",
    Target(TargetKind.UNIT, 1),
    Quantity.ACTIVE_POWER,
    500.0,
    25.0,
    480.5,
    CapState.RESTORING,
    (3,),
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("protection")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent, monkeypatch: pytest.MonkeyPatch) -> RunningAgent:
    running.controller.reset()
    running.controller.show(caps=(CAP,))
    monkeypatch.setenv("OPENPDU_SOCKET", str(running.socket_path))
    return running


def ask(agent: RunningAgent, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The answer to what is accepted, in its documented shape."""
    answer = agent.local(method, f"/api/v1/{path}", body)
    assert answer.status == 200, answer.body
    documented = f"/api/v1/{path.partition('?')[0]}".replace("/1", "/{n}")
    schema = schema_of(CONTRACT["paths"][documented][method.lower()], "200", "application/json")
    assert list(misfits(answer.json, schema)) == []
    return answer.json


def refused(agent: RunningAgent, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = agent.local(method, f"/api/v1/{path}", body)
    assert list(misfits(answer.json, SCHEMAS["Problem"])) == []
    return answer.status, answer.json["detail"]


def submitted(agent: RunningAgent) -> list[Any]:
    return [command for batch, _ in agent.controller.batches for command in batch]


def test_caps_are_shown(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = ask(agent, "GET", "caps")["caps"]
    assert (row["target"], row["limit"], row["state"], row["shed"]) == (
        "unit 1",
        500.0,
        "restoring",
        [3],
    )
    assert main(["cap"]) == exits.OK
    assert "480.5 W" in capsys.readouterr().out
    assert main(["cap", "2"]) == exits.UNKNOWN_TARGET


def test_a_cap_is_changed_in_one_batch(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(agent, "POST", "caps/1", {"margin": 10, "limit": 450})
    wanted = [ConfigureCap(1, CapSetting.LIMIT, 450.0), ConfigureCap(1, CapSetting.MARGIN, 10.0)]
    assert submitted(agent) == wanted
    agent.controller.batches.clear()
    assert main(["cap", "1", "--limit", "450", "--margin", "10", "--json"]) == exits.OK
    assert json.loads(capsys.readouterr().out)["cap"]["number"] == 1
    assert submitted(agent) == wanted


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("caps/1", {}, 422, "expected limit, margin or both"),
        ("caps/1", {"limit": True}, 422, "limit: expected a number"),
        ("caps/1", {"limit": 1e300}, 422, "limit: 1e+300 is no limit"),
        ("caps/1", {"power": 5}, 422, "unknown key 'power'"),
        ("caps/9", {"limit": 5}, 404, "there is no cap '9' in force; there are: 1"),
        ("outlets/99/reset-trip", {}, 404, "there is no outlet 99"),
        ("outlets/1/reset-trip", {"now": 1}, 422, "unknown key 'now'"),
    ],
)
def test_bad_orders_are_refused(
    agent: RunningAgent, path: str, body: dict[str, Any], status: int, text: str
) -> None:
    found = refused(agent, "POST", path, body)
    assert found[0] == status
    assert text in found[1]
    assert submitted(agent) == []


def test_a_trip_is_reset(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    ask(agent, "POST", "outlets/1/reset-trip", {})
    assert main(["reset-trip", "1"]) == exits.OK
    assert submitted(agent) == [ResetTrip(1), ResetTrip(1)]
    assert "outlet 1" in capsys.readouterr().out


def test_what_if_is_answered_in_words_and_in_json(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(agent, "GET", "what-if?cap=50&basis=now")
    assert answer["loss"] is None
    assert answer["cap"]["limit_w"] == 50
    assert main(["what-if", "cap", "50", "--now"]) == exits.OK
    assert "a cap of 50 W" in capsys.readouterr().out
    assert ask(agent, "GET", "what-if?lose=inlet%201")["loss"]["goes"]
    assert main(["what-if", "lose", "inlet", "1"]) == exits.OK
    assert "These would lose their power:" in capsys.readouterr().out
    assert submitted(agent) == []


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("cap=zero", "cap: 'zero' is no number of watts"),
        ("cap=nan", "cap"),
        ("cap=0", "outside 1 to"),
        ("cap=5&target=outlet%201", "expected unit 1, or an inlet, line or branch"),
        ("cap=5&basis=guess", "basis: expected peak or now"),
        ("lose=everything", "expected unit 1"),
        ("lose=L1&target=inlet%201", "target: goes with cap only"),
        ("loose=L1", "unknown key 'loose'"),
    ],
)
def test_questions_without_sense_are_refused(agent: RunningAgent, query: str, text: str) -> None:
    status, detail = refused(agent, "GET", f"what-if?{query}")
    assert status == 422
    assert text in detail


def test_the_cli_refuses_what_it_cannot_send(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["cap", "--limit", "5"], ["cap", "1", "--limit", "-5"], ["what-if", "cap"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == exits.USAGE
    with pytest.raises(SystemExit):
        main(["what-if", "lose", "L2", "--inlet", "1"])
    assert "named" not in capsys.readouterr().out

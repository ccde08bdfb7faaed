# SPDX-License-Identifier: Apache-2.0
"""Outages and their dry run over the API and the CLI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.core.outage.what_if import MainsFail
from pdu_agent.model.control import Outage, OutageState
from tests.web.fake_agent import NOON_S, RunningAgent, running_agent
from tests.web.test_contract import CONTRACT, misfits, schema_of

OUTAGE = Outage(
    "rack",
    OutageState.LOW,
    NOON_S,
    (1,),
    (4, 3),
    "battery of UPS rack low (charge 18 %)",
    "outlet 1 shut down, priority 1",
    NOON_S + 120,
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("outages")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent, monkeypatch: pytest.MonkeyPatch) -> RunningAgent:
    running.controller.reset()
    running.controller.show(outages=(OUTAGE,))
    monkeypatch.setenv("OPENPDU_SOCKET", str(running.socket_path))
    return running


def ask(agent: RunningAgent, path: str) -> Any:
    """The answer in its documented shape."""
    found = agent.local("GET", f"/api/v1/{path}")
    assert found.status == 200, found.body
    documented = f"/api/v1/{path.partition('?')[0]}"
    schema = schema_of(CONTRACT["paths"][documented]["get"], "200", "application/json")
    assert list(misfits(found.json, schema)) == []
    return found.json


def test_outages_are_shown(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = ask(agent, "outages")["outages"]
    assert (row["state"], row["taken"]) == ("low battery", [4, 3])
    assert main(["outage"]) == exits.OK
    shown = capsys.readouterr().out
    assert "rack: low battery, outage since" in shown
    assert "Off by it, in this order: 4, 3" in shown
    assert main(["outage", "--json"]) == exits.OK
    assert json.loads(capsys.readouterr().out)["outages"] == [row]


def test_without_one_it_says_so(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.controller.show(outages=())
    assert main(["outage"]) == exits.OK
    assert capsys.readouterr().out.startswith("No outage")


def test_the_dry_run_is_asked_and_told(
    agent: RunningAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(agent, "what-if/mains-fail")["minutes"] == 45.0
    words = ["what-if", "mains-fail", "--minutes", "45", "--charge", "60", "--runtime-s", "900"]
    assert main(words) == exits.OK
    assert agent.controller.asked == [MainsFail(), MainsFail(45.0, 900.0, 60.0)]
    shown = capsys.readouterr().out
    assert "  0:01:05  outlet 4 off: UPS rack on battery for 60 s" in shown
    assert "Cut hard by the empty battery: outlets 1." in shown
    assert "  - a battery falls linearly" in shown
    assert main([*words, "--json"]) == exits.OK
    assert json.loads(capsys.readouterr().out)["away"] == [4]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("minutes=x", "minutes: 'x' is no number"),
        ("minutes=nan", "minutes: 'nan' is no number"),
        ("minutes=1e9", "minutes: 1e+09 is outside 0.1 to 240"),
        ("charge=-1", "charge: -1 is outside 0 to 100"),
        ("power=1", "unknown key 'power'"),
    ],
)
def test_a_question_without_sense_is_refused(agent: RunningAgent, query: str, text: str) -> None:
    found = agent.local("GET", f"/api/v1/what-if/mains-fail?{query}")
    assert found.status == 422
    assert text in found.json["detail"]
    assert agent.controller.asked == []


@pytest.mark.parametrize(
    "words",
    [
        ["mains-fail", "now"],
        ["mains-fail", "--now"],
        ["mains-fail", "--minutes", "-3"],
        ["cap", "500", "--minutes", "5"],
        ["cap"],
    ],
)
def test_words_that_do_not_fit_are_refused(agent: RunningAgent, words: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["what-if", *words])
    assert agent.controller.asked == []

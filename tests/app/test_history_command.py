# SPDX-License-Identifier: Apache-2.0
"""`openpdu history` against the real web server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pdu_agent.app import exits
from pdu_agent.app.cli import main
from pdu_agent.model.terms import Target
from tests.web.fake_agent import NOON_S, RunningAgent, running_agent
from tests.web.fake_history import FakeHistory


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("cli")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent, monkeypatch: pytest.MonkeyPatch) -> RunningAgent:
    vars(running.history).update(vars(FakeHistory(_draw)))
    monkeypatch.setenv("OPENPDU_SOCKET", str(running.socket_path))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("TZ", "UTC")
    return running


def _draw(_target: Target, at_s: int) -> float | None:
    """100 W, then a gap, then 25 W."""
    return {0: 100.0, 1: 100.0, 2: None, 3: 25.0}[(at_s - int(NOON_S) + 3600) // 900]


@pytest.mark.usefixtures("agent")
def test_a_chart_has_bars_and_a_dot_for_a_gap(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "outlet", "2", "--since", "-1h"]) == exits.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "outlet 2, active_power_w: 25.00 to 100.00 W, 15 min a column"
    assert lines[1] == "   100.00 ##"
    assert lines[6] == "    37.50 ##"
    assert lines[7] == "    25.00 ## #"
    assert lines[8] == "    12.50 ##.#"


@pytest.mark.usefixtures("agent")
def test_csv_has_units_and_leaves_gaps_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "2", "--since=-1h", "--csv"]) == exits.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "time,minimum (W),average (W),maximum (W),last (W),coverage"
    assert lines[1] == "2027-01-15T07:00:00Z,100.0,100.0,100.0,100.0,1.0"
    assert lines[3] == "2027-01-15T07:30:00Z,,,,,0.0"
    assert len(lines) == 5


@pytest.mark.usefixtures("agent")
def test_json_is_what_the_api_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "outlet", "2", "--since", "-1h", "--json"]) == exits.OK
    assert json.loads(capsys.readouterr().out)["average"] == [100.0, 100.0, None, 25.0]


def test_nothing_known_is_said(agent: RunningAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.history.draw = lambda *_: None
    assert main(["history", "outlet", "2", "--since", "-1h"]) == exits.OK
    assert "nothing is known of that time" in capsys.readouterr().out


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["pump", "2"], exits.USAGE, "expected such as outlet 1"),
        (["2", "--since", "yesterday"], exits.OF_PROBLEM["invalid_value"], "expected -24h"),
        (["99"], exits.OF_PROBLEM["unknown_target"], "no outlet 99"),
    ],
)
def test_nonsense_is_told(
    words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        got = main(["history", *words])
    except SystemExit as ended:
        got = int(ended.code or 0)
    assert told in capsys.readouterr().err
    assert got == code

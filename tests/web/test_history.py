# SPDX-License-Identifier: Apache-2.0
"""Curves, series and peaks as the API answers them, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.visible import visible
from pdu_agent.model.errors import InvalidValue, UnknownTarget
from pdu_agent.model.history import Kept, Peak, Series
from pdu_agent.model.terms import Target, TargetKind
from pdu_agent.web import history
from tests.web.fake_agent import NOON_S, RunningAgent, make_snapshot, running_agent
from tests.web.fake_history import FakeHistory

ASKED = "history?target=outlet:2&quantity=active_power_w"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("history")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    vars(running.history).update(vars(FakeHistory()))
    return running


def get(agent: RunningAgent, path: str, status: int = 200) -> Any:
    answer = agent.local("GET", f"/api/v1/{path}")
    assert answer.status == status, answer.body
    return answer.json


def test_a_curve_has_its_start_step_unit_and_gaps(agent: RunningAgent) -> None:
    agent.history.draw = lambda _, at_s: None if at_s == NOON_S - 1800 else 40.0
    curve = get(agent, f"{ASKED}&from=-1h")
    assert curve["start"] == "2027-01-15T07:00:00.000Z"
    assert (curve["step_s"], curve["unit"], curve["target"]) == (900, "W", "outlet:2")
    assert curve["average"] == curve["minimum"] == [40.0, 40.0, None, 40.0]
    assert curve["coverage"] == [1.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "wall_s"),
    [
        ("now", NOON_S),
        ("-90s", NOON_S - 90),
        ("-24h", NOON_S - 86_400),
        ("-2w", NOON_S - 14 * 86_400),
        ("2027-01-15T08:00:00Z", NOON_S),
        ("2027-01-15T09:00:00+01:00", NOON_S),
        ("2027-01-15T09:00:00 01:00", NOON_S),
    ],
)
def test_times_are_instants_or_back_from_now(text: str, wall_s: float) -> None:
    assert history.time_of("from", text, NOON_S) == wall_s


@pytest.mark.parametrize(
    "text", ["", "24h", "-0h", "-1y", "2027-01-15", "2027-01-15T08:00:00", "-999999999w", "x" * 500]
)
def test_other_times_are_refused_and_said_how(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"from: .*expected -24h"):
        history.time_of("from", text, NOON_S)


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("history?quantity=current_a", 422, "target is missing"),
        ("history?target=outlet:2", 422, "quantity is missing"),
        ("history?target=outlet:0&quantity=current_a", 422, "expected outlet:N"),
        ("history?target=outlet:99&quantity=current_a", 404, "there is no outlet 99"),
        ("history?target=outlet:2&quantity=watts", 422, "active_power_w"),
        (f"{ASKED}&points=9", 422, "from 10 to 2000"),
        (f"{ASKED}&points=2001", 422, "from 10 to 2000"),
        (f"{ASKED}&from=-1h&to=-2h", 422, "not before"),
        (f"{ASKED}&since=-1h", 422, "unknown key 'since'"),
        ("peaks?target=outlet:2&quantity=current_a&points=20", 422, "unknown key"),
        ("history/series?x=1", 422, "unknown key"),
    ],
)
def test_nonsense_is_refused_with_what_was_expected(
    agent: RunningAgent, query: str, status: int, words: str
) -> None:
    assert words in get(agent, query, status)["detail"]


def test_a_card_that_fails_is_told(agent: RunningAgent) -> None:
    agent.history.trouble = "disk I/O error"
    assert "disk I/O error" in get(agent, ASKED, 503)["detail"]


def test_peaks_tell_the_highest_of_all_and_of_each_day(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    day_s = int(datetime(2027, 1, 14, tzinfo=UTC).timestamp())
    rows = (Peak(day_s - 86_400, 120.25, day_s - 60), Peak(day_s, 80.0, day_s + 60))

    async def peaks(series: Series, begin_s: float, end_s: float) -> tuple[Peak, ...]:
        assert series == Series(Target(TargetKind.OUTLET, 2), Kept.CURRENT)
        assert (begin_s, end_s) == (NOON_S - 30 * 86_400, NOON_S)
        return rows

    monkeypatch.setattr(agent.history, "peaks", peaks)
    shown = get(agent, "peaks?target=outlet:2&quantity=current_a")
    highest = {
        "day": "2027-01-13T00:00:00.000Z",
        "maximum": 120.25,
        "at": "2027-01-13T23:59:00.000Z",
    }
    assert (shown["highest"], shown["unit"]) == (highest, "A")
    assert [row["maximum"] for row in shown["days"]] == [120.25, 80.0]


def test_series_and_size_are_listed(agent: RunningAgent) -> None:
    rows = get(agent, "history/series")["series"]
    assert rows == [{"target": "outlet:2", "quantity": "active_power_w", "unit": "W"}]
    assert get(agent, "history/size")["trouble"] == ""


def test_nobody_is_shown_the_curve_of_what_they_may_not_read() -> None:
    grant = Grant(Rights.NONE, Rights.NONE, {2: Rights.READ})
    shown = visible(make_snapshot(), grant)
    asked = {"target": "outlet:1", "quantity": "current_a"}
    with pytest.raises(UnknownTarget):
        history.series_asked(shown, asked)
    assert history.series_asked(shown, {**asked, "target": "outlet:2"}).target.index == 2
    with pytest.raises(UnknownTarget):
        history.series_asked(shown, {**asked, "target": "inlet:1"})

# SPDX-License-Identifier: Apache-2.0
"""Priorities over the API: all of them or none, and tried before they are set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pdu_agent.model.commands import ConfigureOutlet, OutletSetting
from tests.web.fake_agent import RunningAgent, running_agent

PATH = "/api/v1/priorities"
PRIORITY = OutletSetting.PRIORITY


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("priorities")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    return running


def of(*pairs: tuple[int, int]) -> dict[str, object]:
    return {"priorities": [{"outlet": outlet, "priority": value} for outlet, value in pairs]}


def test_only_outlets_with_a_relay_have_one(agent: RunningAgent) -> None:
    assert agent.local("GET", PATH).json == of((1, 1), (2, 1), (3, 1))


def test_several_are_changed_in_one_batch(agent: RunningAgent) -> None:
    answer = agent.local("PATCH", PATH, of((3, 5), (1, 0)))
    assert answer.status == 200
    ((batch, _),) = agent.controller.batches
    assert batch == (ConfigureOutlet(3, PRIORITY, 5), ConfigureOutlet(1, PRIORITY, 0))


def test_a_tag_of_another_order_is_refused(agent: RunningAgent) -> None:
    etag = agent.local("GET", PATH).headers["ETag"]
    agent.controller.change(2, priority=9)
    assert agent.local("PATCH", PATH, of((1, 2)), If_Match=etag).status == 412
    assert agent.controller.batches == []
    etag = agent.local("GET", PATH).headers["ETag"]
    assert agent.local("PATCH", PATH, of((1, 2)), If_Match=etag).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"priorities": []}, 422),
        ({"priorities": {"1": 2}}, 422),
        ({"priorities": [1]}, 422),
        ({"priorities": [{"outlet": 1}]}, 422),
        ({"priorities": [{"outlet": 1, "priority": True}]}, 422),
        ({"priorities": [{"outlet": 1, "priority": 1, "why": 1}]}, 422),
        (of((1, 1), (1, 2)), 422),
        (of((1, 1), (77, 2)), 404),
        (of((4, 1)), 404),  # it is metered only
    ],
)
def test_what_makes_no_sense_changes_nothing(
    agent: RunningAgent, body: object, status: int
) -> None:
    assert agent.local("PATCH", PATH, body).status == status
    assert agent.controller.batches == []


def going(agent: RunningAgent, query: str) -> list[int]:
    plain = agent.local("GET", f"/api/v1/what-if?basis=now&{query}").json["cap"]
    return [row["number"] for row in plain["goes"]]


def test_another_order_can_be_tried_before_it_is_set(agent: RunningAgent) -> None:
    agent.controller.change(2, lock=agent.controller.snapshot.outlets[0].lock)
    carried = agent.local("GET", "/api/v1/what-if?basis=now&cap=1000000").json["cap"]["carried_w"]
    cap = f"cap={carried - 50}"
    assert going(agent, f"{cap}&priorities=1:1,2:2") == [2]
    assert going(agent, f"{cap}&priorities=1:2,2:1") == [1]
    assert going(agent, f"{cap}&priorities=1:0,2:0") == []
    assert [row.priority for row in agent.controller.snapshot.outlets] == [1, 1, 1, 1]


def test_another_load_can_be_tried(agent: RunningAgent) -> None:
    agent.controller.change(2, lock=agent.controller.snapshot.outlets[0].lock)
    assert going(agent, "cap=500&load=500&priorities=1:2") == []
    assert going(agent, "cap=500&load=501&priorities=1:2") == [1]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("load=5", 422),
        ("priorities=1:1", 422),
        ("cap=500&load=x", 422),
        ("cap=500&load=-1", 422),
        ("cap=500&load=nan", 422),
        ("cap=500&priorities=1", 422),
        ("cap=500&priorities=1:256", 422),
        ("cap=500&priorities=77:1", 404),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    agent: RunningAgent, query: str, status: int
) -> None:
    assert agent.local("GET", f"/api/v1/what-if?{query}").status == status

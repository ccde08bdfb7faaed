# SPDX-License-Identifier: Apache-2.0
"""Taking history away over the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.model.history import Kept, Purge, Series
from pdu_agent.model.terms import Target, TargetKind
from tests.web.fake_agent import RunningAgent, running_agent

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
EMPTY: tuple[Any, ...] = (None, "", 0, False, [], {})
SERIES = Series(Target(TargetKind.OUTLET, 2), Kept.ACTIVE_POWER)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as agent:
        yield agent


def purge(agent: RunningAgent, **order: Any) -> Any:
    return agent.local("POST", "/api/v1/history/purge", {**MARCH, **order})


def test_nothing_goes_unless_it_is_said(agent: RunningAgent) -> None:
    answer = purge(agent).json
    assert (answer["dry_run"], answer["values"], answer["energy_hours"]) == (True, 120, 2)
    ((wanted, dry_run),) = agent.history.purged
    assert dry_run
    assert (wanted.series, wanted.energy) == (None, True)
    assert wanted.end_wall_s - wanted.begin_wall_s in (31 * 86_400, 31 * 86_400 - 3600)


def test_what_went_is_in_the_audit_log_and_what_would_is_not(agent: RunningAgent) -> None:
    assert purge(agent, dry_run=True).status == 200
    assert agent.controller.done == []
    dry, real = purge(agent).json, purge(agent, dry_run=False, target="outlet:2").json
    assert real["values"] == dry["values"]
    ((change, _),) = agent.controller.done
    assert "purge history outlet:2 from 2026-03-01 to 2026-03-31: 120 values" in change


def test_a_quantity_alone_leaves_the_energy(agent: RunningAgent) -> None:
    answer = purge(agent, target="outlet:2", quantity="active_power_w", dry_run=False).json
    assert answer["energy_hours"] == 0
    ((wanted, _),) = agent.history.purged
    assert isinstance(wanted, Purge)
    assert (wanted.series, wanted.energy) == ([SERIES], False)


@pytest.mark.parametrize(
    ("order", "status", "text"),
    [
        ({"target": "outlet:9"}, 404, "nothing is kept of outlet:9"),
        ({"quantity": "watts"}, 422, "quantity: 'watts'"),
        ({"to": "2026-02-01"}, 422, "is before from"),
        ({"to": "9999-12-31"}, 422, "to: '9999-12-31' is no day"),
        ({"from": None}, 422, "from: expected a day"),
        ({"dry_run": "no"}, 422, "dry_run: expected true or false"),
        ({"target": 3}, 422, "target: expected one such as"),
        *(({"target": empty}, 422, "target: expected one such as") for empty in EMPTY),
        *(({"quantity": empty}, 422, "quantity: ") for empty in EMPTY),
        ({"all": True}, 422, "unknown key 'all'"),
    ],
)
def test_what_makes_no_sense_takes_nothing_away(
    agent: RunningAgent, order: dict[str, Any], status: int, text: str
) -> None:
    answer = purge(agent, **order)
    assert answer.status == status
    assert text in answer.json["detail"]
    assert agent.history.purged == []


def test_who_is_not_let_in_takes_nothing_away(agent: RunningAgent) -> None:
    answer = agent.stranger("POST", "/api/v1/history/purge", {**MARCH, "dry_run": False})
    assert answer.status == 401
    assert agent.history.purged == []

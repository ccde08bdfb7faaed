# SPDX-License-Identifier: Apache-2.0
"""The next days of plans over the API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from pdu_agent.core.plans.week import Against, PlanDay, PlanDays, PlannedRun, ShownDay, Week
from pdu_agent.model.snapshot import Snapshot
from tests.web.fake_agent import NOON_S, RunningAgent, running_agent
from tests.web.test_contract import CONTRACT, misfits, schema_of
from tests.web.test_schedules import NIGHT

DAY = ShownDay(date(2027, 1, 15), NOON_S - 28800, NOON_S + 57600, NOON_S - 3600, None)
ONE_RUN = PlanDay(1, NOON_S, NOON_S, (PlannedRun(NOON_S + 30, "off", NOON_S),), "")
AGAINST = Against(2, "lock", "outlet 2 is locked on")


class Asked:
    """Keeps what the API asked for."""

    def __init__(self) -> None:
        self.of: list[tuple[date | None, int]] = []

    def __call__(self, snapshot: Snapshot, first: date | None, days: int) -> Week:
        self.of.append((first, days))
        rows = tuple(PlanDays(row, "time", 60, (ONE_RUN,), (AGAINST,)) for row in snapshot.plans)
        return Week(None, (DAY,), rows)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("week")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    running.controller.show(plans=(NIGHT,))
    running.controller.week = Asked()
    return running


def test_the_week_has_the_documented_shape(agent: RunningAgent) -> None:
    plain = agent.tcp("GET", "/api/v1/schedule/week").json
    operation = CONTRACT["paths"]["/api/v1/schedule/week"]["get"]
    assert list(misfits(plain, schema_of(operation, "200", "application/json"))) == []
    (day,), (plan,) = plain["days"], plain["plans"]
    assert (day["date"], day["sunset_at"]) == ("2027-01-15", None)
    assert plan["days"][0]["runs"] == [
        {
            "at": "2027-01-15T08:00:30.000Z",
            "action": "off",
            "planned_at": "2027-01-15T08:00:00.000Z",
        }
    ]
    assert plan["against"][0]["text"] == "outlet 2 is locked on"


def test_the_days_can_be_chosen(agent: RunningAgent) -> None:
    agent.tcp("GET", "/api/v1/schedule/week")
    agent.tcp("GET", "/api/v1/schedule/week?from=2026-03-28&days=14")
    assert agent.controller.week.of == [(None, 7), (date(2026, 3, 28), 14)]


@pytest.mark.parametrize(
    "query",
    [
        *("from=yesterday", "from=2026-02-30", "from=1999-12-31", "from=20260328"),
        *("days=0", "days=15", "days=x", "until=2026-01-01"),
    ],
)
def test_what_makes_no_sense_is_refused(agent: RunningAgent, query: str) -> None:
    answer = agent.tcp("GET", f"/api/v1/schedule/week?{query}")
    assert (answer.status, answer.json["code"]) == (422, "invalid_value")
    assert agent.controller.week.of == []

# SPDX-License-Identifier: Apache-2.0
"""A month of plans through clock jumps, restarts and boots without a clock, against brute force."""

from __future__ import annotations

from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.core.plans.settings import PlanSettings, PlanWhen
from tests.core.engine_walk import Step, Walk, any_plans, any_steps, compare, month


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("Europe/Rome", datetime(2026, 3, 15)),
        ("Europe/Rome", datetime(2026, 10, 10)),
        ("Arctic/Longyearbyen", datetime(2026, 3, 20)),
    ],
)
def test_a_month_runs_as_the_documents_say(zone: str, first: datetime) -> None:
    chance, span = Random(f"{zone} {first}"), month(zone, first)
    plans = any_plans(chance, 5, span)
    count, differences = compare(plans, span, list(any_steps(chance, span, plans, 2.5)))
    assert differences == []
    assert count > 10


def test_after_a_clock_that_was_days_fast_a_weekly_plan_runs_in_its_true_week_too() -> None:
    span = month("Europe/Rome", datetime(2026, 10, 10))
    weekly = PlanSettings(
        name="weekly", outlets=(1,), action="reboot", when=PlanWhen(cron="30 2 * * sun")
    )
    sunday_s = round(datetime(2026, 10, 11, 2, 30, tzinfo=ZoneInfo("Europe/Rome")).timestamp())
    walk = Walk([weekly], span)
    for step in (Step("run", 294_119.0), Step("set", -259_200.0), Step("run", 432_000.0)):
        walk.take(step)
    assert walk.opened[1] == [sunday_s, sunday_s]

# SPDX-License-Identifier: Apache-2.0
"""A month of plans through clock jumps, restarts and boots without a clock, against brute force."""

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest

from tests.core.engine_walk import any_plans, any_steps, compare, month


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
    count, differences = compare(plans, span, list(any_steps(chance, span, 2.5)))
    assert differences == []
    assert count > 10

# SPDX-License-Identifier: Apache-2.0
"""Two wishes for one thing in one batch, which counts as done at once (RFC 3416, 4.2.5)."""

from __future__ import annotations

import pytest

from pdu_agent.model.commands import (
    Command,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureThreshold,
    EnableNotifications,
    Limit,
    NotificationClass,
    OutletSetting,
    Quantity,
    SetLimit,
    ThresholdSetting,
)
from pdu_agent.model.errors import NotNow
from tests.core.bench import INLET, Workbench


@pytest.mark.parametrize(
    "contradiction",
    [
        (
            ConfigureOutlet(1, OutletSetting.NAME, "a"),
            ConfigureOutlet(1, OutletSetting.NAME, "b"),
        ),
        (
            ConfigureOutlets(OutletSetting.ON_DELAY_S, 4),
            ConfigureOutlet(2, OutletSetting.ON_DELAY_S, 5),
        ),
        (
            SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, 5.0),
            SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, 6.0),
        ),
        (
            SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, None),
            SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, 6.0),
        ),
        (
            SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, 6.0),
            ConfigureThreshold(INLET, Quantity.CURRENT, ThresholdSetting.ENABLED, frozenset()),
        ),
        (
            EnableNotifications(NotificationClass.START, False),
            EnableNotifications(NotificationClass.START, True),
        ),
    ],
)
def test_two_values_for_one_setting_are_refused(contradiction: tuple[Command, Command]) -> None:
    bench = Workbench(outlets=2)
    before = bench.core.final_record().overrides
    with pytest.raises(NotNow, match="two values in one batch") as caught:
        bench.submit(*contradiction)
    assert caught.value.position == 1
    assert bench.core.final_record().overrides == before


def test_one_value_may_be_given_twice_and_limits_one_by_one() -> None:
    bench = Workbench(outlets=2)
    watched = frozenset({Limit.HIGH_WARNING, Limit.HIGH_CRITICAL})
    assert bench.submit(
        ConfigureOutlets(OutletSetting.ON_DELAY_S, 4),
        ConfigureOutlet(2, OutletSetting.ON_DELAY_S, 4.0),
        SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_WARNING, 5.0),
        ConfigureThreshold(INLET, Quantity.CURRENT, ThresholdSetting.ENABLED, watched),
        SetLimit(INLET, Quantity.CURRENT, Limit.HIGH_CRITICAL, 6.0),
    )
    assert bench.threshold(Quantity.CURRENT).enabled == watched

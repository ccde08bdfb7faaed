# SPDX-License-Identifier: Apache-2.0
"""st4OutletControlState of outlets that something switches by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pdu_agent.mib_impl.sentry4.control import Control, control_state
from pdu_agent.model.snapshot import ChangeReason, OutletState
from tests.mib.unit import outlet

EVENTS = (
    ChangeReason.LOAD_SHEDDING,
    ChangeReason.THRESHOLD,
    ChangeReason.RULE,
    ChangeReason.OVERCURRENT,
    ChangeReason.OUTAGE,
)


@pytest.mark.parametrize("reason", ChangeReason)
@pytest.mark.parametrize("state", [OutletState.OFF_PENDING, OutletState.REBOOTING])
def test_an_outlet_that_is_being_shut_down(state: OutletState, reason: ChangeReason) -> None:
    stopping = replace(outlet(1), state=state, stopping="hook tidy", last_reason=reason)
    expected = Control.EVENT_SHUTDOWN if reason in EVENTS else Control.SHUTDOWN
    assert control_state(stopping) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [(OutletState.ON_PENDING, Control.PEND_ON), (OutletState.REBOOTING, Control.REBOOT)],
)
def test_an_outlet_whose_hook_runs_before_it_goes_on_is_not_shut_down(
    state: OutletState, expected: Control
) -> None:
    row = replace(outlet(1), state=state, relay_closed=False, stopping="hook wake")
    assert control_state(row) is expected


@pytest.mark.parametrize("reason", EVENTS)
def test_an_outlet_that_an_event_has_switched(reason: ChangeReason) -> None:
    assert control_state(replace(outlet(1), last_reason=reason)) is Control.EVENT_ON

# SPDX-License-Identifier: Apache-2.0
"""How many authenticationFailure notifications a stranger can cause."""

from __future__ import annotations

from pdu_agent.model.clock import ManualClock
from pdu_agent.snmp.auth_failures import (
    INTERVAL_S,
    MAX_SOURCES,
    SOURCE_INTERVAL_S,
    AuthFailureLimit,
)


def test_a_source_is_told_of_once_in_a_while() -> None:
    clock = ManualClock()
    limit = AuthFailureLimit(clock.monotonic_s)
    told = []
    for tenth in range(300):
        if limit.admits("192.0.2.1"):
            told.append(tenth / 10)
        clock.advance(0.1)
    assert len(told) == 30 / SOURCE_INTERVAL_S
    assert told[0] == 0


def test_one_source_does_not_hide_another() -> None:
    clock = ManualClock()
    limit = AuthFailureLimit(clock.monotonic_s)
    assert limit.admits("192.0.2.1")
    clock.advance(INTERVAL_S)
    assert not limit.admits("192.0.2.1")
    assert limit.admits("192.0.2.2")


def test_forged_sources_cause_one_a_second_and_bounded_memory() -> None:
    clock = ManualClock()
    limit = AuthFailureLimit(clock.monotonic_s)
    told = 0
    for number in range(40 * MAX_SOURCES):
        told += limit.admits(f"2001:db8::{number:x}")
        clock.advance(INTERVAL_S / 10)
    assert abs(told - 4 * MAX_SOURCES) < 100
    assert len(limit._told_s) <= MAX_SOURCES

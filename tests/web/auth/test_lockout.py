# SPDX-License-Identifier: Apache-2.0
"""Wrong tries: whoever makes many waits, longer each time, and nobody else does."""

from __future__ import annotations

import pytest

from pdu_agent.model.clock import ManualClock
from pdu_agent.web.auth import lockout
from pdu_agent.web.auth.lockout import FORGOTTEN_S, FREE_TRIES, LONGEST_WAIT_S, Lockout, source_of


def test_the_first_tries_are_free_then_each_wait_is_longer() -> None:
    clock = ManualClock()
    guard = Lockout(clock)
    waits = []
    for _ in range(FREE_TRIES + 12):
        waits.append(guard.wrong("192.0.2.1"))
        clock.advance(waits[-1])
    assert waits[: FREE_TRIES + 4] == [0.0] * (FREE_TRIES - 1) + [2.0, 4.0, 8.0, 16.0, 32.0]
    assert waits[-1] == LONGEST_WAIT_S


def test_the_sixth_try_has_to_wait() -> None:
    clock = ManualClock()
    guard = Lockout(clock)
    for _ in range(5):
        assert guard.wait_s("192.0.2.1") == 0
        guard.wrong("192.0.2.1")
    assert guard.wait_s("192.0.2.1") == 2.0
    assert guard.wait_s("192.0.2.2") == 0
    clock.advance(2.0)
    assert guard.wait_s("192.0.2.1") == 0


def test_an_hour_of_quiet_is_forgiven() -> None:
    clock = ManualClock()
    guard = Lockout(clock)
    for _ in range(8):
        clock.advance(guard.wrong("192.0.2.1"))
    clock.advance(FORGOTTEN_S + 1)
    assert guard.wrong("192.0.2.1") == 0


def test_the_wall_clock_shortens_nothing() -> None:
    clock = ManualClock()
    guard = Lockout(clock)
    for _ in range(5):
        guard.wrong("192.0.2.1")
    clock.jump_wall(1e6)
    assert guard.wait_s("192.0.2.1") == 2.0


def test_a_hosts_many_ipv6_addresses_are_one_source() -> None:
    assert source_of("2001:db8:1:2::5") == source_of("2001:db8:1:2:ffff::1")
    assert source_of("2001:db8:1:2::5") != source_of("2001:db8:1:3::5")
    assert source_of("::ffff:192.0.2.1") == source_of("192.0.2.1")
    assert source_of("fe80::1%eth0") == source_of("fe80::2")
    assert source_of("") == ""


def test_the_table_is_bounded_and_keeps_whoever_has_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lockout, "MAX_SOURCES", 10)
    clock = ManualClock()
    guard = Lockout(clock)
    for _ in range(12):
        clock.advance(guard.wrong("192.0.2.1"))
    guard.wrong("192.0.2.1")
    for number in range(100):
        guard.wrong(f"198.51.100.{number}")
    assert len(guard._tries) == 10
    assert guard.wait_s("192.0.2.1") > 0

# SPDX-License-Identifier: Apache-2.0
"""Rates per source, and answer sizes per access class."""

from __future__ import annotations

import tracemalloc

import pytest

from pdu_agent.model.clock import ManualClock
from pdu_agent.snmp.limits import MAX_TRUSTED_OCTETS, MAX_UNPROVEN_OCTETS, Limits
from pdu_agent.snmp.settings import SnmpSettings


def limits(clock: ManualClock, **settings: object) -> Limits:
    plain: dict[str, object] = {"requests_per_s": 10.0, "request_burst": 5}
    return Limits(SnmpSettings(**{**plain, **settings}), clock.monotonic_s)  # type: ignore[arg-type]


def admitted(limit: Limits, host: str, requests: int) -> int:
    return sum(limit.admit(host) for _ in range(requests))


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0"])
def test_a_burst_is_admitted_and_then_as_many_as_the_rate_allows(host: str) -> None:
    clock = ManualClock()
    limit = limits(clock)
    assert admitted(limit, host, 20) == 5
    clock.advance(0.35)
    assert admitted(limit, host, 20) == 3
    clock.advance(3600)
    assert admitted(limit, host, 20) == 5


def test_asking_while_it_is_refused_costs_nothing() -> None:
    clock = ManualClock()
    limit = limits(clock)
    assert admitted(limit, "192.0.2.1", 5) == 5
    found = 0
    for _ in range(1000):
        clock.advance(0.01)
        found += limit.admit("192.0.2.1")
    assert 99 <= found <= 101


def test_sources_have_a_bucket_each_but_an_ipv6_network_has_one() -> None:
    limit = limits(ManualClock())
    assert admitted(limit, "192.0.2.1", 9) == 5
    assert admitted(limit, "192.0.2.2", 9) == 5
    assert admitted(limit, "2001:db8::1", 3) == 3
    assert admitted(limit, "2001:db8::2:1", 9) == 2
    assert admitted(limit, "2001:db8:0:1::1", 9) == 5


def test_trusted_and_unlimited_networks_have_no_rate() -> None:
    limit = limits(
        ManualClock(),
        trusted_networks=("192.0.2.0/25", "2001:db8::5"),
        unlimited_networks=("127.0.0.0/8",),
    )
    for host in ("192.0.2.1", "127.0.0.1", "2001:db8::5"):
        assert admitted(limit, host, 500) == 500
    assert admitted(limit, "192.0.2.200", 9) == 5
    assert admitted(limit, "2001:db8::6", 9) == 5


def test_only_trusted_networks_get_large_answers() -> None:
    limit = limits(
        ManualClock(), trusted_networks=("192.0.2.0/25",), unlimited_networks=("127.0.0.0/8",)
    )
    assert limit.unproven_octets("192.0.2.1") == MAX_TRUSTED_OCTETS == 8192
    for host in ("192.0.2.200", "127.0.0.1", "2001:db8::1"):
        assert limit.unproven_octets(host) == MAX_UNPROVEN_OCTETS == 1472


def test_many_sources_take_no_memory_and_lock_nobody_out() -> None:
    clock = ManualClock()
    limit = limits(clock)
    assert admitted(limit, "192.0.2.1", 9) == 5

    def flood(sources: range) -> None:
        for number in sources:
            assert limit.admit(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")

    flood(range(10_000))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        flood(range(10_000, 40_000))
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 1_000_000
    assert limit.admit("198.51.100.1")


def test_a_source_that_keeps_asking_is_not_forgotten_among_strangers() -> None:
    limit = limits(ManualClock())
    assert admitted(limit, "192.0.2.1", 9) == 5
    for number in range(10_000):
        limit.admit(f"10.0.{number >> 8}.{number & 255}")
        if number % 500 == 0:
            assert not limit.admit("192.0.2.1")

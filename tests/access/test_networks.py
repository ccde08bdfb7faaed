# SPDX-License-Identifier: Apache-2.0
"""Source networks: v4, v6, v4 mapped into v6, and zones of link-local addresses."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.access.networks import Networks, parse_network
from pdu_agent.model.errors import ConfigError


@pytest.mark.parametrize(
    ("network", "host", "admitted"),
    [
        ("192.0.2.0/24", "192.0.2.255", True),
        ("192.0.2.0/24", "192.0.3.0", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.0/24", "::ffff:192.0.2.7", True),
        ("192.0.2.0/24", "::ffff:c000:0207", True),
        ("192.0.2.0/24", "::192.0.2.7", False),
        ("192.0.2.0/24", "2001:db8::1", False),
        ("::ffff:192.0.2.0/120", "192.0.2.7", True),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("::ffff:192.0.2.7", "192.0.2.8", False),
        ("::ffff:0:0/96", "203.0.113.1", True),
        ("0.0.0.0/0", "203.0.113.1", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "2001:db8::1", True),
        ("::/0", "203.0.113.1", False),
        ("::/0", "::ffff:203.0.113.1", False),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("fe80::/64", "fe80::1%eth0", True),
        ("fe80::1", "fe80::1%17", True),
        ("fe80::1", "fe80::2%17", False),
    ],
)
def test_hosts_of_a_network(network: str, host: str, admitted: bool) -> None:
    assert Networks([network]).admit(host) == admitted


@pytest.mark.parametrize("host", ["", "localhost", "192.0.2", "%eth0", "/run/socket", "1"])
def test_what_is_no_numeric_address_is_not_admitted(host: str) -> None:
    assert not Networks(["0.0.0.0/0", "::/0"]).admit(host)


def test_no_network_admits_nobody_and_is_empty() -> None:
    assert not Networks([])
    assert not Networks([]).admit("192.0.2.1")
    assert Networks(["192.0.2.1"])


@pytest.mark.parametrize(
    "text", ["", "lan", "192.0.2.1/24", "192.0.2.0/33", "192.0.2", "fe80::1%eth0", "2001:db8::1/32"]
)
def test_a_bad_network_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="expected an address, or a network such as") as caught:
        Networks([text])
    assert repr(text) in str(caught.value)


@given(
    st.ip_addresses(v=4).map(int),
    st.integers(0, 32),
    st.ip_addresses(v=4),
    st.booleans(),
)
def test_a_host_is_in_a_network_when_their_first_bits_agree(
    base: int, prefix: int, host: ipaddress.IPv4Address, mapped: bool
) -> None:
    shift = 32 - prefix
    network = f"{ipaddress.IPv4Address(base >> shift << shift)}/{prefix}"
    shown = f"::ffff:{host}" if mapped else str(host)
    assert Networks([network]).admit(shown) == (int(host) >> shift == base >> shift)


@given(st.text(max_size=30))
def test_any_text_is_a_network_or_a_configuration_error(text: str) -> None:
    try:
        network = parse_network(text)
    except ConfigError:
        return
    assert Networks([text]).admit(str(network.network_address))


def test_what_is_remembered_of_many_sources_stays_right() -> None:
    networks = Networks(["10.0.0.0/16"])
    for _ in range(2):
        for number in range(3000):
            assert networks.admit(f"10.0.{number % 250}.{number // 250}")
            assert not networks.admit(f"10.1.{number % 250}.{number // 250}")
    assert len(networks._known) <= 1024

# SPDX-License-Identifier: Apache-2.0
"""The simulated UPS and its server: a battery that follows its load, bytes as upsd sends them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pdu_agent.hw.sim.ups import OWN_USE_W, RECHARGE_S, SimulatedUps
from pdu_agent.hw.sim.upsd import SimulatedUpsd
from pdu_agent.model.clock import ManualClock


class Bench:
    def __init__(self, battery_wh: float = 100.0) -> None:
        self.clock = ManualClock()
        self.load_w = 100.0 - OWN_USE_W
        self.ups = SimulatedUps(
            "rack", lambda: self.load_w, self.clock.monotonic_s, 230.0, battery_wh
        )

    def say(self, name: str) -> str:
        return self.ups.variables()[name]


def test_on_battery_it_empties_by_its_load() -> None:
    bench = Bench()
    assert bench.say("ups.status") == "OL"
    bench.ups.set_mains(False)
    bench.clock.advance(1800.0)
    assert bench.say("battery.charge") == "50.0"
    assert bench.say("battery.runtime") == "1800"
    assert bench.say("ups.status") == "OB DISCHRG"
    bench.load_w = 200.0 - OWN_USE_W
    bench.clock.advance(900.0)
    assert (bench.say("battery.charge"), bench.say("battery.runtime")) == ("0.0", "0")
    assert bench.say("ups.status") == "OB DISCHRG LB"


def test_the_battery_is_low_at_twenty_percent() -> None:
    bench = Bench()
    bench.ups.set_mains(False)
    bench.ups.set_battery(20.1, None)
    assert "LB" not in bench.say("ups.status")
    bench.clock.advance(4.0)
    assert "LB" in bench.say("ups.status")


def test_it_charges_on_mains_and_ends_at_full() -> None:
    bench = Bench()
    bench.ups.set_battery(50.0, None)
    assert bench.say("ups.status") == "OL CHRG"
    bench.clock.advance(RECHARGE_S / 4)
    assert bench.say("battery.charge") == "75.0"
    bench.clock.advance(RECHARGE_S)
    assert (bench.say("battery.charge"), bench.say("ups.status")) == ("100.0", "OL")


@contextmanager
def served(bench: Bench) -> Iterator[socket.socket]:
    before = threading.active_count()
    server = SimulatedUpsd({"rack": bench.ups})
    server.start()
    host, _, port = server.address.rpartition(":")
    client = socket.create_connection((host, int(port)), timeout=5)
    try:
        yield client
    finally:
        server.close()
        client.close()
    assert threading.active_count() == before


def asked(client: socket.socket, line: bytes) -> bytes:
    client.sendall(line)
    return client.recv(4096)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"USERNAME me\n", b"OK\n"),
        (b'PASSWORD "a b"\n', b"OK\n"),
        (b"LOGIN rack\n", b"OK\n"),
        (b"LOGIN lab\n", b"ERR UNKNOWN-UPS\n"),
        (b"LIST VAR lab\n", b"ERR UNKNOWN-UPS\n"),
        (b"STARTTLS\n", b"ERR FEATURE-NOT-CONFIGURED\n"),
        (b"LIST UPS\n", b'BEGIN LIST UPS\nUPS rack "simulated"\nEND LIST UPS\n'),
        (b'"\n', b"ERR UNKNOWN-COMMAND\n"),
        (b"\n", b"ERR UNKNOWN-COMMAND\n"),
        (b"LOGOUT\n", b"OK Goodbye\n"),
    ],
)
def test_answers(line: bytes, answer: bytes) -> None:
    with served(Bench()) as client:
        assert asked(client, line) == answer


def test_variables_are_a_list_until_the_driver_loses_it() -> None:
    bench = Bench()
    with served(bench) as client:
        lines = asked(client, b"LIST VAR rack\n").decode().splitlines()
        assert (lines[0], lines[-1]) == ("BEGIN LIST VAR rack", "END LIST VAR rack")
        assert 'VAR rack ups.status "OL"' in lines
        bench.ups.is_stale = True
        assert asked(client, b"LIST VAR rack\n") == b"ERR DATA-STALE\n"

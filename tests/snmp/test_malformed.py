# SPDX-License-Identifier: Apache-2.0
"""Hostile packets: nothing stops, nothing moves, nothing malformed goes out, no log storm."""

from __future__ import annotations

import asyncio
import logging
import random
import time

import pytest

from tests.snmp import ber
from tests.snmp.answers import open_answer
from tests.snmp.faults import USM_STATS, Target
from tests.snmp.fuzz import LATE_S, WRITER, Wire, attack, probe, target_of
from tests.snmp.mutations import CLASSES
from tests.snmp.mutations_encoding import harmful
from tests.snmp.mutations_v3 import NOT_IN_WINDOW, WINDOW_S, order
from tests.snmp.rig import Rig, serving

PACKETS_OF_A_CLASS = 50
PACKETS_BY_UDP = 10
SEED = 7


class Attacked:
    """A rig, and what an attacker who holds its keys knows of it."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.target = target_of(self.rig)

    def moved(self) -> list[object]:
        """What an outlet was asked to do, or anything else but a change of a name."""
        commands = [command for batch in self.rig.core.submitted for command in batch]
        return [each for each in commands if type(each).__name__ != "ConfigureDevice"]


@pytest.fixture(scope="module")
def attacked() -> Attacked:
    return Attacked()


def test_there_are_classes_enough() -> None:
    assert len([name for name in CLASSES if not name.startswith("v3_")]) >= 25
    assert len([name for name in CLASSES if name.startswith("v3_")]) >= 15


@pytest.mark.parametrize("name", CLASSES)
def test_broken_packets_do_no_harm(
    attacked: Attacked, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    rig = attacked.rig
    rig.clock.advance(3600)
    rig.core.submitted.clear()
    with caplog.at_level(logging.DEBUG):
        found = attack(CLASSES[name], attacked.target, rig.process, PACKETS_OF_A_CLASS, SEED)
        assert [str(finding) for finding in found] == []
    assert attacked.moved() == []
    assert len(caplog.records) <= 2
    assert not any(record.exc_info for record in caplog.records)
    begin_s = time.monotonic()
    assert open_answer(rig.process(probe(1)) or b"").status == 0
    assert time.monotonic() - begin_s < LATE_S


@pytest.mark.asyncio
async def test_broken_packets_on_a_socket_keep_nobody_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    victim = Attacked()
    victim.rig.clock.advance(3600)
    async with serving(victim.rig) as address:
        host, _, port = address.rpartition(":")
        found, slowest_s = await asyncio.to_thread(_attack_by_udp, host, int(port), victim.target)
    assert found == []
    assert slowest_s < LATE_S
    assert victim.moved() == []
    assert not any(record.exc_info for record in caplog.records)


def _attack_by_udp(host: str, port: int, target: Target) -> tuple[list[str], float]:
    wire = Wire(host, port)
    try:
        found = [
            str(finding)
            for fault in CLASSES.values()
            for finding in attack(fault, target, wire.exchange, PACKETS_BY_UDP, SEED + 1)
        ]
    finally:
        wire.close()
    return found, wire.slowest_s


def test_the_same_orders_without_a_fault_are_obeyed(attacked: Attacked) -> None:
    """Otherwise their being ignored would prove nothing."""
    rig, rng = attacked.rig, random.Random(3)
    for packet in (ber.encode(harmful(rng)), order(rng, attacked.target, WRITER).encode()):
        rig.core.submitted.clear()
        assert open_answer(rig.process(packet) or b"", [WRITER]).status == 0
        assert attacked.moved()


@pytest.mark.parametrize("aged_s", [WINDOW_S + 1, 3600, 10**6])
def test_a_recorded_order_is_not_obeyed_once_it_is_old(attacked: Attacked, aged_s: int) -> None:
    rig = attacked.rig
    recorded = order(random.Random(5), attacked.target, WRITER).encode()
    assert open_answer(rig.process(recorded) or b"", [WRITER]).status == 0
    rig.clock.advance(aged_s)
    rig.core.submitted.clear()
    answer = open_answer(rig.process(recorded) or b"", [WRITER])
    assert (answer.tag, answer.varbinds[0][0]) == (ber.REPORT, (*USM_STATS, NOT_IN_WINDOW, 0))
    assert rig.core.submitted == []


def test_thousands_of_malformed_packets_are_one_log_line_a_minute(
    attacked: Attacked, caplog: pytest.LogCaptureFixture
) -> None:
    rig = attacked.rig
    rig.clock.advance(3600)
    with caplog.at_level(logging.DEBUG):
        for _ in range(2000):
            rig.process(b"\x30\x03\x02\x01")
        rig.clock.advance(61)
        rig.process(b"\x30\x03\x02\x01")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[1].startswith("2000 malformed SNMP messages ignored, the last from 192.0.2.9:4000")

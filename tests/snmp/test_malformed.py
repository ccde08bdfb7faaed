# SPDX-License-Identifier: Apache-2.0
"""Hostile packets: nothing stops, nothing moves, nothing malformed goes out, no log storm."""

from __future__ import annotations

import logging
import random

import pytest

from tests.snmp import ber
from tests.snmp.mutations import CLASSES, ENGINE_ID, SYS_DESCR
from tests.snmp.rig import COMMAND, NAME, OUTLET, Rig

PACKETS_OF_A_CLASS = 50
PROBE = ber.encode(ber.message(1, b"public", ber.request(ber.GET, [SYS_DESCR])))


@pytest.fixture(scope="module")
def rig() -> Rig:
    return Rig()


def test_there_are_classes_enough() -> None:
    assert len([name for name in CLASSES if not name.startswith("v3")]) >= 25


@pytest.mark.parametrize("name", CLASSES)
def test_broken_packets_do_no_harm(rig: Rig, name: str, caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(f"seed 7 {name}")
    rig.clock.advance(3600)
    rig.core.submitted.clear()
    with caplog.at_level(logging.DEBUG):
        for _ in range(PACKETS_OF_A_CLASS):
            packet = CLASSES[name](rng)
            answer = rig.process(packet)
            if answer is not None:
                ber.decode(answer)
                assert len(answer) <= max(1472, len(packet))
    switched = [batch for batch in rig.core.submitted if "SwitchOutlet" in repr(batch)]
    assert switched == []
    assert len(caplog.records) <= 2
    assert not any(record.exc_info for record in caplog.records)
    assert rig.process(PROBE) is not None


def test_unauthenticated_v3_answers_are_small(rig: Rig) -> None:
    rng = random.Random(11)
    for name, mutation in CLASSES.items():
        for _ in range(20 if name.startswith("v3") else 0):
            answer = rig.process(mutation(rng))
            assert answer is None or len(answer) <= 484


def test_authenticated_noise_is_survived(rig: Rig) -> None:
    """A holder of a key sends what no envelope can look into: a broken scoped PDU."""
    rng = random.Random(13)
    key = ber.password_key(b"switcher-auth-pass", ENGINE_ID)
    time_s = int(rig.clock.monotonic_s() - 1000)
    for _ in range(100):
        value = (rng.choice((0x02, 0x04, 0x06, 0x41, 0x80, 0xA0)), rng.randbytes(rng.randrange(9)))
        pdu = ber.request(
            rng.choice((ber.GET, ber.SET, ber.GET_BULK, ber.REPORT)),
            [(*OUTLET, rng.choice((COMMAND, NAME)), 77)],
            [value],
            status=rng.randrange(-5, 5),
            index=rng.randrange(-5, 5),
        )
        packet = ber.v3_message(pdu, ENGINE_ID, b"switcher", 3, time_s, 0x05, key=key)
        answer = rig.process(packet)
        if answer is not None:
            ber.decode(answer)
    assert rig.process(PROBE) is not None


def test_thousands_of_malformed_packets_are_one_log_line_a_minute(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.clock.advance(3600)
    with caplog.at_level(logging.DEBUG):
        for _ in range(2000):
            rig.process(b"\x30\x03\x02\x01")
        rig.clock.advance(61)
        rig.process(b"\x30\x03\x02\x01")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[1].startswith("2000 malformed SNMP messages ignored, the last from 192.0.2.9:4000")

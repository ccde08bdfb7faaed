# SPDX-License-Identifier: Apache-2.0
"""Broken packets against an agent, one class after the other, each packet judged.

    python -m tests.snmp.fuzz [--packets 2500] [--seed 7] [--only PATTERN] [--target host:port]

Without a target the packets go into an engine of this process; a target needs the
credentials of `openpdu demo`, and should be one.
"""

from __future__ import annotations

import argparse
import fnmatch
import random
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.snmp import ber
from tests.snmp.answers import open_answer
from tests.snmp.faults import ENGINE_ID, SYS_DESCR, Fault, Target
from tests.snmp.mutations import CLASSES
from tests.snmp.rig import BOOTS, Rig
from tests.snmp.usm_client import AUTH, REPORTABLE, Usm, V3Message, discovery
from tests.snmp.verdict import complaints

LATE_S = 1.0
READER = Usm(b"viewer", b"viewer-auth-pass")
WRITER = Usm(b"operator", b"operator-auth-pass", b"operator-priv-pass")

Exchange = Callable[[bytes], bytes | None]
"""A packet in, its answer out, None if there is none."""


@dataclass(frozen=True, slots=True)
class Finding:
    """complaint: what was wrong. answer_hex: empty if there was none."""

    fault: str
    complaint: str
    packet_hex: str
    answer_hex: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.complaint}\n  {self.packet_hex}\n  {self.answer_hex}"


class NoAnswer(Exception):
    """A valid GET was not answered in time."""


class Wire:
    """Packets over UDP. Each is followed by a valid GET: what comes before the answer to
    that is the answer to the packet, as an agent takes the datagrams of a socket in order.
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((host, port))
        self._socket.settimeout(LATE_S)
        self._number = 0
        self.slowest_s = 0.0

    def close(self) -> None:
        self._socket.close()

    def exchange(self, packet: bytes) -> bytes | None:
        """Raises NoAnswer when the GET is not answered within LATE_S."""
        self._number += 1
        begin_s = time.monotonic()
        self._socket.send(packet)
        self._socket.send(probe(self._number))
        answers: list[bytes] = []
        try:
            while not answers or not _answers_probe(answers[-1], self._number):
                answers.append(self._socket.recv(65535))
        except TimeoutError:
            raise NoAnswer(f"no answer within {LATE_S:g} s") from None
        self.slowest_s = max(self.slowest_s, time.monotonic() - begin_s)
        if len(answers) > 2:
            raise AssertionError(f"{len(answers) - 1} answers to one packet: {packet.hex()}")
        return answers[0] if len(answers) == 2 else None


def probe(number: int) -> bytes:
    """A valid GET whose answer cannot be taken for another one's."""
    pdu = ber.request(ber.GET, [SYS_DESCR], request_id=-number)
    return ber.encode(ber.message(1, b"public", pdu))


def _answers_probe(data: bytes, number: int) -> bool:
    try:
        answer = open_answer(data)
    except ValueError:
        return False
    return answer.request_id == -number and answer.status == 0


def discover(exchange: Exchange) -> Target:
    """What discovery and the clock of an authenticated Report tell about an agent."""
    found = open_answer(exchange(discovery()) or b"").security
    if found is None:
        raise ValueError("no v3 answer to a discovery message")
    request = ber.request(ber.GET, [SYS_DESCR])
    ask = V3Message(found.engine_id, 0, 0, READER, request, bytes((AUTH | REPORTABLE,)))
    clock = open_answer(exchange(ask.encode()) or b"", [READER]).security
    if clock is None:
        raise ValueError("no v3 answer to a message outside the time window")
    zero_s = time.monotonic() - clock.time_s
    return Target(
        found.engine_id, clock.boots, lambda: int(time.monotonic() - zero_s), READER, WRITER
    )


def target_of(rig: Rig) -> Target:
    """The engine of a rig that was made just now, told the time by the rig's clock."""
    zero_s = rig.clock.monotonic_s()
    return Target(ENGINE_ID, BOOTS, lambda: int(rig.clock.monotonic_s() - zero_s), READER, WRITER)


def attack(
    fault: Fault, target: Target, exchange: Exchange, packets: int, seed: int
) -> Iterator[Finding]:
    """Send that many packets of a class; the same ones for the same seed and target."""
    rng = random.Random(f"{seed} {fault.name}")
    for _ in range(packets):
        packet = fault.make(rng, target)
        try:
            answer = exchange(packet)
            found = complaints(fault, packet, answer, target)
        except NoAnswer as exc:
            answer, found = None, [str(exc)]
        for complaint in found:
            yield Finding(fault.name, complaint, packet.hex(), (answer or b"").hex())


def chosen(pattern: str) -> list[Fault]:
    return [fault for name, fault in CLASSES.items() if fnmatch.fnmatch(name, pattern)]


def _run(
    faults: Iterable[Fault], target: Target, exchange: Exchange, packets: int, seed: int
) -> int:
    found = 0
    for fault in faults:
        begin_s = time.monotonic()
        findings = list(attack(fault, target, exchange, packets, seed))
        found += len(findings)
        seconds = time.monotonic() - begin_s
        print(f"{fault.name:<45} {packets:>7} packets {seconds:>7.1f} s {len(findings):>5} wrong")
        for finding in findings[:3]:
            print(finding)
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=int, default=2500, help="of each class")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="*", help="classes whose name matches, as v3_*")
    parser.add_argument("--target", help="host:port of an agent")
    arguments = parser.parse_args()
    faults = chosen(arguments.only)
    if arguments.target is None:
        rig = Rig()
        return _run(faults, target_of(rig), rig.process, arguments.packets, arguments.seed)
    host, _, port = arguments.target.rpartition(":")
    wire = Wire(host, int(port))
    try:
        target = discover(wire.exchange)
        return _run(faults, target, wire.exchange, arguments.packets, arguments.seed)
    finally:
        wire.close()


if __name__ == "__main__":
    sys.exit(main())

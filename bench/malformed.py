# SPDX-License-Identifier: Apache-2.0
"""100,000 broken SNMP packets against the running demo: what it costs, and what it breaks.

    python bench/malformed.py [--packets 100000] [--seed 7] [--json]

As many packets of each fault class (tests/snmp/mutations.py), each followed by a valid GET
on the same socket, whose answer tells that the packet has been dealt with. The memory before
is that of a demo which has answered as many valid requests of every kind as there are classes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, report

from tests.snmp.faults import Target
from tests.snmp.fuzz import Finding, Wire, attack, discover, probe
from tests.snmp.mutations import CLASSES
from tests.system.demo_process import Demo

SETTLE_S = 5.0
WARM_UP_REQUESTS = 2000
GROWTH_LIMIT_MB = 8.0


@dataclass(slots=True)
class Damage:
    """Findings by what they are about, and what happened outside of SNMP."""

    packets: int = 0
    late: int = 0
    malformed: int = 0
    wrong: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        if finding.complaint.startswith("no answer within"):
            self.late += 1
        elif finding.complaint.startswith("malformed"):
            self.malformed += 1
        else:
            self.wrong.append(finding)


def warm_up(wire: Wire) -> Target:
    """Valid traffic in v2c and v3, so that what is set up once does not count as growth."""
    for number in range(WARM_UP_REQUESTS):
        wire.exchange(probe(-number - 1))
    return discover(wire.exchange)


def fire(wire: Wire, target: Target, packets: int, seed: int) -> Damage:
    damage = Damage()
    of_a_class = -(-packets // len(CLASSES))
    for fault in CLASSES.values():
        for finding in attack(fault, target, wire.exchange, of_a_class, seed):
            damage.add(finding)
        damage.packets += of_a_class
    return damage


def figures(demo: Demo, packets: int, seed: int) -> Iterator[Figure]:
    wire = Wire("127.0.0.1", demo.snmp_port)
    try:
        target = warm_up(wire)
        time.sleep(SETTLE_S)
        moved, before_mb = len(demo.relay_movements()), demo.rss_mb()
        logged = len(demo.log().splitlines())
        outlets, cpu_s, begin_s = demo.outlets(), demo.cpu_s(), time.monotonic()
        damage = fire(wire, target, packets, seed)
        seconds = time.monotonic() - begin_s
        cpu_us = 1e6 * (demo.cpu_s() - cpu_s) / damage.packets
        time.sleep(SETTLE_S)
    finally:
        wire.close()
    after_mb = demo.rss_mb()
    changed = [a["state"] for a in outlets] != [b["state"] for b in demo.outlets()]
    for finding in {(each.fault, each.complaint): each for each in damage.wrong}.values():
        print(finding, file=sys.stderr)
    note = f"{len(CLASSES)} classes, {before_mb:.1f} to {after_mb:.1f} MB, {seconds:.0f} s"
    yield Figure("malformed packets", damage.packets, "", note=note)
    yield Figure("RSS growth", after_mb - before_mb, "MB", GROWTH_LIMIT_MB)
    yield Figure("tracebacks in the log", demo.log().count("Traceback"), "", 0)
    yield Figure("lines added to the log", len(demo.log().splitlines()) - logged, "")
    yield Figure("valid GETs without an answer in 1 s", damage.late, "", 0)
    yield Figure("slowest valid GET", 1000 * wire.slowest_s, "ms", 1000.0, "with its broken packet")
    yield Figure("relays moved", len(demo.relay_movements()) - moved + changed, "", 0)
    yield Figure("malformed answers", damage.malformed, "", 0)
    yield Figure("answers that are wrong or too large", len(damage.wrong), "", 0)
    yield Figure("CPU of the agent, one packet and one GET", cpu_us, "us", note="all threads")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Demo(Path(folder)) as demo:
        found = list(figures(demo, arguments.packets, arguments.seed))
    return report(found, arguments.json)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Every fault of every simulator, against the running agent.

    python bench/faults.py [--only WORD] [--demo | --strip] [--log FILE] [--json]

Three agents one after the other: the demo, a strip with one of each driver (strip.yaml), and the
small converters (small_converters.yaml). Each plays a script with every fault for some seconds and
a pause after it, those of different devices side by side; it is never restarted. Meanwhile a raw
SNMPv2c GET goes out every 20 ms, and the status is read four times a second. Goals: each GET
answered within 1 s; no relay moves but those that an order or a failing supply moves; what a fault
spoils is marked within three polls, and nothing wrong is shown as good; its alarm is raised once,
and its end is told; afterwards, without a restart, no alarm is left, every value is good and every
outlet is what it was.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import repository  # noqa: F401
import strip_faults
from fault_list import DEMO, Lane
from fault_watch import Course, Watch
from figures import Figure, percentile, report

from tests.system.demo_process import READY_LIMIT_S, Demo, free_port

CREDENTIALS = """\
schema: 1
communities:
  - {name: reader, community: public}
  - {name: writer, community: private, rights: write}
"""


class Strip(Demo):
    """`openpdu run` with a configuration, as the demo is run."""

    def __init__(self, folder: Path, configuration: Path, script: Path) -> None:
        super().__init__(folder)
        self._configuration = configuration
        secrets = folder / "secrets.yaml"
        secrets.write_text(CREDENTIALS, encoding="utf-8")
        secrets.chmod(0o600)
        self.snmp_port = free_port(socket.SOCK_DGRAM)
        self._environment = {
            "STATE_DIR": self.state_dir,
            "RUNTIME_DIR": self.runtime_dir,
            "SNMP_LISTEN": f"127.0.0.1:{self.snmp_port}",
            "SNMP_CREDENTIALS": secrets,
            "SIMULATOR_RELAY_LOG": self.relay_log,
            "SIMULATOR_SCRIPT": script,
        }

    def command(self) -> list[str]:
        variables = [f"OPENPDU_{name}={value}" for name, value in self._environment.items()]
        return [
            *("env", *variables, sys.executable, "-m", "pdu_agent"),
            *("run", "--config", str(self._configuration)),
        ]

    def start(self) -> Demo:
        self.spawn()
        limit_s = time.monotonic() + READY_LIMIT_S
        while not self.api_answers():
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"it did not start:\n{self.log()}")
            if time.monotonic() > limit_s:
                raise AssertionError(f"the API does not answer:\n{self.log()}")
            time.sleep(0.05)
        return self


def script_of(lanes: Iterable[Lane], before: Iterable[tuple[float, str]] = ()) -> str:
    """Each fault with a line for the log before its beginning and before its end."""
    entries, number = list(before), 0
    for lane in lanes:
        at_s = lane.starts_s
        for fault in lane.faults:
            entries += [(at_s, f"say: begin {number}"), (at_s, fault.begin)]
            at_s += fault.lasts_s
            entries += [(at_s, f"say: end {number}"), (at_s, fault.end)]
            at_s += lane.recovers_s
            number += 1
    entries.sort(key=lambda entry: entry[0])
    return "".join(f"- {{at: {at_s:.3f}s, {action}}}\n" for at_s, action in entries)


def chosen(lanes: Iterable[Lane], word: str) -> list[Lane]:
    """The lanes with those faults that have the word in their names, from the start on."""
    found = []
    for lane in lanes:
        faults = tuple(fault for fault in lane.faults if word in fault.name)
        if faults:
            starts_s = min(lane.starts_s, strip_faults.FIRST_S) if word else lane.starts_s
            found.append(replace(lane, faults=faults, starts_s=starts_s))
    return found


def play_demo(word: str, log: Path) -> list[Course]:
    lanes = chosen(DEMO, word)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "faults.yaml"
        script.write_text(script_of(lanes), encoding="utf-8")
        return _played(Demo(Path(folder), "--script", str(script)), lanes, log)


def play_strip(configuration: Path, word: str, log: Path) -> list[Course]:
    lanes = chosen(strip_faults.lanes(configuration), word)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "faults.yaml"
        known = strip_faults.preparation(configuration)
        script.write_text(script_of(lanes, known), encoding="utf-8")
        return _played(Strip(Path(folder), configuration, script), lanes, log)


def _played(demo: Demo, lanes: Sequence[Lane], log: Path) -> list[Course]:
    """log: gets what the agent logged."""
    if not lanes:
        return []
    with demo:
        watch = Watch(demo, lanes, "private")
        watch.run(max(lane.ends_s for lane in lanes))
        with log.open("a", encoding="utf-8") as file:
            file.write(demo.log())
    return watch.courses


def table(courses: Sequence[Course]) -> Iterator[str]:
    heads = f"{'GET max':>8} {'marked':>7} {'alarms':>6} {'moved':>5} {'well after':>10}"
    yield f"{'fault':<44} {heads}"
    for course in courses:
        slowest = f"{1000 * max(course.latencies_s, default=0):.0f} ms"
        delay_s = course.mark_delay_s
        marked = "-" if delay_s is None else f"{delay_s:.1f} s"
        well = "never"
        if course.recovered_s is not None and course.ended_s is not None:
            well = f"{course.recovered_s - course.ended_s:.1f} s"
        alarms = max(course.raised.values(), default=0)
        yield (
            f"{course.fault.name:<44} {slowest:>8} {marked:>7} {alarms:>6}"
            f" {len(course.moved):>5} {well:>10}  {'; '.join(course.complaints()) or 'ok'}"
        )


def figures(courses: Sequence[Course]) -> Iterator[Figure]:
    latencies_s = [latency_s for course in courses for latency_s in course.latencies_s]
    yield Figure("faults injected", len(courses), "")
    yield Figure("slowest SNMP GET through all of them", 1000 * max(latencies_s), "ms", 1000)
    yield Figure("SNMP GET, 99 %", 1000 * percentile(latencies_s, 99), "ms")
    yield Figure("GETs without an answer", sum(course.unanswered for course in courses), "", 0)
    bad = sum(bool(course.complaints()) for course in courses)
    yield Figure("faults that were not borne as they have to be", bad, "", 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--demo", action="store_true", help="those of the demo only")
    which.add_argument("--strip", action="store_true", help="those of the strip only")
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="gets the agents' logs")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    courses = [] if arguments.strip else play_demo(arguments.only, arguments.log)
    for configuration in () if arguments.demo else strip_faults.CONFIGURATIONS:
        courses += play_strip(configuration, arguments.only, arguments.log)
    if not arguments.json:
        print("\n".join(table(courses)))
    return report(list(figures(courses)), arguments.json)


if __name__ == "__main__":
    sys.exit(main())

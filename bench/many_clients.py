# SPDX-License-Identifier: Apache-2.0
"""Do 200 clients at once, through every door, leave what the last of them asked for?

    python bench/many_clients.py [--seconds 60] [--clients 200] [--outlets 24] [--json]

The demo is switched over SNMPv2c, SNMPv1 and v3 (net-snmp), the API's socket and the openpdu
command, by clients that know nothing of each other. Afterwards, when all is at rest:

- each outlet's relay stands where the last accepted command in the audit log wants it;
- every command that a client was told is accepted is in the audit log, once, under its name;
- the audit log's chain is whole;
- no relay moved twice within half a second, and no two closed closer than the sequence interval.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import repository  # noqa: F401
from figures import Figure, percentile, report

from pdu_agent.store.audit_check import read_lines
from tests.system.demo_process import COMMAND, ROOT, Demo
from tests.system.snmp_client import SnmpClient, name

RELAY_GAP_S = 0.5
SEQUENCE_GAP_S = 0.25
TIMER_S = 0.02
"""By how much a stamp of the simulated board may differ from the movement."""
SETTLE_LIMIT_S = 120.0
AUDIT_PAUSE_S = 2.0
"""Two files of 1 MiB hold the lines of more than 10 s of this."""
PAUSES_S = (0.2, 0.8)
VERBS = ("on", "off", "reboot")
WEIGHTS = (5, 5, 1)
NUMBERS = {"on": 1, "off": 2, "reboot": 3}
ENDS_ON = {"on": True, "off": False, "reboot": True}
V3 = (
    *("-v3", "-u", "operator", "-l", "authPriv", "-a", "SHA-256", "-A", "operator-auth-pass"),
    *("-x", "AES", "-X", "operator-priv-pass"),
)
V1 = ("-v1", "-c", "private")

Give = Callable[[int, str], bool | None]
"""Orders a verb for an outlet: was it accepted? None where no answer came."""


@dataclass
class Client:
    """One who gives orders at random. door: how the audit log names it."""

    door: str
    give: Give
    close: Callable[[], None] = lambda: None
    accepted: Counter[tuple[int, str]] = field(default_factory=Counter)
    refused: int = 0
    silent: int = 0
    answers_s: list[float] = field(default_factory=list)

    def run(self, seed: int, outlets: int, end_s: float) -> None:
        dice = random.Random(seed)
        time.sleep(dice.uniform(0, PAUSES_S[1]))
        while time.monotonic() < end_s:
            outlet = dice.randint(1, outlets)
            verb = dice.choices(VERBS, WEIGHTS)[0]
            began_s = time.monotonic()
            answer = self.give(outlet, verb)
            self.answers_s.append(time.monotonic() - began_s)
            if answer is None:
                self.silent += 1
            elif answer:
                self.accepted[outlet, verb] += 1
            else:
                self.refused += 1
            time.sleep(dice.uniform(*PAUSES_S))


def by_snmp(client: SnmpClient, outlet: int, verb: str) -> bool | None:
    status = client.set({name(COMMAND, outlet): NUMBERS[verb]}, timeout_s=10.0)
    return None if status is None else status == 0


def by_net_snmp(demo: Demo, credential: Sequence[str], outlet: int, verb: str) -> bool | None:
    place = f"127.0.0.1:{demo.snmp_port}"
    asked = (f"{COMMAND}.{outlet}", "i", str(NUMBERS[verb]))
    done = _process(["snmpset", "-t", "10", "-r", "0", "-Oqv", *credential, place, *asked])
    return None if b"Timeout" in done.stderr else done.returncode == 0


def by_http(demo: Demo, outlet: int, verb: str) -> bool | None:
    status, _ = demo.api("POST", f"/outlets/{outlet}/{verb}", {})
    return status == 200


def by_command(demo: Demo, outlet: int, verb: str) -> bool | None:
    word = "cycle" if verb == "reboot" else verb
    socket = str(demo.runtime_dir / "api.sock")
    done = _process([sys.executable, "-m", "pdu_agent", word, str(outlet), "--socket", socket])
    return done.returncode == 0


def _process(words: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, check=False, env={**os.environ, "MIBS": ""}
    )


def clients_of(demo: Demo, count: int) -> list[Client]:
    """Mostly SNMP and the API; a few whose every order is a process of its own."""
    slow = max(1, count // 40)
    http = count // 4
    found = [Client("cli", partial(by_command, demo)) for _ in range(slow)]
    found += [Client("snmp", partial(by_net_snmp, demo, V3)) for _ in range(slow)]
    found += [Client("snmp", partial(by_net_snmp, demo, V1)) for _ in range(slow)]
    found += [Client("cli", partial(by_http, demo)) for _ in range(http)]
    for _ in range(count - len(found)):
        snmp = SnmpClient(demo.snmp_port)
        found.append(Client("snmp", partial(by_snmp, snmp), snmp.close))
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left when all is at rest, and what the audit log says of the way there."""

    clients: list[Client]
    entries: list[dict[str, Any]]
    chain_is_whole: bool
    movements: list[tuple[float, int, int]]
    outlets: list[dict[str, Any]]
    seconds: float

    def wrong_ends(self) -> list[int]:
        """Outlets that are not where the last accepted command wants them."""
        last = {
            command["outlet"]: command["action"]
            for entry in self.entries
            for command in entry.get("commands", ())
            if entry["result"] != "refused" and command["command"] == "SwitchOutlet"
        }
        shown = {row["number"]: row for row in self.outlets}
        relays = {outlet: bool(value) for _, outlet, value in self.movements}
        return [
            outlet
            for outlet, action in last.items()
            if (shown[outlet]["state"] == "on") is not ENDS_ON[action]
            or relays.get(outlet, True) is not ENDS_ON[action]
        ]

    def unrecorded(self) -> int:
        """Accepted orders without an entry, and entries that nobody gave."""
        told: Counter[tuple[str, int, str]] = Counter()
        for client in self.clients:
            for (outlet, verb), times in client.accepted.items():
                told[client.door, outlet, verb] += times
        written = Counter(
            (entry["face"], command["outlet"], command["action"])
            for entry in self.entries
            for command in entry.get("commands", ())
            if entry["result"] != "refused"
        )
        silent = sum(client.silent for client in self.clients)
        missing, more = (told - written).total(), (written - told).total()
        return missing + max(0, more - silent)

    def hasty_relays(self) -> int:
        """Movements of one relay within its rest of the one before."""
        times_s: dict[int, list[float]] = defaultdict(list)
        for epoch, outlet, _ in self.movements:
            times_s[outlet].append(epoch)
        return sum(
            later - earlier < RELAY_GAP_S - TIMER_S
            for stamps in times_s.values()
            for earlier, later in pairwise(stamps)
        )

    def hasty_closings(self) -> int:
        """Closings, of any relays, within the sequence interval."""
        closed_s = [epoch for epoch, _, value in self.movements if value]
        return sum(
            later - earlier < SEQUENCE_GAP_S - TIMER_S for earlier, later in pairwise(closed_s)
        )


def run(folder: Path, clients: int, seconds: float, outlets: int) -> Outcome:
    """The whole story. Raises AssertionError where the unit does not come to rest."""
    with Demo(folder, "--outlets", str(outlets)) as demo:
        present = clients_of(demo, clients)
        end_s = time.monotonic() + seconds
        threads = [
            threading.Thread(target=client.run, args=(seed, outlets, end_s))
            for seed, client in enumerate(present)
        ]
        auditor = Auditor(demo)
        reading = threading.Thread(target=auditor.run, args=(end_s,))
        reading.start()
        for thread in threads:
            thread.start()
        for client, thread in zip(present, threads, strict=True):
            thread.join()
            client.close()
        reading.join()
        rows = _at_rest(demo)
        demo.stop()
        auditor.read()
        moves = demo.relay_movements()
        return Outcome(present, auditor.entries(), auditor.is_whole(), moves, rows, seconds)


def _at_rest(demo: Demo) -> list[dict[str, Any]]:
    limit_s = time.monotonic() + SETTLE_LIMIT_S
    while any(row["pending"] or row["state"] not in ("on", "off") for row in demo.outlets()):
        assert time.monotonic() < limit_s, demo.outlets()
        time.sleep(0.2)
    return demo.outlets()


class Auditor:
    """Reads the audit log now and then: it is bounded, and soon forgets this much."""

    def __init__(self, demo: Demo) -> None:
        places = ("--state-dir", str(demo.state_dir), "--runtime-dir", str(demo.runtime_dir))
        self._folders = demo.runtime_dir, demo.state_dir
        self._verify = [sys.executable, "-m", "pdu_agent", "audit", "verify", *places]
        self._rows: dict[int, dict[str, Any]] = {}

    def run(self, end_s: float) -> None:
        while time.monotonic() < end_s:
            time.sleep(AUDIT_PAUSE_S)
            self.read()

    def read(self) -> None:
        self._rows |= {line.plain["number"]: line.plain for line in read_lines(*self._folders)}

    def entries(self) -> list[dict[str, Any]]:
        """Those of commands, oldest first. Raises AssertionError where some were missed."""
        numbers = sorted(self._rows)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        return [row for _, row in sorted(self._rows.items()) if row.get("kind") == "command"]

    def is_whole(self) -> bool:
        return _process(self._verify).returncode == 0


def figures_of(outcome: Outcome) -> Iterator[Figure]:
    answers_s = [each for client in outcome.clients for each in client.answers_s]
    accepted = sum(client.accepted.total() for client in outcome.clients)
    yield Figure("clients", len(outcome.clients), "")
    yield Figure("accepted commands a second", accepted / outcome.seconds, "/s")
    yield Figure("refused", sum(client.refused for client in outcome.clients), "")
    yield Figure("without an answer", sum(client.silent for client in outcome.clients), "", 0)
    yield Figure("order to answer, p99", 1000 * percentile(answers_s, 99), "ms")
    yield Figure("outlets not as last accepted", len(outcome.wrong_ends()), "", 0)
    yield Figure("accepted but not in the audit log, or not given", outcome.unrecorded(), "", 0)
    yield Figure("breaks of the audit log's chain", int(not outcome.chain_is_whole), "", 0)
    yield Figure("relay movements", len(outcome.movements), "")
    yield Figure("movements of a relay within 0.5 s", outcome.hasty_relays(), "", 0)
    yield Figure("closings within the sequence interval", outcome.hasty_closings(), "", 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--outlets", type=int, default=24)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), arguments.clients, arguments.seconds, arguments.outlets)
    return report(list(figures_of(outcome)), arguments.json)


if __name__ == "__main__":
    sys.exit(main())

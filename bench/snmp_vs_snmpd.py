# SPDX-License-Identifier: Apache-2.0
"""What an SNMP answer costs, beside net-snmp's own snmpd with the same tree.

    python -m bench.snmp_vs_snmpd [--rounds 3] [--seconds 1] [--steady-seconds 8] [--demo] [--json]

One interleaved run over about 1,000 instances: in each round every kind of request goes to
every agent in turn. The agents are ours (snmp_agent.py: face, core and store, readings at
5 Hz), Debian's snmpd with the tree in a C module of ours (flat_module.c), and the same without
libwrap, which reads two files at each packet. CPU is the scheduler's run
time of all threads of the agent's process, divided by the answers; a ratio is held against
Debian's snmpd. Noise only adds, so the best round counts; the ratios of single rounds show
the noise. snmpd and gcc with libsnmp-dev are installed by apt-get when this runs as root.

"Walk a second": a walk of 1,000 every second, added to an agent that is otherwise idle; CPU
with the walks minus CPU without them, as a share of one core, median of the rounds.

--demo measures the whole `openpdu demo` too, less the CPU that it takes when it is idle.
The exit status is 1 for wrong or lost answers, not for missed goals.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import repository  # noqa: F401
from figures import machine
from snmp_load import REPETITIONS, CommunityTalk, Load, Run, Talk, Walk, cpu_of, open_link
from snmp_peers import COMMUNITY, CREDENTIAL, DEBIAN, OURS, VARBINDS, Peer, running_peers
from snmp_questions import Name, Question, WrongAnswer
from snmp_usm import UsmTalk
from snmpd_anchor import CannotInstall

from tests.snmp import ber

MANY = 4096
"""Different requests, so that an agent which remembers whole messages gains nothing."""
WALK_S = 1.0
"""Between two walks of the steady load."""
STEADY_GOAL_PERCENT = 1.0

Ask = Callable[[Peer, bytes, random.Random], list[Question]]


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request. per: what CPU is divided by. goal: CPU as a ratio to Debian snmpd.

    ask(peer, envelope, chance): the questions; None for walks.
    """

    title: str
    per: str
    ask: Ask | None = None
    goal: float | None = None
    is_v3: bool = False


def single(tag: int) -> Ask:
    """Every instance in random order."""

    def ask(peer: Peer, envelope: bytes, chance: random.Random) -> list[Question]:
        names = list(peer.tree.names if tag == ber.GET else peer.tree.names[:-1])
        chance.shuffle(names)
        return [Question(peer.tree, envelope, tag, [name]) for name in names]

    return ask


def ten(peer: Peer, envelope: bytes, chance: random.Random) -> list[Question]:
    groups = (chance.sample(peer.tree.names, 10) for _ in range(MANY))
    return [Question(peer.tree, envelope, ber.GET, group) for group in groups]


def bulk(columns: int, repetitions: int) -> Ask:
    """From random places, so far from the end that no answer leaves the tree."""

    def ask(peer: Peer, envelope: bytes, chance: random.Random) -> list[Question]:
        starts: Sequence[Name] = peer.tree.names[: -repetitions - 1]
        groups = (chance.sample(starts, columns) for _ in range(MANY // columns))
        return [Question(peer.tree, envelope, ber.GET_BULK, group, repetitions) for group in groups]

    return ask


def encrypted(peer: Peer, envelope: bytes, chance: random.Random) -> list[Question]:
    known = single(ber.GET)(peer, envelope, chance)
    return [known[number % len(known)] for number in range(MANY)]


WALK = Work(f"walk of {VARBINDS:,} varbinds, {REPETITIONS} repetitions", "walk", goal=0.7)
WORKS = (
    Work("v2c GET, 1 OID", "GET", single(ber.GET), goal=0.5),
    Work("v2c GETNEXT", "GETNEXT", single(ber.GET_NEXT)),
    Work("v2c GET, 10 random OIDs", "GET", ten, goal=0.7),
    Work("v2c GETBULK 1 x 25", "varbind", bulk(1, 25)),
    Work("v2c GETBULK 10 x 10", "varbind", bulk(10, 10)),
    WALK,
    Work("v3 authPriv GET, 1 OID", "GET", encrypted, goal=0.8, is_v3=True),
)


@dataclass(slots=True)
class Cell:
    """One kind of work at one agent, round after round. cpu_us: of each round, per `per`."""

    work: Work
    peer: Peer
    runs: list[Run] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def add(self, run: Run, idle_share: float) -> None:
        """idle_share: CPU seconds a second that the agent takes without requests."""
        count = run.varbinds if self.work.per == "varbind" else run.requests
        self.runs.append(run)
        self.cpu_us.append(1e6 * (run.agent_cpu_s - idle_share * run.wall_s) / max(1, count))

    @property
    def rates(self) -> list[float]:
        each = (run.varbinds if self.work.per == "varbind" else run.requests for run in self.runs)
        return [count / run.wall_s for count, run in zip(each, self.runs, strict=True)]

    @property
    def fastest(self) -> Run:
        return max(self.runs, key=lambda run: run.requests / run.wall_s)

    @property
    def wall_ms(self) -> float:
        """The fastest single one."""
        return min(run.latency_us(0) for run in self.runs) / 1000


@dataclass(slots=True)
class Steady:
    """Shares of one core in percent, of each round."""

    peer: Peer
    idle: list[float] = field(default_factory=list)
    added: list[float] = field(default_factory=list)


@contextmanager
def processors_apart(agent: int) -> Iterator[None]:
    """A processor of its own for the load, while it keeps the agent busy.

    Left to itself the scheduler has both on one for a whole run and on two in the next, and
    then the same agent costs up to half as much again. Walks, in which one waits for the
    other, are left to the scheduler. Does nothing on a single processor.
    """
    processors = os.sched_getaffinity(0)
    tasks = [int(task.name) for task in Path(f"/proc/{agent}/task").iterdir()]
    mine = {max(processors)}
    os.sched_setaffinity(0, mine)
    for task in tasks:
        os.sched_setaffinity(task, processors - mine or processors)
    try:
        yield
    finally:
        for task in (0, *tasks):
            os.sched_setaffinity(task, processors)


class Contest:
    """All peers, and what was measured on them so far."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self.steady = [Steady(peer) for peer in peers]
        self.cells = [Cell(work, peer) for work in WORKS for peer in peers]
        self.strays: list[Run] = []
        """What was asked without being measured: it must be right all the same."""
        self._links = {peer.label: open_link(peer.port) for peer in peers}
        self._talk = CommunityTalk(COMMUNITY.encode("ascii"))
        self._walks = {
            peer.label: Walk(self._links[peer.label], self._talk, peer.tree, VARBINDS)
            for peer in peers
        }
        self._questions: dict[tuple[str, str], list[Question]] = {}

    def close(self) -> None:
        for link in self._links.values():
            link.close()

    def play(self, number: int, seconds: float, steady_seconds: float) -> None:
        """One round; every other one meets the agents in reverse order."""
        self._measure_steady(steady_seconds)
        idle = {entry.peer.label: entry.idle[-1] / 100 for entry in self.steady}
        for work in WORKS:
            cells = [cell for cell in self.cells if cell.work is work]
            for cell in cells if number % 2 == 0 else reversed(cells):
                share = idle[cell.peer.label] if cell.peer.is_whole else 0.0
                cell.add(self._run(cell, seconds), share)

    def _run(self, cell: Cell, seconds: float) -> Run:
        work, peer = cell.work, cell.peer
        if work.ask is None:
            return self._walks[peer.label].measure(seconds, [peer.pid])
        link = self._links[peer.label]
        talk: Talk = UsmTalk(link, CREDENTIAL) if work.is_v3 else self._talk
        key = (work.title, peer.label)
        if key not in self._questions:
            # The same choice for every agent.
            chance = random.Random(work.title)
            self._questions[key] = work.ask(peer, talk.envelope, chance)
        load = Load(link, talk, self._questions[key])
        with processors_apart(peer.pid):
            if not cell.runs:
                self.strays.append(load.prime())
            return load.measure(seconds, [peer.pid])

    def _measure_steady(self, seconds: float) -> None:
        """All agents at once, each walked at another time of the second."""
        begin = self._cpu()
        time.sleep(seconds)
        idle = self._cpu()
        run = Run(array("q"))
        next_s, gap_s = time.monotonic(), WALK_S / len(self.steady)
        for _ in range(max(1, round(seconds / WALK_S))):
            for entry in self.steady:
                time.sleep(max(0.0, next_s - time.monotonic()))
                next_s += gap_s
                self._walks[entry.peer.label].once(run)
        time.sleep(max(0.0, next_s - time.monotonic()))
        self.strays.append(run)
        walked = self._cpu()
        for entry, a, b, c in zip(self.steady, begin, idle, walked, strict=True):
            entry.idle.append(100 * _share(a, b))
            entry.added.append(100 * (_share(b, c) - _share(a, b)))

    def _cpu(self) -> list[tuple[float, float]]:
        """(time, CPU seconds) of each peer."""
        return [(time.monotonic(), cpu_of([entry.peer.pid])) for entry in self.steady]

    @property
    def runs(self) -> list[Run]:
        return [*self.strays, *(run for cell in self.cells for run in cell.runs)]


def _share(before: tuple[float, float], after: tuple[float, float]) -> float:
    return (after[1] - before[1]) / (after[0] - before[0])


# -- what comes out -----------------------------------------------------------------------


def rows(contest: Contest) -> Iterator[dict[str, Any]]:
    """One for each kind of work and agent: best rounds, ratios to Debian's snmpd."""
    for cell in contest.cells:
        anchor = next(
            other
            for other in contest.cells
            if other.work is cell.work and other.peer.label == DEBIAN
        )
        ratios = [ours / theirs for ours, theirs in zip(cell.cpu_us, anchor.cpu_us, strict=True)]
        yield {
            "work": cell.work.title,
            "agent": cell.peer.label,
            "per": cell.work.per,
            "rate_per_s": max(cell.rates),
            "slowest_rate_per_s": min(cell.rates),
            "p50_us": cell.fastest.latency_us(50),
            "p99_us": cell.fastest.latency_us(99),
            "cpu_us": min(cell.cpu_us),
            "highest_cpu_us": max(cell.cpu_us),
            "cpu_ratio": min(cell.cpu_us) / min(anchor.cpu_us),
            "cpu_ratio_rounds": sorted(ratios),
            "wall_ratio": cell.wall_ms / anchor.wall_ms if cell.work is WALK else None,
            "best_ms": cell.wall_ms if cell.work is WALK else None,
            "goal": cell.work.goal if cell.peer.label == OURS else None,
            "generator_core": max(run.own_cpu_s / run.wall_s for run in cell.runs),
        }


def table(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield (
        "| work | agent | /s | p50 / p99 us | CPU us | x Debian snmpd (rounds) | goal | generator |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    for row in results:
        low, high = row["cpu_ratio_rounds"][0], row["cpu_ratio_rounds"][-1]
        ratio = f"{row['cpu_ratio']:.2f} ({low:.2f}-{high:.2f})"
        if row["wall_ratio"] is not None:
            ratio += f", wall {row['wall_ratio']:.2f} ({row['best_ms']:.2f} ms)"
        yield (
            f"| {row['work']} | {row['agent']} | {row['rate_per_s']:,.0f}"
            f" | {row['p50_us']:.0f} / {row['p99_us']:.0f} | {row['cpu_us']:.2f}/{row['per']}"
            f" | {ratio} | {_verdict(row)} | {row['generator_core']:.2f} |"
        )


def _verdict(row: dict[str, Any]) -> str:
    if row["goal"] is None:
        return ""
    worst = max(row["cpu_ratio"], row["wall_ratio"] or 0.0)
    return f"{row['goal']:g} {'ok' if worst <= row['goal'] else 'MISSED'}"


def steady_rows(contest: Contest) -> Iterator[dict[str, Any]]:
    for entry in contest.steady:
        yield {
            "agent": entry.peer.label,
            "idle_percent": median(entry.idle),
            "added_percent": median(entry.added),
            "added_percent_rounds": sorted(entry.added),
            "goal": STEADY_GOAL_PERCENT if entry.peer.label == OURS else None,
        }


def steady_table(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield "| agent | idle, % of a core | a walk a second adds (rounds) | goal |"
    yield "|---|--:|--:|--:|"
    for row in results:
        low, high = row["added_percent_rounds"][0], row["added_percent_rounds"][-1]
        verdict = ""
        if row["goal"] is not None:
            reached = row["added_percent"] <= row["goal"]
            verdict = f"{row['goal']:g} {'ok' if reached else 'MISSED'}"
        yield (
            f"| {row['agent']} | {row['idle_percent']:.2f} | {row['added_percent']:.2f}"
            f" ({low:.2f}-{high:.2f}) | {verdict} |"
        )


def report(contest: Contest, how: str, as_json: bool) -> int:
    """Print everything; the exit status."""
    wrong = sum(run.wrong for run in contest.runs)
    lost = sum(run.lost for run in contest.runs)
    results, steady = list(rows(contest)), list(steady_rows(contest))
    if as_json:
        facts = {"machine": machine(), "snmpd": how, "wrong": wrong, "lost": lost}
        print(json.dumps({**facts, "works": results, "steady": steady}, indent=2))
    else:
        instances = len(contest.cells[0].peer.tree.names)
        print(f"{machine()}; {instances:,} instances, snmpd serves them by its {how}\n")
        print("\n".join(table(results)), "\n")
        print("\n".join(steady_table(steady)), "\n")
        print(f"wrong answers: {wrong}, lost: {lost}")
    for reason in sorted({run.first_wrong for run in contest.runs if run.wrong}):
        print(f"wrong: {reason}", file=sys.stderr)
    return 1 if wrong or lost else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each cell")
    parser.add_argument("--steady-seconds", type=float, default=8.0, help="idle, then walked")
    parser.add_argument("--demo", action="store_true", help="measure the whole demo too")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        with running_peers(arguments.demo) as (peers, how):
            contest = Contest(peers)
            for number in range(arguments.rounds):
                contest.play(number, arguments.seconds, arguments.steady_seconds)
            contest.close()
            return report(contest, how, arguments.json)
    except (CannotInstall, RuntimeError, TimeoutError, WrongAnswer) as exc:
        print(f"snmp_vs_snmpd: {exc}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

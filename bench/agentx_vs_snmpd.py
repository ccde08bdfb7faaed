# SPDX-License-Identifier: Apache-2.0
"""What a GET costs through snmpd, by AgentX and by pass_persist, beside snmpd's own tree.

    python -m bench.agentx_vs_snmpd [--rounds 3] [--seconds 2] [--json]

One interleaved run over the same instances of OPENPDU-MIB: in each round every way is asked in
turn. Debian's snmpd serves them from a C module of ours (flat_module.c), or asks our agent
(snmp_agent.py: face, core and store, readings at 5 Hz). CPU is the scheduler's run time of all
processes that take part (snmpd, the agent, the relay), divided by the answers; each answer is
checked. Noise only adds, so the best round counts. The exit status is 1 for wrong or lost
answers, not for a missed goal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import repository
from figures import machine
from snmp_agent import LOOPBACK, serve
from snmp_load import CommunityTalk, Load, Run, open_link, read_tree
from snmp_peers import COMMUNITY, CREDENTIAL, ROOT, SETTLE_S, read_contents
from snmp_questions import Question, Tree
from snmpd_anchor import DEBIAN_OPTIONS, Anchor, CannotInstall, find_snmpd

from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.snmp.passthrough_settings import AgentxSettings, PassPersistSettings
from tests.snmp import ber
from tests.system.demo_process import BASE, free_port

GOAL = 2.5
OUTLETS = 24
RELAY = repository.ROOT / "snmpd-passthrough" / "openpdu-pass"
START_LIMIT_S = 20.0
OWN, AGENTX, PASS = "snmpd's own tree", "snmpd and agent, AgentX", "snmpd and agent, pass_persist"
WORKS = (("GET", ber.GET, 1), ("GETNEXT", ber.GET_NEXT, 1), ("GET of 10", ber.GET, 10))


@dataclass
class Way:
    """pids: of all processes whose CPU time an answer takes. cpu_us: by work, each round's."""

    label: str
    port: int
    pids: list[int]
    cpu_us: dict[str, list[float]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)


def agent_process(folder: Path) -> None:
    """Our agent with both ways open; prints its UDP port."""
    settings = demo_settings(DemoOptions(outlets=OUTLETS), folder / "state", folder / "run")
    snmp = replace(
        settings.snmp,
        listen=("127.0.0.1:0",),
        unlimited_networks=LOOPBACK,
        agentx=AgentxSettings(str(folder / "master")),
        pass_persist=PassPersistSettings(str(folder / "pass.sock")),
    )
    asyncio.run(serve(replace(settings, snmp=snmp)))


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def snmpd(folder: Path, *lines: str) -> Iterator[tuple[int, int]]:
    """(port, process number)."""
    folder.mkdir()
    port = free_port_of_udp()
    conf = folder / "snmpd.conf"
    text = [f"agentaddress udp:127.0.0.1:{port}", f"rocommunity {COMMUNITY} 127.0.0.1", *lines]
    conf.write_text("\n".join(text) + "\n", encoding="utf-8")
    command = [find_snmpd(), "-f", "-C", "-c", str(conf), *DEBIAN_OPTIONS]
    command += ["-Lf", str(folder / "log"), "-p", str(folder / "pid")]
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""}
    with running(command, env=environment) as process:
        yield port, process.pid


def free_port_of_udp() -> int:
    return free_port(socket.SOCK_DGRAM)


def children(pid: int) -> list[int]:
    """The processes that `pid` has started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(word) for task in tasks for word in (task / "children").read_text("ascii").split()]


def await_tree(way: Way, tree: Tree) -> None:
    """Raises RuntimeError when the way does not come to serve the instances of `tree`."""
    talk, limit_s = CommunityTalk(COMMUNITY.encode("ascii")), time.monotonic() + START_LIMIT_S
    found = 0
    while time.monotonic() < limit_s:
        try:
            with open_link(way.port) as link:
                names = tuple(read_tree(link, talk, ROOT))
        except (ConnectionRefusedError, TimeoutError):
            names = ()
        if names == tree.names:
            return
        found = len(names)
        time.sleep(0.2)
    raise RuntimeError(f"{way.label}: {found} instances where {len(tree.names)} were due")


@contextmanager
def all_ways(folder: Path) -> Iterator[tuple[list[Way], Tree]]:
    with ExitStack() as stack:
        master = stack.enter_context(
            snmpd(folder / "master-conf", "master agentx", f"agentXSocket {folder / 'master'}")
        )
        command = [sys.executable, "-m", "bench.agentx_vs_snmpd", "--agent", str(folder)]
        agent = stack.enter_context(running(command, stdout=subprocess.PIPE, cwd=repository.ROOT))
        assert agent.stdout is not None
        udp_port = int(agent.stdout.readline())
        time.sleep(SETTLE_S)
        tree = Tree(read_contents(udp_port))
        anchor = Anchor(folder, ROOT, tree.contents)
        own_port = free_port_of_udp()
        own = stack.enter_context(anchor.running(own_port, COMMUNITY, CREDENTIAL))
        passing = stack.enter_context(
            snmpd(folder / "pass-conf", f"pass_persist .{BASE} {RELAY} {folder / 'pass.sock'}")
        )
        ways = [
            Way(OWN, own_port, [own]),
            Way(AGENTX, master[0], [master[1], agent.pid]),
            Way(PASS, passing[0], [passing[1], agent.pid]),
        ]
        for way in ways:
            await_tree(way, tree)
        ways[2].pids += children(passing[1])
        yield ways, tree


def questions(tree: Tree, envelope: bytes, tag: int, count: int) -> list[Question]:
    """Every instance in random order, or groups of `count` random ones."""
    chance = random.Random(count)
    names = list(tree.names if tag == ber.GET else tree.names[:-1])
    chance.shuffle(names)
    if count == 1:
        return [Question(tree, envelope, tag, [name]) for name in names]
    return [Question(tree, envelope, tag, chance.sample(names, count)) for _ in names]


def play(ways: Sequence[Way], tree: Tree, seconds: float) -> None:
    """One round."""
    for way in ways:
        with open_link(way.port) as link:
            for title, tag, count in WORKS:
                talk = CommunityTalk(COMMUNITY.encode("ascii"))
                load = Load(link, talk, questions(tree, talk.envelope, tag, count))
                way.runs.append(load.prime())
                run = load.measure(seconds, way.pids)
                way.runs.append(run)
                cost = 1e6 * run.agent_cpu_s / max(1, run.requests)
                way.cpu_us.setdefault(title, []).append(cost)


def report(ways: Sequence[Way], tree: Tree) -> dict[str, Any]:
    best = {way.label: {title: min(costs) for title, costs in way.cpu_us.items()} for way in ways}
    ratios = {
        label: {title: cost / best[OWN][title] for title, cost in costs.items()}
        for label, costs in best.items()
    }
    return {
        "machine": machine(),
        "instances": len(tree.names),
        "cpu_us": best,
        "ratio": ratios,
        "goal": GOAL,
        "goal_met": ratios[AGENTX]["GET"] <= GOAL,
        "wrong": sum(run.wrong for way in ways for run in way.runs),
        "lost": sum(run.lost for way in ways for run in way.runs),
        "first_wrong": next((r.first_wrong for w in ways for r in w.runs if r.first_wrong), ""),
    }


def show(found: dict[str, Any]) -> None:
    print(f"{found['machine']}\n{found['instances']} instances, v2c, CPU of all processes")
    print(f"{'':32}" + "".join(f"{title:>22}" for title, _, _ in WORKS))
    for label, costs in found["cpu_us"].items():
        cells = [f"{cost:9.1f} us {found['ratio'][label][t]:6.2f}x" for t, cost in costs.items()]
        print(f"{label:32}" + "".join(f"{cell:>22}" for cell in cells))
    verdict = "met" if found["goal_met"] else "missed"
    print(f"goal: a GET by AgentX at most {GOAL}x snmpd's own tree: {verdict}")
    print(f"wrong answers {found['wrong']}, lost {found['lost']} {found['first_wrong']}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--agent", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.agent is not None:
        agent_process(arguments.agent)
        return 0
    with tempfile.TemporaryDirectory(prefix="agentx-") as folder:
        try:
            with all_ways(Path(folder)) as (ways, tree):
                for _ in range(arguments.rounds):
                    play(ways, tree, arguments.seconds)
                found = report(ways, tree)
        except CannotInstall as exc:
            print(exc, file=sys.stderr)
            return 2
    print(json.dumps(found, indent=2)) if arguments.json else show(found)
    return 1 if found["wrong"] or found["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())

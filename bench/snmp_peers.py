# SPDX-License-Identifier: Apache-2.0
"""The agents that snmp_vs_snmpd.py asks: ours, the whole demo, and snmpd with the same tree."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import repository
from snmp_load import CommunityTalk, open_link, read_tree
from snmp_questions import Content, Name, Tree, WrongAnswer
from snmp_usm import Credential
from snmpd_anchor import Anchor

from pdu_agent.app.demo import COMMUNITIES, USERS
from pdu_agent.mib_impl.identity import OWN
from tests.system.demo_process import BASE, Demo, free_port
from tests.system.snmp_client import name

VARBINDS = 1000
FIRST_OUTLETS, MAX_OUTLETS = 24, 64
ROOT = name(BASE)
SENSORS = name(f"{BASE}.1.5")
"""Only the demo has any."""
COMMUNITY = COMMUNITIES[0].community
OPERATOR = next(user for user in USERS if user.name == "operator")
CREDENTIAL = Credential(OPERATOR.name, OPERATOR.auth_pass, OPERATOR.priv_pass)
"""HMAC-SHA-256 and AES-128."""
SETTLE_S = 1.5
READ_PAUSE_S = 1.1
"""Longer than the second after which counters are shown anew."""
READS = 3
ANSWER_LIMIT_S = 10.0
OURS, DEMO, DEBIAN, BARE = "openpdu", "openpdu demo", "Debian snmpd", "snmpd without libwrap"


@dataclass(frozen=True, slots=True)
class Peer:
    """An agent that answers. is_whole: its CPU time includes work that is not SNMP's."""

    label: str
    port: int
    pid: int
    tree: Tree
    is_whole: bool = False


@contextmanager
def running_peers(with_demo: bool) -> Iterator[tuple[list[Peer], str]]:
    """All of them, ours first and then Debian's snmpd, and how snmpd serves the tree.

    Raises CannotInstall, and RuntimeError for an agent that does not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="snmpd-")))
        ours, outlets = _large_enough(stack)
        peers = [ours]
        anchor = Anchor(folder, ROOT, ours.tree.contents)
        kinds = [(DEBIAN, True), (BARE, False)]
        for label, libwrap in kinds[: 1 + anchor.can_do_without_libwrap]:
            port = free_port(socket.SOCK_DGRAM)
            pid = stack.enter_context(anchor.running(port, COMMUNITY, CREDENTIAL, libwrap))
            peers.append(_checked(Peer(label, port, pid, anchor.tree)))
        if with_demo:
            peers.append(_demo(stack, outlets, ours.tree.contents))
        yield peers, anchor.how


def _large_enough(stack: ExitStack) -> tuple[Peer, int]:
    """Our agent with the fewest outlets, from 24 up in eights, that give enough instances."""
    for outlets in range(FIRST_OUTLETS, MAX_OUTLETS + 1, 8):
        trial = ExitStack()
        port, pid = trial.enter_context(running_agent(outlets))
        time.sleep(SETTLE_S)
        tree = Tree(read_contents(port))
        if len(tree.names) >= VARBINDS:
            stack.enter_context(trial)
            return Peer(OURS, port, pid, tree), outlets
        trial.close()
    raise RuntimeError(f"{len(tree.names)} instances with {MAX_OUTLETS} outlets, not {VARBINDS}")


@contextmanager
def running_agent(outlets: int, mibs: Sequence[str] = (OWN,)) -> Iterator[tuple[int, int]]:
    """snmp_agent.py: (UDP port, process number)."""
    script = Path(__file__).with_name("snmp_agent.py")
    command = [sys.executable, str(script), "--outlets", str(outlets), "--mibs", *mibs]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repository.ROOT)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the agent did not start; its reason is above")
        yield int(line), process.pid
    finally:
        process.terminate()
        process.communicate()


def read_contents(port: int) -> dict[Name, Content]:
    """The tree as it is, with the values that moved between READS reads marked.

    A column of which one instance moves moves as a whole.
    """
    talk = CommunityTalk(COMMUNITY.encode("ascii"))
    moving: set[Name] = set()
    with open_link(port) as link:
        first = read_tree(link, talk, ROOT)
        for _ in range(READS - 1):
            time.sleep(READ_PAUSE_S)
            again = read_tree(link, talk, ROOT)
            if again.keys() != first.keys():
                raise WrongAnswer("instances came or went while nothing happened")
            moving |= {name[:-1] for name, content in again.items() if content != first[name]}
    return _marked(first, moving)


def _marked(contents: Mapping[Name, Content], moving: set[Name]) -> dict[Name, Content]:
    return {
        name: Content(content.tag, content.octets, name[:-1] in moving)
        for name, content in contents.items()
    }


def _demo(stack: ExitStack, outlets: int, known: Mapping[Name, Content]) -> Peer:
    """Its counters are slower than the reads: what moves in our tree moves here too, and what
    sensors show.
    """
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    demo = stack.enter_context(Demo(folder, "--outlets", str(outlets)))
    time.sleep(SETTLE_S)
    moving = {name[:-1] for name, content in known.items() if content.moves}
    contents = read_contents(demo.snmp_port)
    moving |= {
        name[:-1]
        for name, content in contents.items()
        if content.moves or name[: len(SENSORS)] == SENSORS
    }
    return Peer(DEMO, demo.snmp_port, demo.pid, Tree(_marked(contents, moving)), is_whole=True)


def _checked(peer: Peer) -> Peer:
    """Wait for an snmpd, and see that it serves what it was given."""
    talk = CommunityTalk(COMMUNITY.encode("ascii"))
    limit_s = time.monotonic() + ANSWER_LIMIT_S
    while True:
        try:
            with open_link(peer.port) as link:
                found = read_tree(link, talk, ROOT)
        except (ConnectionRefusedError, TimeoutError):
            found = {}
        if found == peer.tree.contents:
            return peer
        if time.monotonic() > limit_s:
            raise RuntimeError(
                f"{peer.label} serves {len(found)} instances, and not the right ones"
            )
        time.sleep(0.1)

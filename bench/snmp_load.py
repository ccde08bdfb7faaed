# SPDX-License-Identifier: Apache-2.0
"""A load generator for an SNMP agent on this machine: one process, a window of requests.

A closed loop: `window` requests are outstanding, and each answer sends the next one, so the
agent is never idle and its CPU time divided by the answers is what an answer costs. Every
answer is checked (snmp_questions.py); one that stays out for a second is lost.
"""

from __future__ import annotations

import itertools
import socket
import struct
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from figures import percentile
from snmp_questions import (
    OCTET_STRING,
    SEQUENCE,
    Content,
    Name,
    Question,
    Tree,
    WrongAnswer,
    element,
    varbinds_of,
)

from tests.snmp import ber

WINDOW = 16
LOST_S = 1.0
FIRST_REQUEST_ID = 0x10000000
"""From here on a request-id has four octets, and as many more as fit below 2^31."""
REPETITIONS = 25
RECEIVE_BUFFER_OCTETS = 1 << 20
WARM_S = 0.15
"""Answered before anything is counted: caches and the processor's clock settle."""


Asked = tuple[bytes, bytes, Question]
"""A key that the answer repeats, the datagram, and what it asks."""


class Talk(Protocol):
    """Requests in one version of SNMP, and what their answers bring. envelope: see Question."""

    envelope: bytes

    def requests(self, questions: Sequence[Question]) -> Iterator[Asked]:
        """The questions in turn, without end."""

    def key_of(self, answer: bytes) -> bytes:
        """Of which request; raises WrongAnswer, IndexError or ValueError."""

    def opened(self, answer: bytes) -> bytes:
        """The part that `question` is about, authentic; raises as key_of does."""


class CommunityTalk:
    """SNMPv2c."""

    def __init__(self, community: bytes) -> None:
        self.envelope = ber.encode(ber.integer(1)) + element(OCTET_STRING, community)
        self._ids = itertools.count(FIRST_REQUEST_ID)

    def request(self, question: Question) -> tuple[bytes, bytes]:
        key = next(self._ids).to_bytes(4, "big")
        return key, question.head + key + question.tail

    def requests(self, questions: Sequence[Question]) -> Iterator[Asked]:
        for question in itertools.cycle(questions):
            yield *self.request(question), question

    def key_of(self, answer: bytes) -> bytes:
        at = 2 + (answer[1] & 0x7F if answer[1] & 0x80 else 0) + len(self.envelope)
        at += 4 + (answer[at + 1] & 0x7F if answer[at + 1] & 0x80 else 0)
        return answer[at : at + 4]

    def opened(self, answer: bytes) -> bytes:
        return answer


@dataclass(slots=True)
class Run:
    """What a measured part brought. latencies_ns: of each request, in the order of answers."""

    latencies_ns: array[int]
    varbinds: int = 0
    lost: int = 0
    wrong: int = 0
    first_wrong: str = ""
    wall_s: float = 0.0
    agent_cpu_s: float = 0.0
    own_cpu_s: float = 0.0

    @property
    def requests(self) -> int:
        return len(self.latencies_ns)

    def latency_us(self, percent: float) -> float:
        return percentile(self.latencies_ns, percent) / 1000

    def reject(self, error: Exception) -> None:
        self.wrong += 1
        self.first_wrong = self.first_wrong or str(error)


def open_link(port: int) -> socket.socket:
    """A UDP socket to 127.0.0.1:`port` that waits LOST_S for an answer."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
    # Not settimeout, which costs a poll before every recv.
    wait = struct.pack("ll", int(LOST_S), int(LOST_S % 1 * 1e6))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
    link.connect(("127.0.0.1", port))
    return link


class Load:
    """Asks `questions` in turn, again and again, keeping `window` of them outstanding."""

    def __init__(
        self, link: socket.socket, talk: Talk, questions: Sequence[Question], window: int = WINDOW
    ) -> None:
        self._link = link
        self._talk = talk
        self._requests = talk.requests(questions)
        self._count = len(questions)
        self._window = window
        self._out: dict[bytes, tuple[int, Question]] = {}
        self._run = Run(array("q"))

    def prime(self) -> Run:
        """Ask each question once, unmeasured, which is when most answers are decoded."""
        self._begin()
        while self._run.requests + self._run.wrong < self._count and not self._run.lost:
            self._turn()
        self._drain()
        return self._run

    def measure(self, seconds: float, pids: Sequence[int]) -> Run:
        """Load for `seconds`; pids: the agent's processes, whose CPU time is taken."""
        self._begin()
        warm_ns = time.perf_counter_ns() + int(WARM_S * 1e9)
        while time.perf_counter_ns() < warm_ns:
            self._turn()
        run = Run(array("q"), lost=self._run.lost, wrong=self._run.wrong)
        run.first_wrong, self._run = self._run.first_wrong, run
        cpu_s, own_s, begin_ns = cpu_of(pids), time.process_time(), time.perf_counter_ns()
        end_ns = begin_ns + int(seconds * 1e9)
        while (now_ns := time.perf_counter_ns()) < end_ns:
            self._turn()
        run.wall_s = (now_ns - begin_ns) / 1e9
        run.agent_cpu_s, run.own_cpu_s = cpu_of(pids) - cpu_s, time.process_time() - own_s
        self._run = Run(array("q"))
        self._drain()
        return run

    def _begin(self) -> None:
        self._run = Run(array("q"))
        for _ in range(self._window):
            self._send()

    def _send(self) -> None:
        key, datagram, question = next(self._requests)
        self._out[key] = time.perf_counter_ns(), question
        self._link.send(datagram)

    def _turn(self) -> None:
        """One answer in, the next request out."""
        if self._receive():
            self._send()
        else:
            self._run.lost += len(self._out)
            self._out.clear()
            for _ in range(self._window):
                self._send()

    def _receive(self) -> bool:
        """False after LOST_S of silence."""
        try:
            answer = self._link.recv(65535)
        except BlockingIOError:
            return False
        now_ns = time.perf_counter_ns()
        run = self._run
        try:
            sent_ns, question = self._out.pop(self._talk.key_of(answer))
            run.varbinds += question.varbinds(self._talk.opened(answer))
            run.latencies_ns.append(now_ns - sent_ns)
        except KeyError:
            run.reject(WrongAnswer("an answer to no request"))
        except (WrongAnswer, IndexError, ValueError) as exc:
            run.reject(exc)
        return True

    def _drain(self) -> None:
        """Take what is still under way, so that it does not meet the next load."""
        while self._out and self._receive():
            pass
        self._out.clear()


class Walk:
    """Walks the first `count` instances of a tree, one request at a time."""

    def __init__(self, link: socket.socket, talk: CommunityTalk, tree: Tree, count: int) -> None:
        self._link = link
        self._talk = talk
        self._tree = tree
        self._count = count
        self._questions: dict[int, Question] = {}

    def measure(self, seconds: float, pids: Sequence[int]) -> Run:
        """Walk for `seconds` and to the end; one latency for each whole walk."""
        run = Run(array("q"))
        self.once(run)
        run = Run(array("q"), wrong=run.wrong, lost=run.lost, first_wrong=run.first_wrong)
        cpu_s, own_s, begin_s = cpu_of(pids), time.process_time(), time.perf_counter()
        while time.perf_counter() < begin_s + seconds:
            self.once(run)
        run.wall_s = time.perf_counter() - begin_s
        run.agent_cpu_s, run.own_cpu_s = cpu_of(pids) - cpu_s, time.process_time() - own_s
        return run

    def once(self, run: Run) -> None:
        """One walk, added to `run` when all of it was right."""
        begin_ns, at = time.perf_counter_ns(), 0
        while at < self._count:
            question = self._question(at)
            key, datagram = self._talk.request(question)
            self._link.send(datagram)
            try:
                answer = self._link.recv(65535)
                if self._talk.key_of(answer) != key:
                    raise WrongAnswer("an answer to no request")
                at += question.varbinds(answer)
            except BlockingIOError:
                run.lost += 1
                return
            except (WrongAnswer, IndexError, ValueError) as exc:
                run.reject(exc)
                return
        run.latencies_ns.append(time.perf_counter_ns() - begin_ns)
        run.varbinds += at

    def _question(self, at: int) -> Question:
        question = self._questions.get(at)
        if question is None:
            first = self._tree.names[0]
            name = self._tree.names[at - 1] if at else first[:-1]
            repetitions = min(REPETITIONS, self._count - at)
            question = self._questions[at] = Question(
                self._tree, self._talk.envelope, ber.GET_BULK, [name], repetitions
            )
        return question


def read_tree(link: socket.socket, talk: CommunityTalk, root: Name) -> dict[Name, Content]:
    """Every instance below `root`. Raises WrongAnswer, and TimeoutError for silence."""
    found: dict[Name, Content] = {}
    name = root
    while True:
        pdu = ber.request(ber.GET_BULK, [name], index=REPETITIONS)
        link.send(element(SEQUENCE, talk.envelope + ber.encode(pdu)))
        try:
            answer = link.recv(65535)
        except BlockingIOError as exc:
            raise TimeoutError("no answer while reading the tree") from exc
        for name, content in varbinds_of(answer):
            if name[: len(root)] != root or content.tag == ber.END_OF_MIB_VIEW:
                return found
            found[name] = content


def cpu_of(pids: Sequence[int]) -> float:
    """CPU seconds of all threads of these processes, as the scheduler counts them."""
    nanoseconds = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            nanoseconds += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return nanoseconds / 1e9

# SPDX-License-Identifier: Apache-2.0
"""Exports to people who leave, who are slow, and who are two: on the real server and its socket."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest

from pdu_agent.core.costs.prices import Prices
from pdu_agent.core.costs.settings import PriceList
from pdu_agent.core.costs.terms import CostTerms
from pdu_agent.core.metered.tariffs import TariffPlan
from pdu_agent.model.history import Curve
from tests.web.fake_agent import RunningAgent, running_agent
from tests.web.fake_history import FakeHistory

MONTH = "/api/v1/export?from=2026-03-01&to=2026-03-31&format=jsonl&step_s=60"
STEPS = 31 * 1440
SLICES = 90
"""Of 500 steps, about 100 kB each."""
IN_BUFFERS = 20
"""Slices that sockets and the server may hold for one who does not read."""
LIMIT_S = 20.0
UTC = ZoneInfo("UTC")
IN_UTC = CostTerms(Prices(PriceList(), "standard"), TariffPlan((), "standard", UTC), UTC)


@pytest.fixture
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("readers")) as agent:
        agent.costs = IN_UTC
        yield agent


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where each slice that was read from the history begins."""
    found: list[int] = []
    real = FakeHistory.curve

    async def counted(self: FakeHistory, *arguments: object, **more: object) -> Curve:
        curve = await real(self, *arguments, **more)  # type: ignore[arg-type]
        found.append(curve.start_wall_s)
        return curve

    monkeypatch.setattr(FakeHistory, "curve", counted)
    return found


def begun(agent: RunningAgent) -> socket.socket:
    """An export whose first bytes have arrived, and nothing of the rest was taken."""
    reader = socket.socket(socket.AF_UNIX)
    reader.settimeout(LIMIT_S)
    reader.connect(str(agent.socket_path))
    reader.sendall(f"GET {MONTH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert reader.recv(300).startswith(b"HTTP/1.1 200")
    return reader


def wait_for(is_so: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end_s, what
        time.sleep(0.01)


def tasks(agent: RunningAgent) -> int:
    assert agent._loop is not None
    return len(asyncio.all_tasks(agent._loop))


def test_who_leaves_in_the_middle_ends_the_export_and_is_no_fault_of_ours(
    agent: RunningAgent, slices: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    before = tasks(agent)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            begun(agent).close()
        wait_for(lambda: tasks(agent) <= before, "an export goes on without a reader")
    assert len(slices) <= 3 * IN_BUFFERS
    assert [each.getMessage() for each in caplog.records if each.levelno > logging.INFO] == []
    assert agent.local("GET", "/api/v1/health").status == 200


def test_nothing_is_read_ahead_of_who_is_slow(agent: RunningAgent, slices: list[int]) -> None:
    with begun(agent) as reader:
        for _ in range(30):  # others are served meanwhile
            assert agent.local("GET", "/api/v1/health").status == 200
        assert len(slices) <= IN_BUFFERS
        rest = b""
        while not rest.endswith(b"0\r\n\r\n"):
            rest = rest[-10:] + reader.recv(1 << 16)
    assert len(slices) == SLICES
    assert slices == sorted(slices)


def test_two_at_once_are_both_whole(agent: RunningAgent) -> None:
    def lines(_: int) -> list[bytes]:
        return agent.local("GET", MONTH).body.splitlines()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lines, range(2))
    assert len(first) == STEPS
    assert first == second

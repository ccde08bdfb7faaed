# SPDX-License-Identifier: Apache-2.0
"""The proof of a switching on the simulated board: a load, an empty socket, a welded relay."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pdu_agent.app.agent import Agent, Occasion
from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.core.core import Core
from pdu_agent.model.commands import Action, Actor, SwitchOutlet
from pdu_agent.model.quantities import Quality
from pdu_agent.model.snapshot import Outlet, Snapshot, Verdict
from tests.system.demo_process import free_port

LIMIT_S = 20.0
LOADED, EMPTY, WELDED = 1, 2, 3


def test_each_of_the_three_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.setswitchinterval", lambda _: None)  # these two are for good
    monkeypatch.setattr("gc.freeze", lambda: None)
    port = free_port(socket.SOCK_DGRAM)
    options = DemoOptions(outlets=4, snmp=f"127.0.0.1:{port}", http="127.0.0.1:0")
    settings = demo_settings(options, tmp_path / "state", tmp_path / "run")

    async def run() -> None:
        agent = Agent(settings, Occasion(first_board_on=True))
        await agent.start()
        try:
            await prove(agent)
        finally:
            await agent.stop()

    asyncio.run(run())


async def prove(agent: Agent) -> None:
    assert agent._runtime is not None
    assert agent._hardware is not None
    assert agent._hardware.board is not None
    core, board = agent._runtime.core, agent._hardware.board
    await until(core, lambda snapshot: all(map(is_measured, snapshot.outlets)))
    board.world.unplug(EMPTY, board.clock.monotonic_s())
    board.contacts.weld(WELDED)
    await asyncio.sleep(1.0)  # windows of before
    orders = [SwitchOutlet(number, Action.OFF) for number in (LOADED, EMPTY, WELDED)]
    core.submit_all(orders, Actor("test"))
    wanted = {LOADED: Verdict.VERIFIED, WELDED: Verdict.CONTRADICTED}
    await until(core, lambda snapshot: wanted.items() <= verdicts(snapshot).items())
    assert verdicts(core.snapshot)[EMPTY] is Verdict.COMMANDED_ONLY
    proof = core.snapshot.outlets[LOADED - 1].last_proof
    assert proof is not None
    assert (proof.current_before_a or 0.0) > 0.1
    assert (proof.current_after_a or 0.0) < 0.02
    assert core.snapshot.outlets[4 - 1].last_proof is None


def is_measured(outlet: Outlet) -> bool:
    meter = outlet.meter
    return bool(outlet.relay_closed and meter and meter.electrical.quality is Quality.OK)


def verdicts(snapshot: Snapshot) -> dict[int, Verdict]:
    return {row.index: row.last_proof.verdict for row in snapshot.outlets if row.last_proof}


async def until(core: Core, true: Callable[[Snapshot], bool]) -> None:
    begin_s = time.monotonic()
    while not true(core.snapshot):
        assert time.monotonic() < begin_s + LIMIT_S, (core.snapshot.alarms, verdicts(core.snapshot))
        await asyncio.sleep(0.02)

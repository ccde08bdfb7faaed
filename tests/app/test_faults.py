# SPDX-License-Identifier: Apache-2.0
"""Several faults at once, in the whole agent: it answers, marks them, moves nothing, recovers.

`bench/faults.py` takes every fault one by one, in minutes; this takes some in seconds.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pdu_agent.app.agent import Agent, Occasion
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.wiring import SampledWiring, VoltageChannel
from pdu_agent.app.demo import VOLTAGE_DIVIDER, demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.core.core import Core
from pdu_agent.model.commands import Action, Actor, SwitchOutlet, Target, TargetKind
from pdu_agent.model.quantities import Quality
from pdu_agent.model.snapshot import Snapshot
from tests.system.demo_process import free_port
from tests.system.snmp_client import SnmpClient, name

SYS_UP_TIME = name("1.3.6.1.2.1.1.3.0")
LIMIT_S, TOLD_S = 20.0, 10.0
SCRIPT = """
- {at: 500ms, fuse: {of: outlet 1, open: true}}
"""
"""How it begins; the rest comes from the test, step by step, however late the host is."""


class Asking:
    """A GET every 20 ms from a thread of its own.

    How long an answer takes at most is bench/faults.py's question: here the host may stall.
    """

    def __init__(self, port: int) -> None:
        self.answered: list[bool] = []
        self._client = SnmpClient(port, "public")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._client.close()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.answered.append(self._client.get(SYS_UP_TIME, timeout_s=LIMIT_S) is not None)


def with_voltage_of_outlet_1(settings: AgentSettings) -> AgentSettings:
    """A channel more: a voltage behind the fuse of outlet 1."""
    (meter,) = settings.meters
    assert isinstance(meter.wiring, SampledWiring)
    channel = meter.options.used_channels + 1
    inlet, first, *others = meter.wiring.currents
    wiring = replace(
        meter.wiring,
        other_voltages=(VoltageChannel(channel=channel, divider=VOLTAGE_DIVIDER),),
        currents=(inlet, replace(first, voltage=channel), *others),
    )
    options = replace(meter.options, used_channels=channel)
    return replace(settings, meters=(replace(meter, wiring=wiring, options=options),))


def alarms(snapshot: Snapshot) -> set[tuple[str, str]]:
    return {(alarm.kind, alarm.subject) for alarm in snapshot.alarms}


def test_faults_are_marked_and_borne_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.setswitchinterval", lambda _: None)  # these two are for good
    monkeypatch.setattr("gc.freeze", lambda: None)
    script, relay_log = tmp_path / "faults.yaml", tmp_path / "relays.log"
    script.write_text(SCRIPT, encoding="utf-8")
    port = free_port(socket.SOCK_DGRAM)
    options = DemoOptions(
        outlets=4,
        snmp=f"127.0.0.1:{port}",
        http="127.0.0.1:0",
        script=str(script),
        relay_log=relay_log,
    )
    settings = demo_settings(options, tmp_path / "state", tmp_path / "run")

    async def run() -> None:
        agent = Agent(with_voltage_of_outlet_1(settings), Occasion(first_board_on=True))
        await agent.start()
        try:
            with Asking(port) as asking:
                await follow(agent, relay_log)
            assert len(asking.answered) > 100
            assert all(asking.answered)
        finally:
            await agent.stop()

    asyncio.run(run())


async def until(
    core: Core, expected: str, true: Callable[[Snapshot], bool], limit_s: float = LIMIT_S
) -> None:
    begin_s = time.monotonic()
    while not true(core.snapshot):
        assert time.monotonic() < begin_s + limit_s, (expected, core.snapshot.alarms)
        await asyncio.sleep(0.02)


def quality_of_outlet_1(snapshot: Snapshot) -> Quality:
    meter = snapshot.outlets[0].meter
    assert meter is not None
    return meter.electrical.quality


def is_well(snapshot: Snapshot) -> bool:
    meters = [row.meter for row in snapshot.inlets] + [row.meter for row in snapshot.outlets]
    return not snapshot.alarms and all(
        meter is not None and meter.electrical.quality is Quality.OK for meter in meters
    )


async def follow(agent: Agent, relay_log: Path) -> None:
    """The script as faces see it."""
    assert agent._runtime is not None
    assert agent._hardware is not None
    assert agent._hardware.board is not None
    core, board = agent._runtime.core, agent._hardware.board
    await until(core, "relays are up", lambda s: all(o.relay_closed for o in s.outlets))
    await until(core, "measured", lambda s: quality_of_outlet_1(s) is Quality.OK)
    board.contacts.weld(3)
    core.submit_all([SwitchOutlet(3, Action.OFF)], Actor("test"))
    told = {("welded", "outlet 3"), ("fuse", "outlet 1")}
    await until(core, "a welded relay, an open fuse", lambda s: told <= alarms(s), TOLD_S)
    devices = [board.devices[each] for each in ("converter1", "board1")]
    for device in devices:
        device.verbs["unplug"](True)
    told.add(("board", "board board1"))
    await until(
        core,
        "a lost board, a stale outlet",
        lambda s: told <= alarms(s) and quality_of_outlet_1(s) is Quality.STALE,
        TOLD_S,
    )
    assert await asyncio.to_thread(relay_log.read_text, "ascii") == ""
    for device in devices:
        device.verbs["replug"](True)
    board.world.set_fuse(Target(TargetKind.OUTLET, 1), True, board.clock.monotonic_s())
    board.contacts.release(3)
    await until(core, "all is well", is_well)
    log = await asyncio.to_thread(relay_log.read_text, "ascii")
    # The order of the test, once the contact was free.
    assert [line.split()[1:] for line in log.splitlines()] == [["3", "0"]]

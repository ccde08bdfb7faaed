# SPDX-License-Identifier: Apache-2.0
"""Stopping: whatever goes wrong on the way, the last state is stored and no thread is left."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from pdu_agent.app.agent import Agent, Occasion
from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.snmp.face import SnmpFace
from pdu_agent.store.files import FileOps
from pdu_agent.store.framing import decode, encode
from pdu_agent.store.tier import Tier


def test_a_face_that_fails_to_stop_costs_neither_the_record_nor_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = SnmpFace.stop

    async def stop_badly(face: SnmpFace) -> None:
        await stop(face)
        raise OSError("not a socket any more")

    monkeypatch.setattr(SnmpFace, "stop", stop_badly)
    monkeypatch.setattr("sys.setswitchinterval", lambda _: None)  # these two are for good
    monkeypatch.setattr("gc.freeze", lambda: None)
    options = DemoOptions(outlets=2, snmp="127.0.0.1:0", http="127.0.0.1:0")
    settings = demo_settings(options, tmp_path / "state", tmp_path / "run")

    async def one_run() -> None:
        agent = Agent(settings, Occasion())
        await agent.start()
        with pytest.raises(OSError, match="not a socket any more"):
            await agent.stop()

    before = threading.active_count()
    asyncio.run(one_run())
    assert threading.active_count() == before
    runtime, state = (Tier(tmp_path / name, False, FileOps()).read() for name in ("run", "state"))
    assert runtime.record is not None
    assert state.record == decode(encode(runtime.record, small=True))  # as the card keeps it

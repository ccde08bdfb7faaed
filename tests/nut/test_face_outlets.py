# SPDX-License-Identifier: Apache-2.0
"""Which outlets are UPSes while the agent runs, and when one counts as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pdu_agent.core.shutdown.settings import GracefulSettings, HookTerms
from pdu_agent.model.commands import Action, ConfigureOutlet, OutletSetting
from pdu_agent.model.errors import Unavailable
from pdu_agent.nut import face as face_module
from pdu_agent.nut.face import NutFace
from pdu_agent.nut.settings import NutSettings
from tests.core.bench import Workbench

TELLERS = frozenset({"tell"})
ENDS_WITHIN_S = 10.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_module, "PERIOD_S", 0.05)


def bench() -> Workbench:
    made = Workbench(
        outlets=2,
        hooks=(HookTerms("tell", 30.0), HookTerms("other", 30.0)),
        before_off="tell",
        graceful=GracefulSettings(idle_below_w=5.0),
    )
    made.run(0.1)
    return made


@asynccontextmanager
async def running(folder: Path, made: Workbench) -> AsyncIterator[NutFace]:
    settings = NutSettings(state_path=str(folder), group="")
    face = NutFace(settings, TELLERS, made.core, made.core.events)
    await face.start()
    try:
        yield face
    finally:
        face.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(ENDS_WITHIN_S):
        while not condition():  # noqa: ASYNC110  a file tells nobody
            await asyncio.sleep(0.01)


def devices(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_an_outlet_is_a_ups_as_long_as_it_has_such_a_hook(tmp_path: Path) -> None:
    async def scene() -> None:
        made = bench()
        async with running(tmp_path, made) as face:
            assert devices(tmp_path) == {"openpdu-pdu", "openpdu-outlet1", "openpdu-outlet2"}
            made.submit(ConfigureOutlet(1, OutletSetting.BEFORE_OFF, "other"))
            await until(lambda: devices(tmp_path) == {"openpdu-pdu", "openpdu-outlet2"})
            made.submit(ConfigureOutlet(1, OutletSetting.BEFORE_OFF, "tell"))
            await until(lambda: "openpdu-outlet1" in devices(tmp_path))
            face.take(NutSettings(state_path=str(tmp_path), group=""), frozenset({"other"}))
            await until(lambda: devices(tmp_path) == {"openpdu-pdu"})
        await until(lambda: not devices(tmp_path))

    asyncio.run(scene())


def test_a_server_counts_as_told_once_somebody_who_listens_was_sent_the_word(
    tmp_path: Path,
) -> None:
    async def scene() -> None:
        made = bench()
        async with running(tmp_path, made) as face:
            with pytest.raises(Unavailable, match="no upsd reads the NUT device outlet2"):
                face.tell_server(2)
            path = tmp_path / "openpdu-outlet2"
            reader, writer = await asyncio.open_unix_connection(str(path))
            with pytest.raises(Unavailable, match="no upsd reads"):  # it has asked for nothing yet
                face.tell_server(2)
            writer.write(b"DUMPALL\n")
            dump = await reader.readuntil(b"DUMPDONE\n")
            assert b"SETINFO ups.status OL\n" in dump
            with pytest.raises(Unavailable, match="does not take"):  # nothing is to be told
                face.tell_server(2)
            made.switch(2, Action.OFF)
            made.run(0.01)
            face.tell_server(2)
            assert b'SETINFO ups.status "FSD OB LB"\n' in await reader.readuntil(b'LB"\n')
            with pytest.raises(Unavailable, match="no upsd reads the NUT device outlet1"):
                face.tell_server(1)
            writer.close()
            await writer.wait_closed()

    asyncio.run(scene())

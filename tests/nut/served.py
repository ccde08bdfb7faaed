# SPDX-License-Identifier: Apache-2.0
"""The NUT face of a core on a workbench, in this process, with a real upsd connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pdu_agent.access.grant import Rights
from pdu_agent.nut.face import NutFace
from pdu_agent.nut.settings import NutSettings
from tests.core.bench import Workbench
from tests.nut.upsd import Upsd, running_upsd

STEP_S = 0.01


@asynccontextmanager
async def served(bench: Workbench, server: Upsd, rights: Rights) -> AsyncIterator[None]:
    """Relays do as told at once, and the time of the bench is about that of the wall."""
    settings = NutSettings(state_path=str(server.state_path), group="", rights=rights)
    face = NutFace(settings, frozenset(), bench.core, bench.core.events)

    async def pass_time() -> None:
        while True:
            bench.run(STEP_S)
            await asyncio.sleep(STEP_S)

    await face.start()
    passing = asyncio.create_task(pass_time())
    try:
        await asyncio.to_thread(server.until, lambda: server.upsc("pdu", "ups.status") == "OL")
        yield
    finally:
        passing.cancel()
        with suppress(asyncio.CancelledError):
            await passing
        face.stop()


def with_upsd(
    folder: Path, bench: Workbench, rights: Rights, look: Callable[[Upsd], Awaitable[None]]
) -> None:
    """Runs `look` while upsd shows the unit as its device "pdu". Skips the test without NUT."""

    async def run(server: Upsd) -> None:
        async with served(bench, server, rights):
            await look(server)

    with running_upsd(folder / "nut", {"pdu": "openpdu"}) as server:
        asyncio.run(run(server))

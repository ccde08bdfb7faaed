# SPDX-License-Identifier: Apache-2.0
"""The look at the board: delivered again and again, and a failure told once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pdu_agent.app.host_watch import HostWatch
from pdu_agent.hw.host import HostReader
from pdu_agent.model.host import HostStatus

pytestmark = pytest.mark.asyncio


class Enough(Exception):
    pass


def rounds(count: int) -> object:
    """A sleep that ends the watch after so many rounds."""
    left = [count]

    async def sleep(_seconds: float) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Enough

    return sleep


async def watched(reader: HostReader, count: int) -> list[HostStatus]:
    found: list[HostStatus] = []
    with pytest.raises(Enough):
        await HostWatch(reader, found.append, sleep=rounds(count)).run()  # type: ignore[arg-type]
    return found


async def test_each_look_is_delivered(tmp_path: Path) -> None:
    found = await watched(HostReader(tmp_path), 3)
    assert [type(each) for each in found] == [HostStatus] * 3
    assert found[0].processor_loads_pct == ()
    assert found[1].processor_loads_pct != ()


async def test_a_board_that_cannot_be_read_is_mentioned_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await watched(HostReader(tmp_path, proc=tmp_path), 3) == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_it_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    task = asyncio.create_task(HostWatch(HostReader(tmp_path), lambda _: None).run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

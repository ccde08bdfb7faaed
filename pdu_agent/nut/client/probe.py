# SPDX-License-Identifier: Apache-2.0
"""One attempt to read a UPS, for somebody who waits for its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from pdu_agent.nut.client.server import opened, server_of
from pdu_agent.nut.settings import UpsSettings


def read_once(settings: UpsSettings) -> Mapping[str, str]:
    """Its variables. Blocks for up to 20 s; no loop runs in this thread. Raises OpenPduError, which
    says what is wrong and what helps.
    """
    return asyncio.run(_read(settings))


async def _read(settings: UpsSettings) -> Mapping[str, str]:
    executor = ThreadPoolExecutor(1, "reach upsd")
    try:
        link = await opened(server_of(settings), settings.there, executor)
        try:
            return await link.variables(settings.there)
        finally:
            link.close()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)

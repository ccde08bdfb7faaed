# SPDX-License-Identifier: Apache-2.0
"""The unit's NUT devices as the agent runs them, and hooks that tell servers through them."""

from __future__ import annotations

import asyncio

from pdu_agent.app.config.hooks import FsdHook
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.hook_command import HookFailure
from pdu_agent.core.core import Core
from pdu_agent.model.errors import Unavailable
from pdu_agent.nut.face import NutFace

TELL_ATTEMPTS, TELL_PERIOD_S = 10, 0.5
"""upsd, or the agent, may just have been started anew: upsd looks for it every 2 s."""


class NutDevices:
    """`start` and `stop` once each, in one loop."""

    def __init__(self, settings: AgentSettings, core: Core) -> None:
        self._face = NutFace(settings.nut, tellers(settings), core, core.events)

    async def start(self) -> None:
        await self._face.start()

    def stop(self) -> None:
        self._face.stop()

    def take(self, settings: AgentSettings) -> None:
        """New settings, after a reload."""
        self._face.take(settings.nut, tellers(settings))

    async def tell_server(self, outlet: int) -> None:
        """Have the server of an outlet that goes off told. Raises HookFailure."""
        trouble = ""
        for _ in range(TELL_ATTEMPTS):
            try:
                return self._face.tell_server(outlet)
            except Unavailable as exc:
                trouble = str(exc)
            await asyncio.sleep(TELL_PERIOD_S)
        raise HookFailure(trouble)


def tellers(settings: AgentSettings) -> frozenset[str]:
    """The hooks that tell the server of an outlet by NUT."""
    return frozenset(hook.name for hook in settings.hooks if isinstance(hook.options, FsdHook))

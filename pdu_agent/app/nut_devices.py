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
        self._face = NutFace(settings.nut, told_outlets(settings), core, core.events)

    async def start(self) -> None:
        await self._face.start()

    def stop(self) -> None:
        self._face.stop()

    def take(self, settings: AgentSettings) -> None:
        """New settings, after a reload."""
        self._face.take(settings.nut, told_outlets(settings))

    async def tell_server(self, outlet: int) -> None:
        """Have upsd know what the outlet's UPS says. Raises HookFailure."""
        trouble = ""
        for _ in range(TELL_ATTEMPTS):
            try:
                return self._face.tell_server(outlet)
            except Unavailable as exc:
                trouble = str(exc)
            await asyncio.sleep(TELL_PERIOD_S)
        raise HookFailure(trouble)


def told_outlets(settings: AgentSettings) -> tuple[int, ...]:
    """Those whose servers are told to shut down by NUT."""
    tellers = {hook.name for hook in settings.hooks if isinstance(hook.options, FsdHook)}
    return tuple(outlet.number for outlet in settings.outlets if outlet.before_off in tellers)

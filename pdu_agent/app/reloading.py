# SPDX-License-Identifier: Apache-2.0
"""Reading the configuration anew while the agent runs: all of it is put in force, or nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from pdu_agent.app.config.changes import needing_restart
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.core_settings import core_settings_of
from pdu_agent.core.core import Core
from pdu_agent.model.commands import Actor
from pdu_agent.model.errors import ConfigError

log = logging.getLogger(__name__)

Take = Callable[[AgentSettings], None]
"""Puts new settings in force at once. They are checked; it must not fail."""


class Reloader:
    """Knows the settings in force. read: loads the configuration; None where there is no file.

    takers: whoever has settings of their own besides the core.
    """

    def __init__(
        self,
        settings: AgentSettings,
        read: Callable[[], AgentSettings] | None,
        core: Core,
        takers: Sequence[Take],
    ) -> None:
        self._settings = settings
        self._read = read
        self._core = core
        self._takers = takers
        self._turn = asyncio.Lock()

    @property
    def settings(self) -> AgentSettings:
        """Those in force."""
        return self._settings

    async def reload(self, actor: Actor) -> tuple[str, ...]:
        """Put the file in force; its warnings.

        Raises ConfigError when it cannot be: then everything is as before.
        """
        async with self._turn:
            try:
                settings = await self._checked()
            except ConfigError as exc:
                log.error("the configuration stays as it was: %s", exc)
                self._core.note_reload(actor, str(exc))
                raise
            self._core.renew(core_settings_of(settings), actor)
            for take in self._takers:
                take(settings)
            self._settings = settings
            for warning in settings.warnings:
                log.warning("%s", warning)
            log.info("%s: the configuration was read anew", actor)
            return settings.warnings

    async def _checked(self) -> AgentSettings:
        if self._read is None:
            raise ConfigError("this agent has no configuration file: there is nothing to reload")
        settings = await asyncio.to_thread(self._read)
        fixed = needing_restart(self._settings, settings)
        if fixed:
            raise ConfigError(
                f"these settings need a restart, which moves no relay: {', '.join(fixed)}."
                " Nothing was changed"
            )
        return settings

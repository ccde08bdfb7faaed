# SPDX-License-Identifier: Apache-2.0
"""Hands what a point shows now from its converter's thread to whoever looks, in the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from pdu_agent.model.clock import Clock
from pdu_agent.model.commands import Target
from pdu_agent.model.errors import Unavailable, UnknownTarget
from pdu_agent.model.waves import Wave

LIMIT_S = 1.0
"""Of waiting for two whole cycles: a block comes every 0.06 s, and some may follow a loss."""


class Looking(Protocol):
    """What samples currents (SampledAcquisition)."""

    def measures(self, target: Target) -> bool: ...
    def look(self, target: Target, on_wave: Callable[[Wave], None]) -> None: ...


class WaveDesk:
    """Asks a converter once for all who look at the same point at the same time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._converters: list[Looking] = []
        self._asked: dict[Target, asyncio.Future[Wave]] = {}

    def add(self, converter: Looking) -> None:
        """One more that may be asked; before the first question."""
        self._converters.append(converter)

    async def ask(self, target: Target) -> tuple[float, Wave]:
        """See AskWave."""
        converter = next((each for each in self._converters if each.measures(target)), None)
        if converter is None:
            raise UnknownTarget(f"{target} has no waveform: no converter samples its current")
        answer = self._asked.get(target)
        if answer is None:
            answer = self._asked[target] = self._look(converter, target)
        try:
            async with asyncio.timeout(LIMIT_S):
                wave = await asyncio.shield(answer)
        except TimeoutError as exc:
            self._forget(target, answer)
            raise Unavailable(f"no whole cycles of {target} come from its converter now") from exc
        age_s = self._clock.monotonic_s() - wave.t_mono_s
        return self._clock.wall_s() - age_s, wave

    def _look(self, converter: Looking, target: Target) -> asyncio.Future[Wave]:
        loop = asyncio.get_running_loop()
        answer = loop.create_future()

        def on_wave(wave: Wave) -> None:
            loop.call_soon_threadsafe(self._arrived, target, answer, wave)

        converter.look(target, on_wave)
        return answer

    def _arrived(self, target: Target, answer: asyncio.Future[Wave], wave: Wave) -> None:
        self._forget(target, answer)
        if not answer.done():
            answer.set_result(wave)

    def _forget(self, target: Target, answer: asyncio.Future[Wave]) -> None:
        if self._asked.get(target) is answer:
            del self._asked[target]

# SPDX-License-Identifier: Apache-2.0
"""An event loop whose seconds pass as soon as there is nothing else to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Hurried(selectors.DefaultSelector):
    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self._skip = skip

    def select(self, timeout: float | None = None) -> Any:
        self._skip(timeout or 0.0)
        return super().select(0)


class FastLoop(asyncio.SelectorEventLoop):
    """For what waits for timers only."""

    def __init__(self) -> None:
        self._passed_s = 1000.0
        super().__init__(_Hurried(self._skip))

    def time(self) -> float:
        return self._passed_s

    def _skip(self, seconds: float) -> None:
        self._passed_s += seconds


def run(scene: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(scene)

# SPDX-License-Identifier: Apache-2.0
"""Runs hooks: a few at a time, each within its time limit, in the loop and never blocking it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext

from pdu_agent.app.config.hooks import CommandHook, FsdHook, HookEntry, HttpHook
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.hook_command import HookFailure, run_command
from pdu_agent.model.clock import Clock
from pdu_agent.model.hooks import HookRow, HookRun
from pdu_agent.model.readings import HookMoment, HookResult, RunHook

log = logging.getLogger(__name__)

AT_ONCE = 4
"""So many ssh fit beside the agent into the memory that its service may use."""
MOST = 512
"""Running and waiting: four for each of 64 outlets, and as many again of plans and rules."""


TellServer = Callable[[int], Awaitable[None]]
"""Has the server of an outlet told by NUT to shut down. Raises HookFailure."""


async def nobody_tells(_outlet: int) -> None:
    """Raises HookFailure."""
    raise HookFailure("the unit is no NUT device: nut.state_path is empty")


class HookRunner:
    """Loop thread only. deliver: takes each result but of hooks that were stopped. `tell_server`
    may be set at any time.
    """

    def __init__(
        self, hooks: Sequence[HookEntry], clock: Clock, deliver: Callable[[HookResult], None]
    ) -> None:
        self._hooks = {hook.name: hook for hook in hooks}
        self._clock = clock
        self._deliver = deliver
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)
        self._last: dict[str, HookRun] = {}
        self._is_stopped = False
        self.tell_server: TellServer = nobody_tells

    def rows(self) -> tuple[HookRow, ...]:
        """All hooks, in the order of the configuration."""
        return tuple(
            HookRow(
                hook.name,
                hook.kind,
                hook.time_limit_s,
                hook.ignore_errors,
                self._last.get(hook.name),
            )
            for hook in self._hooks.values()
        )

    def renew(self, settings: AgentSettings) -> None:
        """Hooks that run go on as they began."""
        self._hooks = {hook.name: hook for hook in settings.hooks}

    def start(self, run: RunHook) -> None:
        if self._is_stopped:
            return
        if len(self._tasks) >= MOST:
            self._deliver(HookResult(run.id, run.hook, f"{MOST} hooks run already", 0.0))
            return
        task = asyncio.create_task(self._run(run), name=f"hook {run.hook}")
        self._tasks[run.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run.id, None))

    def end(self, number: int) -> None:
        """Stop the run with this number, if there is one; it takes a moment."""
        task = self._tasks.get(number)
        if task is not None:
            task.cancel()

    async def stop(self) -> None:
        """End all of them; nothing runs any more when this returns, and nothing begins."""
        self._is_stopped = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, run: RunHook) -> None:
        began_s = time.monotonic()
        try:
            hook = self._hooks.get(run.hook)
            async with nullcontext() if _is_light(hook) else self._room:
                began_s = time.monotonic()
                await carry_out(hook, run, self.tell_server)
            error = ""
        except HookFailure as exc:
            error = str(exc)
        except Exception as exc:
            log.exception("hook %s", run.hook)
            error = f"it could not be run: {exc!r}"
        seconds = time.monotonic() - began_s
        log.info("hook %s (%s): %s in %.1f s", run.hook, what_of(run), error or "done", seconds)
        self._last[run.hook] = HookRun(
            run.moment.value, run.outlet, self._clock.wall_s(), error, seconds
        )
        self._deliver(HookResult(run.id, run.hook, error, seconds))


def _is_light(hook: HookEntry | None) -> bool:
    """Does it take nothing but time? Then many may wait at once."""
    return hook is not None and isinstance(hook.options, FsdHook)


def what_of(run: RunHook) -> str:
    return f"{run.moment.value}, outlet {run.outlet}" if run.outlet else run.moment.value


async def carry_out(hook: HookEntry | None, run: RunHook, tell_server: TellServer) -> None:
    """Do what the hook says. Raises HookFailure."""
    if hook is None:
        raise HookFailure("there is no hook of this name any more")
    options = hook.options
    if isinstance(options, CommandHook):
        await run_command(options.command, told(run), hook.time_limit_s)
    elif isinstance(options, HttpHook):
        # Loaded here: a unit without such a hook need not carry the HTTP client.
        from pdu_agent.app.hook_http import call

        await call(options, told(run), hook.time_limit_s)
    elif isinstance(options, FsdHook):
        if run.moment is not HookMoment.BEFORE_OFF:
            raise HookFailure(f"of kind fsd, which cannot be run {run.moment.value}")
        try:
            async with asyncio.timeout(hook.time_limit_s):
                await tell_server(run.outlet)
                await asyncio.sleep(options.wait_s)
        except TimeoutError:
            raise HookFailure(f"not told after {hook.time_limit_s:g} s") from None


def told(run: RunHook) -> dict[str, str]:
    """What a hook is told about the occasion: for its environment, or as JSON."""
    return {
        "hook": run.hook,
        "moment": run.moment.value,
        "outlet": str(run.outlet) if run.outlet else "",
        "outlet_name": run.outlet_name,
        "because": run.because,
    }

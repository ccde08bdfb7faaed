# SPDX-License-Identifier: Apache-2.0
"""One command of a hook: a process group of its own, watched, bounded, and ended as a whole."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

log = logging.getLogger(__name__)

KEPT_BYTES = 2048
"""Of the output; the rest is read and dropped."""
SHOWN_CHARACTERS = 200
"""Of the output, in the text of a failure."""
CHUNK_BYTES = 65_536
PAUSE_S = 0.005
"""After each chunk, so that a flood is taken at 13 MB/s at most: the pipe then makes it wait."""
TERM_S = 2.0
"""From SIGTERM to SIGKILL."""
KILL_S = 2.0
"""From SIGKILL until it counts as one that cannot be ended."""
OOM_SCORE_ADJ = "800"  # of at most 1000, proc_pid_oom_score_adj(5)
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class HookFailure(Exception):
    """The hook did not succeed; the text says how."""


class _Output:
    """The read end of a pipe: its first bytes are kept, the others only taken."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = bytearray()
        self._pause: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._take)

    def _take(self) -> None:
        try:
            chunk = os.read(self._descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        self._loop.remove_reader(self._descriptor)
        self._kept += chunk[: KEPT_BYTES - len(self._kept)]
        if chunk:
            self._pause = self._loop.call_later(PAUSE_S, self._go_on)

    def _go_on(self) -> None:
        self._loop.add_reader(self._descriptor, self._take)

    def close(self) -> None:
        """Whoever still writes gets SIGPIPE. What is left in the pipe is taken once."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._descriptor)
        with suppress(OSError):
            self._kept += os.read(self._descriptor, CHUNK_BYTES)[: KEPT_BYTES - len(self._kept)]
        os.close(self._descriptor)

    @property
    def text(self) -> str:
        """On one line, whatever it was."""
        text = self._kept.decode("utf-8", "replace")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())


async def run_command(command: Sequence[str], told: Mapping[str, str], limit_s: float) -> None:
    """Run it without a shell. Raises HookFailure unless it exits with 0 within limit_s.

    What it leaves behind in its process group is killed. told: see hooks.told.
    """
    with _pipe() as (output, write_end):
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                env=environment(told),
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else str(exc)
            raise HookFailure(f"{command[0]} cannot be started: {why}") from exc
        finally:
            os.close(write_end)
        is_late = False
        try:
            _go_first(process.pid)
            async with asyncio.timeout(limit_s):
                await process.wait()
        except TimeoutError:
            is_late = True
        finally:
            await _end(process)
    if is_late:
        what = "it was ended" if process.returncode is not None else "it cannot be ended"
        raise HookFailure(f"not done after {limit_s:g} s, {what}")
    text = output.text
    log.debug("command %s: status %s, output %r", command[0], process.returncode, text)
    if process.returncode:
        said = f": {text[:SHOWN_CHARACTERS]}" if text else ""
        raise HookFailure(f"{_status(process.returncode)}{said}")


@contextmanager
def _pipe() -> Iterator[tuple[_Output, int]]:
    read_end, write_end = os.pipe()
    output = _Output(read_end)
    try:
        yield output, write_end
    finally:
        output.close()


def environment(told: Mapping[str, str]) -> dict[bytes, bytes]:
    """All that a command gets; nothing of the agent's own, which may hold secrets."""
    plain = {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/")}
    plain |= {f"OPENPDU_{name.upper()}": value.replace("\0", "") for name, value in told.items()}
    return {name.encode(): value.encode("utf-8", "replace") for name, value in plain.items()}


async def _end(process: asyncio.subprocess.Process) -> None:
    """End what is left of its group; nothing is when this returns, or is cancelled in its turn.

    But for a process that the kernel holds in a call (a mount whose server is gone), or that runs
    as another user: nobody waits for it, least of all the outlet.
    """
    try:
        if process.returncode is None:
            _signal(process, signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(TERM_S):
                    await process.wait()
    finally:
        _signal(process, signal.SIGKILL)
    try:
        async with asyncio.timeout(KILL_S):
            await process.wait()
    except TimeoutError:
        log.error("process %d of a hook cannot be ended, it is left behind", process.pid)


def _go_first(pid: int) -> None:
    """Where memory runs out, the kernel is to end the hook, not the agent."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(OOM_SCORE_ADJ, encoding="ascii")


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _status(returncode: int) -> str:
    if returncode > 0:
        return f"exit status {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"

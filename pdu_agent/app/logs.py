# SPDX-License-Identifier: Apache-2.0
"""Logging to stderr: through a queue to a thread, bounded in any minute, without secrets.

An SD card or a console can stall a writer for long, so the caller only formats and
enqueues. What strangers send cannot make a line of its own or move a terminal's cursor.
"""

from __future__ import annotations

import logging
import logging.handlers
import queue
import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TextIO

MAX_QUEUED = 1000
MAX_MESSAGE = 2000
MAX_TRACEBACK = 8000
MIN_REDACTED = 4
"""Shorter secrets would blot out ordinary words (a community may be a single letter)."""

WINDOW_S = 60
WARNINGS_SHARE = 0.25  # of the cap: kept free of debug and info lines
DRY_RUN = "dry run"
"""A thread whose name begins so plays what might happen: what its core would log is no news."""
LAST_NOTICE_BYTES = 80  # kept free for the count at the end of the log

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def escaped(text: str) -> str:
    """`text` in one line: control characters and line ends as \\n, \\x1b and the like."""
    return _UNSAFE.sub(lambda found: repr(found[0])[1:-1], text)


class Redactor:
    """Replaces known secrets by ***. A last net: nothing should hand a secret to a log."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in secrets
            for form in (secret, repr(secret)[1:-1], escaped(secret))
            if len(form) >= MIN_REDACTED
        }
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub("***", text) if self._pattern else text


class LineFormatter(logging.Formatter):
    """`2026-11-21T03:15:38Z WARNING pdu_agent.core: text`, a traceback indented below it."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: ", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        record.asctime = self.formatTime(record, self.datefmt)
        lines = [self.formatMessage(record) + self._safe(record.getMessage(), MAX_MESSAGE)]
        if record.exc_info:
            trace = self._redact(self.formatException(record.exc_info))[-MAX_TRACEBACK:]
            lines += ["    " + escaped(line) for line in trace.split("\n")]
        return "\n".join(lines)

    def _safe(self, text: str, limit: int) -> str:
        # Redacted before it is cut, so that no half of a secret is left at the end.
        text = self._redact(text)
        tail = f" ({len(text) - limit} more characters)" if len(text) > limit else ""
        return escaped(text[:limit]) + tail


class _Enqueue(logging.handlers.QueueHandler):
    """Formats in the calling thread; with a full queue the line is lost, not the time.

    lost: lines that never came into the queue; written under this handler's own lock.
    """

    def __init__(self, lines: queue.Queue[logging.LogRecord]) -> None:
        super().__init__(lines)
        self.lost = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.lost += 1

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        """A log call whose arguments do not fit: logging would print them, unredacted."""
        place = f"{record.pathname}:{record.lineno}"
        self.enqueue(
            logging.LogRecord(
                record.name, logging.ERROR, record.pathname, record.lineno,
                f"{record.levelname} a log call that cannot be formatted, at {place}", None, None,
            )
        )  # fmt: skip


class CappedOutput(logging.Handler):
    """Writes lines while they fit into the cap; what does not fit is counted and told.

    In any 60 seconds at most max_bytes go out, notices included. Debug and info lines may
    use three quarters of them, so that a storm of these leaves room for warnings.
    lost: how many lines never came here, since the beginning.
    """

    def __init__(
        self,
        stream: TextIO,
        max_bytes: int,
        clock: Callable[[], float],
        lost: Callable[[], int] = lambda: 0,
    ) -> None:
        super().__init__()
        self._stream = stream
        self._max_bytes = max_bytes
        self._clock = clock
        self._lost = lost
        self._written: deque[tuple[int, int]] = deque()  # (whole second, bytes)
        self._written_bytes = 0
        self._suppressed = 0
        self._told = 0

    def emit(self, record: logging.LogRecord) -> None:
        share = 1.0 if record.levelno >= logging.WARNING else 1 - WARNINGS_SHARE
        limit = share * (self._max_bytes - LAST_NOTICE_BYTES)
        if not self._write(record.getMessage() + "\n", limit):
            self._suppressed += 1

    def tell_suppressed(self) -> None:
        """At the end of the log: the count of what was left out since the last line."""
        self._write("", self._max_bytes)

    def _write(self, text: str, limit_bytes: float) -> bool:
        missing = self._suppressed + self._lost()
        if missing > self._told:
            count = missing - self._told
            text = f"... {count} log lines left out (log.max_kib_per_minute)\n" + text
        if not self._fits(text, limit_bytes):
            return False
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads stderr any more
            return False
        self._told = missing
        return True

    def _fits(self, text: str, limit_bytes: float) -> bool:
        now_s = int(self._clock())
        while self._written and self._written[0][0] < now_s - WINDOW_S:
            self._written_bytes -= self._written.popleft()[1]
        size = len(text.encode("utf-8", "backslashreplace"))
        if self._written_bytes + size > limit_bytes:
            return False
        self._written_bytes += size
        if self._written and self._written[-1][0] == now_s:
            size += self._written.pop()[1]
        self._written.append((now_s, size))
        return True


class LogThread:
    """The agent's log output, from construction until `stop`.

    Takes over the root logger's handlers. level: debug, info, warning or error.
    clock: seconds that never jump.
    """

    def __init__(
        self,
        stream: TextIO,
        level: str,
        max_kib_per_minute: int,
        secrets: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        lines: queue.Queue[logging.LogRecord] = queue.Queue(MAX_QUEUED)
        enqueue = _Enqueue(lines)
        enqueue.addFilter(lambda record: not (record.threadName or "").startswith(DRY_RUN))
        enqueue.setFormatter(LineFormatter(Redactor(secrets)))
        self._output = CappedOutput(
            stream, max_kib_per_minute * 1024, clock, lost=lambda: enqueue.lost
        )
        self._listener = _Listener(lines, self._output)
        root = logging.getLogger()
        self._before = (root.handlers[:], root.level)
        root.handlers[:] = [enqueue]
        root.setLevel(level.upper())
        logging.captureWarnings(True)
        self._listener.start()

    def stop(self) -> None:
        """Write what is queued, end the thread, and give the root logger back."""
        logging.captureWarnings(False)
        root = logging.getLogger()
        root.handlers[:], level = self._before
        root.setLevel(level)
        self._listener.stop()
        self._output.tell_suppressed()


class _Listener(logging.handlers.QueueListener):
    def enqueue_sentinel(self) -> None:
        self.queue.put(self._sentinel)  # type: ignore[attr-defined]  # waits for a place

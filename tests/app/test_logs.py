# SPDX-License-Identifier: Apache-2.0
"""The log: bounded in any minute, one line a record, no secrets, no waiting callers."""

from __future__ import annotations

import io
import logging
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.app.logs import (
    MAX_QUEUED,
    CappedOutput,
    LogThread,
    Redactor,
    escaped,
)
from pdu_agent.model.clock import ManualClock

log = logging.getLogger("pdu_agent.test")


class Stream(io.StringIO):
    """Counts what was written in bytes and when, on a clock moved by hand."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.writes: list[tuple[float, int]] = []

    def write(self, text: str) -> int:
        self.writes.append((self._clock.monotonic_s(), len(text.encode("utf-8"))))
        return super().write(text)

    def most_in_a_minute(self) -> int:
        return max(
            sum(size for at_s, size in self.writes if start_s <= at_s < start_s + 60)
            for start_s, _ in self.writes
        )


@contextmanager
def logging_to(
    stream: io.StringIO, secrets: tuple[str, ...] = (), level: str = "info", kib: int = 64
) -> Iterator[None]:
    thread = LogThread(stream, level, kib, secrets)
    try:
        yield
    finally:
        thread.stop()


def test_a_line_has_the_time_the_level_and_the_place() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        log.warning("outlet %d is %s", 3, "on")
    stamp, rest = stream.getvalue().split(" ", 1)
    assert len(stamp) == 20
    assert stamp.endswith("Z")
    assert rest == "WARNING pdu_agent.test: outlet 3 is on\n"


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    with logging_to(stream, level="warning"):
        log.info("quiet")
        log.error("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


def test_the_root_logger_is_given_back() -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    with logging_to(io.StringIO(), level="debug"):
        assert len(root.handlers) == 1
    assert (root.handlers[:], root.level) == before
    assert not [t for t in threading.enumerate() if "_monitor" in t.name]


def test_what_strangers_send_stays_in_its_line() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        log.info("name %s", "a\nERROR forged\r\x1b[2J\x9b\u2028b\x00ä")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r"name a\nERROR forged\r\x1b[2J\x9b\u2028b\x00ä")


def test_a_traceback_is_indented_so_that_it_cannot_pass_for_a_line() -> None:
    stream = io.StringIO()
    with logging_to(stream, ("hunter2",)):
        try:
            raise ValueError("bad\n2026-01-01T00:00:00Z ERROR forged hunter2")
        except ValueError:
            log.exception("failed")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("ERROR pdu_agent.test: failed")
    assert rest
    assert all(line.startswith("    ") for line in rest)
    assert "hunter2" not in stream.getvalue()


@given(text=st.text())
def test_escaped_text_is_one_printable_line(text: str) -> None:
    line = escaped(text)
    assert line.splitlines() in ([], [line])
    assert "\x1b" not in line


def test_a_secret_in_the_arguments_does_not_come_out() -> None:
    stream = io.StringIO()
    secrets = ("hunter2hunter2", "tab\tand 'quote'", "longer hunter2hunter2")
    with logging_to(stream, secrets):
        for secret in secrets:
            log.info("got %s", secret)
            log.info("got %r", secret)
            log.info("got %s", {"pass": [secret]})
            log.info("x" * 1995 + "%s", secret)  # cut off in the middle of the secret
    text = stream.getvalue()
    assert text.count("***") >= 9
    assert "hunter" not in text
    assert "quote" not in text


def test_a_log_call_that_does_not_fit_shows_no_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = io.StringIO()
    with logging_to(stream):
        log.info("%d outlets", "hunter2")
        log.info("after")
    assert "cannot be formatted, at" in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()
    assert "after" in stream.getvalue()
    assert "hunter2" not in stream.getvalue() + "".join(capsys.readouterr())


def test_warnings_of_libraries_go_to_the_log() -> None:
    stream = io.StringIO()
    with logging_to(stream), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old name", DeprecationWarning, stacklevel=1)
    assert "old name" in stream.getvalue()


def test_no_secret_means_no_redaction() -> None:
    assert Redactor(())("abc") == "abc"
    assert Redactor(("ab",))("abc") == "abc"  # too short to tell from ordinary words


def test_a_long_message_is_cut_and_says_so() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        log.info("%s", "x" * 100_000)
    assert stream.getvalue().endswith("x (98000 more characters)\n")
    assert len(stream.getvalue()) < 2200


def _record(text: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("n", level, "p", 1, text, None, None)


def test_a_storm_stays_under_the_cap_in_every_minute_and_is_counted() -> None:
    clock = ManualClock()
    stream = Stream(clock)
    output = CappedOutput(stream, 16 * 1024, clock.monotonic_s)
    for second in range(300):
        for number in range(200):
            level = logging.ERROR if number % 2 else logging.INFO
            output.handle(_record(f"second {second} line {number} " + "x" * 80, level))
        clock.advance(1.0)
    output.tell_suppressed()
    assert stream.most_in_a_minute() <= 16 * 1024
    lines = stream.getvalue().splitlines()
    written = sum(not line.startswith("...") for line in lines)
    missing = sum(int(line.split()[1]) for line in lines if line.startswith("..."))
    assert written > 300  # and it does not fall silent for good
    assert written + missing == 300 * 200


def test_a_storm_of_info_leaves_room_for_an_error() -> None:
    clock = ManualClock()
    stream = Stream(clock)
    output = CappedOutput(stream, 8 * 1024, clock.monotonic_s)
    for _ in range(1000):
        output.handle(_record("x" * 100))
    output.handle(_record("board main does not answer", logging.ERROR))
    assert stream.getvalue().endswith("board main does not answer\n")
    assert "log lines left out" in stream.getvalue()


def test_a_writer_that_stalls_makes_no_caller_wait() -> None:
    entered, released = threading.Event(), threading.Event()

    class Stalled(io.StringIO):
        def write(self, text: str) -> int:
            entered.set()
            released.wait(10)
            return super().write(text)

    stream = Stalled()
    with logging_to(stream, kib=10_240):
        log.info("first")
        assert entered.wait(5)
        started_s = time.monotonic()
        for number in range(MAX_QUEUED + 500):
            log.info("line %d", number)
        assert time.monotonic() - started_s < 5
        released.set()
    text = stream.getvalue()
    assert "... 500 log lines left out" in text


def test_a_closed_stderr_does_not_end_the_log() -> None:
    stream = io.StringIO()
    stream.close()
    with logging_to(stream):
        log.info("nobody reads this")

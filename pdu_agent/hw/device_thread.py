# SPDX-License-Identifier: Apache-2.0
"""One thread that keeps a device going: open it, use it, and after a failure open it again.

A failing device is a state here, not an end: it is closed, its owner is told once, and it is
opened again after 0.5 s, then 1 s, and so on up to every 10 s. It works again with the first use
that does; one that comes and goes has to prove it for longer and longer.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from pdu_agent.model.errors import HardwareError

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 10.0
STOP_TIMEOUT_S = 5.0
RELAPSE_S = 10.0
"""A device that is lost so soon after it worked again comes and goes."""
FIRST_PROOF_S = 5.0
LAST_PROOF_S = 60.0

OnTrouble = Callable[[HardwareError | None], None]


def retry_delays_s(first_s: float = FIRST_RETRY_S, last_s: float = LAST_RETRY_S) -> Iterator[float]:
    """first_s, doubling with each call up to last_s, for ever."""
    delay_s = first_s
    while True:
        yield delay_s
        delay_s = min(2 * delay_s, last_s)


class DeviceThread(ABC):
    """what: how logs call it, such as "io panel".

    on_trouble(error) is called from this thread, once when the device is lost and once, with
    None, when it works again; whoever passes it hands over to his own. errors counts every
    failed attempt.
    """

    def __init__(
        self, what: str, on_trouble: OnTrouble, first_retry_s: float = FIRST_RETRY_S
    ) -> None:
        self.errors = 0
        self.beat_s = time.monotonic()
        """When the thread last came round, in real time: what a watchdog looks at."""
        self._what = what
        self._on_trouble = on_trouble
        self._first_retry_s = first_retry_s
        self._is_lost = False
        self._proof_s = 0.0
        self._works_since_s: float | None = None
        self._recovered_s = -math.inf
        self._last_bug = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=what, daemon=True)

    def start(self) -> None:
        """Begin; returns at once, whether or not the device is there. Once only."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the device; returns within STOP_TIMEOUT_S."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)
            if self._thread.is_alive():
                log.error("%s: still waiting for its device, left behind", self._what)

    @abstractmethod
    def _open(self) -> None:
        """Bring the device up; may follow a failure of any of these."""

    @abstractmethod
    def _step(self) -> bool:
        """Use it once, waiting for half a second at most; tells whether it worked."""

    @abstractmethod
    def _close(self, error: HardwareError | None) -> None:
        """Release the device, which may never have been open. error: why; None at the end."""

    def _run(self) -> None:
        delays_s = retry_delays_s(self._first_retry_s)
        while not self._stop.is_set():
            self.beat_s = time.monotonic()
            if self._attempt():
                delays_s = retry_delays_s(self._first_retry_s)
            self._stop.wait(next(delays_s))

    def _attempt(self) -> bool:
        """Work until the device fails or `stop`; tells whether it worked at all."""
        worked = False
        error: HardwareError | None = None
        try:
            self._open()
            while not self._stop.is_set():
                self.beat_s = time.monotonic()
                if self._step():
                    worked = True
                    self._note_recovery()
        except HardwareError as exc:
            error = exc
        except Exception as exc:
            self._log_bug(exc)
            error = HardwareError(self._what, "work", repr(exc))
        if error is not None:
            self._note_failure(error)
        self._close_whatever_happens(error)
        return worked

    def _note_failure(self, error: HardwareError) -> None:
        self.errors += 1
        self._works_since_s = None
        if self._is_lost:
            log.debug("%s: still failing: %s", self._what, error)
            return
        self._is_lost = True
        is_relapse = time.monotonic() - self._recovered_s < RELAPSE_S
        longer_s = min(max(FIRST_PROOF_S, 2 * self._proof_s), LAST_PROOF_S)
        self._proof_s = longer_s if is_relapse else 0.0
        log.warning("%s lost: %s; trying again", self._what, error)
        self._tell(error)

    def _note_recovery(self) -> None:
        if not self._is_lost:
            return
        now_s = time.monotonic()
        if self._works_since_s is None:
            self._works_since_s = now_s
        if now_s - self._works_since_s >= self._proof_s:
            self._is_lost = False
            self._recovered_s = now_s
            self._last_bug = ""
            log.info("%s works again", self._what)
            self._tell(None)

    def _tell(self, error: HardwareError | None) -> None:
        try:
            self._on_trouble(error)
        except Exception:
            log.exception("%s: its owner failed to take notice", self._what)

    def _log_bug(self, exc: Exception) -> None:
        """With traceback, but once: the same defect may come back with every attempt."""
        if repr(exc) != self._last_bug:
            self._last_bug = repr(exc)
            log.exception("%s: unexpected error, treated as a lost device", self._what)

    def _close_whatever_happens(self, error: HardwareError | None) -> None:
        try:
            self._close(error)
        except HardwareError as exc:
            log.debug("%s: while closing: %s", self._what, exc)
        except Exception as exc:
            self._log_bug(exc)

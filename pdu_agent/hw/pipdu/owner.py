# SPDX-License-Identifier: Apache-2.0
"""The one thread that owns the board's port, for its relays and for its telemetry.

Users open it and close it; the port is open while one of them wants it. A failure closes the
port and is told to every user at his next call; the next `open` tries again.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from weakref import WeakValueDictionary

from pdu_agent.hw.pipdu.telemetry import FIRMWARES, LineDecoder, Telemetry
from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import BusTimeout, ConfigError, HardwareError

DRIVER = "pipdu"
BOOT_GAP_S = 2.0
"""Longer than any pause between two lines (0.5 to 1 s), shorter than a boot: the boot loader
alone takes about 2 s, the first firmware then switches sixteen relays on, 100 ms apart."""
FIRST_CYCLE_S = 0.5
"""Between two lines, until their pace is known."""
CYCLE_SHARE = 0.2
"""Of the newest gap in what is held for that pace."""
KEPT_LINES = 64
ORDERS = 16
ANSWER_S = 2.0

Order = tuple[Callable[[], None], Future[None]]

_owners: WeakValueDictionary[str, BoardOwner] = WeakValueDictionary()
_owners_lock = threading.Lock()


def owner_of(path: str, firmware: str, clock: Clock) -> BoardOwner:
    """The owner of that port, the same for all who ask. Touches no device.

    Raises ConfigError when somebody else wants the port with another firmware.
    """
    with _owners_lock:
        owner = _owners.get(path)
        if owner is None:
            owner = _owners[path] = BoardOwner(path, firmware, clock)
    if owner.firmware != firmware:
        raise ConfigError(
            f"pipdu at {path}: firmware {firmware!r} here, {owner.firmware!r} for its other part"
        )
    return owner


class BoardOwner:
    """rejected_lines: lines of telemetry that were none."""

    def __init__(self, path: str, firmware: str, clock: Clock) -> None:
        self.path = path
        self.firmware = firmware
        self._clock = clock
        self._port = SerialPort(DRIVER, path, FIRMWARES[firmware].baud_rate, hangs_up=False)
        self._decoder = LineDecoder()
        self._users: set[int] = set()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._orders: queue.Queue[Order] = queue.Queue(ORDERS)
        self._changed = threading.Condition()
        self._is_open = False
        self._error: HardwareError | None = self._not_open()
        self._lines: deque[Telemetry] = deque(maxlen=KEPT_LINES)
        self._heard_s = 0.0
        self._cycle_s = FIRST_CYCLE_S
        self._has_heard = False
        self._has_booted = False

    @property
    def rejected_lines(self) -> int:
        return self._decoder.rejected

    def open(self, user: object) -> None:
        """Raises ChipNotFound or BusTimeout, saying what to do; the user counts all the same,
        until he closes.
        """
        with _owners_lock:
            self._users.add(id(user))
            if self._thread is None:
                self._stop.clear()
                self._thread = threading.Thread(
                    target=self._run, name=f"{DRIVER} {self.path}", daemon=True
                )
                self._thread.start()
        self._order(self._open_port)

    def close(self, user: object) -> None:
        """The last one ends the thread and closes the port; safe at any time."""
        with _owners_lock:
            self._users.discard(id(user))
            if not self._users and self._thread is not None:
                self._stop.set()
                self._thread.join()
                self._thread = None
                self._error = self._not_open()

    def write(self, data: bytes) -> None:
        self._order(lambda: self._port.write(data))

    def take_lines(self, timeout_s: float) -> list[Telemetry]:
        """The lines since the last call; waits up to timeout_s for the first one.

        Raises the HardwareError that closed the port.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._error, timeout_s)
            lines = list(self._lines)
            self._lines.clear()
            if not lines:
                self._raise_error()
            return lines

    def drop_lines(self) -> None:
        """Forget what was heard while nobody wanted it."""
        with self._changed:
            self._lines.clear()

    def is_talking(self, timeout_s: float) -> bool:
        """Is there telemetry, now or within timeout_s? Raises as `take_lines`."""
        with self._changed:
            self._changed.wait_for(lambda: self._error or self._hears(), timeout_s)
            self._raise_error()
            return self._hears()

    def take_boot(self) -> bool:
        """Did the board boot since the last call, or since the port was opened first?"""
        with self._changed:
            booted, self._has_booted = self._has_booted, False
            return booted

    def _not_open(self) -> HardwareError:
        return BusTimeout(DRIVER, f"use {self.path}", "the port is not open")

    def _hears(self) -> bool:
        return self._has_heard and self._clock.monotonic_s() - self._heard_s <= BOOT_GAP_S

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _order(self, action: Callable[[], None]) -> None:
        """Have the thread do it; what it raises is raised here."""
        future: Future[None] = Future()
        try:
            self._orders.put((action, future), timeout=ANSWER_S)
            self._port.interrupt()  # a relay waits for no telemetry
            future.result(ANSWER_S)
        except (queue.Full, TimeoutError) as exc:
            future.cancel()
            raise BusTimeout(DRIVER, f"use {self.path}", "the port is stuck") from exc

    # -- in the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            self._obey()
            if self._is_open:
                try:
                    self._listen()
                except HardwareError as exc:
                    self._fail(exc)
        self._close_port()

    def _obey(self) -> None:
        """The orders that wait; without a port there is nothing else to wait for."""
        with contextlib.suppress(queue.Empty):
            while True:
                action, future = self._orders.get(timeout=0.0 if self._is_open else 0.05)
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    action()
                except HardwareError as exc:
                    self._fail(exc)
                    future.set_exception(exc)
                else:
                    future.set_result(None)

    def _listen(self) -> None:
        data = self._port.read()
        now_s = self._clock.monotonic_s()
        rejected = self._decoder.rejected
        lines = self._decoder.receive(data)
        # A board that talks rubbish does not boot: that is silent. At first it has to make sense.
        broken = self._decoder.rejected - rejected if self._has_heard else 0
        with self._changed:
            if lines or broken:
                self._note_gap(now_s - self._heard_s, len(lines) + broken)
                self._heard_s, self._has_heard = now_s, True
                self._lines.extend(Telemetry(now_s, values) for values in lines)
                self._changed.notify_all()

    def _note_gap(self, gap_s: float, lines: int) -> None:
        """Was the board silent, or did this host stand still while its lines piled up?

        Taking the second for the first would open every relay.
        """
        if gap_s <= BOOT_GAP_S:
            self._cycle_s += CYCLE_SHARE * (gap_s / lines - self._cycle_s)
        elif gap_s - (lines - 1) * self._cycle_s > BOOT_GAP_S:
            self._has_booted = True

    def _open_port(self) -> None:
        if self._is_open:
            return
        self._port.open()
        self._decoder.drop_partial()
        with self._changed:
            self._is_open, self._error, self._has_heard = True, None, False
            self._heard_s = self._clock.monotonic_s()
            self._lines.clear()

    def _fail(self, exc: HardwareError) -> None:
        self._close_port()
        with self._changed:
            self._error = exc
            self._changed.notify_all()

    def _close_port(self) -> None:
        self._is_open = False
        self._port.close()

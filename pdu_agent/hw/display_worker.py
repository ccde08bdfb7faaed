# SPDX-License-Identifier: Apache-2.0
"""One thread per display, which shows what it was last given."""

from __future__ import annotations

import time

from pdu_agent.hw.device_thread import FIRST_RETRY_S, DeviceThread, OnTrouble
from pdu_agent.hw.ports import Display
from pdu_agent.model.errors import HardwareError

REFRESH_S = 0.5
"""So often new lines are looked for: at most twice a second the display changes."""
REPEAT_S = 5.0
"""Lines that do not change are shown again this often, which finds a display that is gone."""
RENEW_S = 300.0
"""A display cannot be asked whether it still has its set-up; one that was without power for a
moment comes back within this time."""


class DisplayWorker(DeviceThread):
    """farewell: what the display shows once nobody keeps it up to date."""

    def __init__(
        self,
        name: str,
        display: Display,
        farewell: tuple[str, ...],
        on_trouble: OnTrouble,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        super().__init__(f"display {name}", on_trouble, first_retry_s)
        self.columns, self.rows = display.columns, display.rows
        self.lines: tuple[str, ...] = ()
        """Replaced as a whole, from any thread."""
        self._display = display
        self._farewell = farewell
        self._is_open = False
        self._shown: tuple[str, ...] | None = None
        self._shown_s = self._opened_s = 0.0

    def _open(self) -> None:
        self._display.open()
        self._is_open = True
        self._shown = None
        self._opened_s = time.monotonic()

    def _step(self) -> bool:
        now_s = time.monotonic()
        if now_s - self._opened_s >= RENEW_S:
            self._open()
        lines = self.lines
        if lines != self._shown or now_s - self._shown_s >= REPEAT_S:
            self._display.show(lines)
            self._shown, self._shown_s = lines, now_s
        self._stop.wait(REFRESH_S)
        return True

    def _close(self, error: HardwareError | None) -> None:
        was_open, self._is_open = self._is_open, False
        try:
            if error is None and was_open:
                self._display.show(self._farewell)
        finally:
            self._display.close()

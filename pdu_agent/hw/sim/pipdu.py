# SPDX-License-Identifier: Apache-2.0
"""PiPDU's board on the other side of a pseudo-terminal, with either firmware.

A pseudo-terminal has no DTR, so that opening the port does not boot the board by itself;
`boot` does what that, a brown-out or a reset button would do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pdu_agent.hw.sim.serial_board import OnRelays, SimSerialBoard
from pdu_agent.model.clock import Clock

CHANNELS = 16
BOOT_LOADER_S = 2.0
RELAY_STEP_S = 0.1
CYCLE_S = 0.5
NO_LOAD_A = 0.1


class SimPipdu(SimSerialBoard):
    """truth(channel): watts for the first firmware, amperes for the later one, channels from 0.

    commands: every letter it took. broken_line: sent once in place of the next line.
    broken_lines: so many have a value that is cut.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        truth: Callable[[int], float],
        first_firmware: bool = False,
        on_relays: OnRelays | None = None,
        kept: Path | None = None,
    ) -> None:
        self.commands: list[str] = []
        self.broken_line = b""
        self.broken_lines = 0
        self.is_mute = False
        self._clock = clock
        self._truth = truth
        self._first_firmware = first_firmware
        self._booted_s = float("inf")
        self._relays_on_at_boot = 0
        self._next_line_s = 0.0
        super().__init__(path, CHANNELS, on_relays, kept=kept)
        if self.has_stayed_powered:
            self._relays_on_at_boot = CHANNELS

    def power_up(self) -> None:
        self.boot()

    def boot(self) -> None:
        """All relays drop; after the boot loader they go on one by one, then lines come."""
        self.move(dict.fromkeys(range(CHANNELS), False))
        self._relays_on_at_boot = 0
        self._booted_s = self._clock.monotonic_s() + BOOT_LOADER_S
        self._next_line_s = self._booted_s + CHANNELS * RELAY_STEP_S + CYCLE_S

    def receive(self, data: bytes) -> bytes:
        if self._relays_on_at_boot < CHANNELS:
            return b""  # the boot loader has it, or nobody listens yet
        for letter in data.decode("latin-1"):
            if letter in "qr":
                closed = dict.fromkeys(range(CHANNELS), letter == "r")
            elif "a" <= letter.lower() <= "p":
                closed = {ord(letter.lower()) - ord("a"): letter.isupper()}
            else:
                continue
            self.commands.append(letter)
            self.move(closed)
        return b""

    def say_by_itself(self) -> bytes:
        now_s = self._clock.monotonic_s()
        while self._relays_on_at_boot < CHANNELS and now_s >= self._booted_s:
            self.move({self._relays_on_at_boot: True})
            self._relays_on_at_boot += 1
            self._booted_s += RELAY_STEP_S
        if now_s < self._next_line_s or self.is_mute:
            return b""
        self._next_line_s = now_s + CYCLE_S
        line, self.broken_line = self.broken_line, b""
        if self.broken_lines:
            self.broken_lines -= 1
            line = b"1.2,3\xff\r\n"
        return line or self._line()

    def _line(self) -> bytes:
        values = [self._truth(channel) for channel in range(CHANNELS)]
        if self._first_firmware:
            return (",".join(f"{value:.2f}" for value in values) + "\r\n").encode()
        shown = [value if value >= NO_LOAD_A else 0.0 for value in values]
        return ("".join(f"{value:.2f} " for value in shown) + "\r\n").encode()

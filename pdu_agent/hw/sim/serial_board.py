# SPDX-License-Identifier: Apache-2.0
"""A simulated relay board on a serial adapter: its thread, its supply, its plug."""

from __future__ import annotations

import mmap
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from pdu_agent.hw.sim.register_file import map_registers
from pdu_agent.hw.sim.terminal import SimTerminal

HEAR_S = 0.001
SETTLED_ROUNDS = 3
PULLED = 0xFFFF
"""In place of the number of its pseudo-terminal."""

OnRelays = Callable[[tuple[bool, ...]], None]


class SimSerialBoard(ABC):
    """path: what to open, as udev would make it; see SimTerminal. on_relays(closed) is told the
    contacts when made and whenever they change, from the board's thread.

    own_supply: the relays stay when the port is pulled. is_silent: hears nothing. garbled: so
    many answers have a flipped bit.

    kept: a file of what survives the process, as a board survives the agent: where its port is
    plugged in, and its relays. A file of the right size means that it stayed powered.
    """

    def __init__(
        self,
        path: Path,
        relay_count: int,
        on_relays: OnRelays | None = None,
        own_supply: bool = False,
        kept: Path | None = None,
    ) -> None:
        self.path = path
        self.is_silent = False
        self.garbled = 0
        self.own_supply = own_supply
        self.relay_count = relay_count
        pulled = struct.pack(">H", PULLED) + bytes(relay_count)
        self._kept: mmap.mmap | bytearray = (
            bytearray(pulled) if kept is None else map_registers(kept, pulled)
        )
        self.closed = [bool(state) for state in self._kept[2:]]
        (number,) = struct.unpack(">H", self._kept[:2])
        self._was_at: int | None = None if number == PULLED else number
        self._on_relays = on_relays
        self.terminal = SimTerminal(path)
        self._lock = threading.RLock()
        self._quiet_rounds = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sim {path.name}", daemon=True)
        self._tell()

    def start(self) -> None:
        """Begin to serve: as it was left plugged in, or plugged in now."""
        if self._was_at is None:
            self.plug()
        else:
            self.terminal.plug(self._was_at)
            self._note_port()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.terminal.unplug()

    def plug(self) -> None:
        with self._lock:
            self.terminal.plug()
            self._note_port()
            if not self.own_supply:
                self.power_up()

    def unplug(self) -> None:
        with self._lock:
            self.terminal.unplug()
            self._note_port()
            if not self.own_supply:
                self.move(dict.fromkeys(range(self.relay_count), False))

    def power_up(self) -> None:
        """The supply comes: all relays are open, unless the kind of board does otherwise."""
        self.move(dict.fromkeys(range(self.relay_count), False))

    def move(self, closed: dict[int, bool]) -> None:
        """Set these relays, at once."""
        before = tuple(self.closed)
        for relay, close in closed.items():
            self.closed[relay] = close
            self._kept[2 + relay] = close
        if tuple(self.closed) != before:
            self._tell()

    def settle(self) -> None:
        """Wait until all that was sent has been heard."""
        with self._lock:
            self._quiet_rounds = 0
        while self._quiet_rounds < SETTLED_ROUNDS and not self._stop.wait(HEAR_S):
            pass

    @property
    def has_stayed_powered(self) -> bool:
        """Since before it was made here, with its port plugged in."""
        return self._was_at is not None

    @abstractmethod
    def receive(self, data: bytes) -> bytes:
        """What it answers; moves its relays."""

    def say_by_itself(self) -> bytes:
        """What it sends without being asked, called over and over."""
        return b""

    def _run(self) -> None:
        while not self._stop.wait(HEAR_S):
            with self._lock:
                data = self.terminal.hear()
                self._quiet_rounds = 0 if data else self._quiet_rounds + 1
                answer = b"" if self.is_silent or not data else self._spoilt(self.receive(data))
                self.terminal.say(answer + self.say_by_itself())

    def _spoilt(self, answer: bytes) -> bytes:
        if not self.garbled or not answer:
            return answer
        self.garbled -= 1
        middle = len(answer) // 2
        return answer[:middle] + bytes([answer[middle] ^ 0x10]) + answer[middle + 1 :]

    def _note_port(self) -> None:
        number = self.terminal.number
        self._kept[:2] = struct.pack(">H", PULLED if number is None else number)

    def _tell(self) -> None:
        if self._on_relays is not None:
            self._on_relays(tuple(self.closed))

# SPDX-License-Identifier: Apache-2.0
"""An LCUS relay board on the other side of a pseudo-terminal: four bytes a command."""

from __future__ import annotations

from pathlib import Path

from pdu_agent.hw.sim.serial_board import OnRelays, SimSerialBoard


class SimLcus(SimSerialBoard):
    """tells_states: answers 0xFF with a line for each relay. welded: relays that stay closed.

    commands: every command it took, as bytes. Anything else on the line is passed over.
    """

    def __init__(
        self,
        path: Path,
        relay_count: int = 8,
        on_relays: OnRelays | None = None,
        own_supply: bool = False,
        tells_states: bool = False,
        kept: Path | None = None,
    ) -> None:
        self.commands: list[bytes] = []
        self.tells_states = tells_states
        self.welded: set[int] = set()
        self._line = b""
        super().__init__(path, relay_count, on_relays, own_supply, kept)

    def receive(self, data: bytes) -> bytes:
        self._line += data
        answer = b""
        while self._line:
            if self._line[0] == 0xFF and self.tells_states:
                answer += self._states()
                self._line = self._line[1:]
            elif self._line[0] != 0xA0:
                self._line = self._line[1:]
            elif len(self._line) < 4:
                break
            else:
                self._obey(self._line[:4])
                self._line = self._line[4:]
        return answer

    def _obey(self, command: bytes) -> None:
        _, relay, state, checksum = command
        if checksum != sum(command[:3]) % 256 or state > 1 or not 1 <= relay <= self.relay_count:
            return
        self.commands.append(command)
        self.move({relay - 1: bool(state) or relay - 1 in self.welded})

    def _states(self) -> bytes:
        words = ("ON" if closed else "OFF" for closed in self.closed)
        return "".join(f"CH{n}: {word}\r\n" for n, word in enumerate(words, 1)).encode()

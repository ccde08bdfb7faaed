# SPDX-License-Identifier: Apache-2.0
"""A Numato relay module on the other side of a pseudo-terminal: echo, answer, prompt."""

from __future__ import annotations

from pathlib import Path

from pdu_agent.hw.sim.serial_board import OnRelays, SimSerialBoard

NAMES_TO_32 = "0123456789ABCDEFGHIJKLMNOPQRSTUV"


class SimNumato(SimSerialBoard):
    """commands: every line that may move relays. is_garbling: swaps the letters of what it says.

    knows_all_at_once: has the commands for all relays. welded: relays that stay closed.
    """

    def __init__(
        self,
        path: Path,
        relay_count: int = 8,
        on_relays: OnRelays | None = None,
        own_supply: bool = False,
        kept: Path | None = None,
    ) -> None:
        self.commands: list[str] = []
        self.is_garbling = False
        self.knows_all_at_once = True
        self.welded: set[int] = set()
        self._line = ""
        super().__init__(path, relay_count, on_relays, own_supply, kept)

    def receive(self, data: bytes) -> bytes:
        said = ""
        for character in data.decode("ascii", "replace"):
            said += character
            if character != "\r":
                self._line += character
                continue
            line, self._line = self._line, ""
            answer = self._obey(line.split())
            said += f"\n\r{answer}\n\r>" if answer else "\n\r>"
        return (said.swapcase() if self.is_garbling else said).encode()

    def _obey(self, words: list[str]) -> str:
        if len(words) < 2 or words[0] != "relay":
            return ""
        answer = self._relay_command(words[1], words[2] if len(words) > 2 else "")
        if answer is None:
            return "error"
        if words[1] in ("on", "off", "writeall"):
            self.commands.append(" ".join(words))
        return answer

    def _relay_command(self, verb: str, argument: str) -> str | None:
        digits = self.relay_count // 4
        if verb == "readall" and self.knows_all_at_once:
            return f"{sum(1 << n for n, closed in enumerate(self.closed) if closed):0{digits}x}"
        if verb == "writeall" and self.knows_all_at_once and len(argument) == digits:
            mask = int(argument, 16)
            self._switch({n: bool(mask >> n & 1) for n in range(self.relay_count)})
            return ""
        relay = self._relay(argument)
        if relay is None or verb not in ("on", "off", "read"):
            return None
        if verb == "read":
            return "on" if self.closed[relay] else "off"
        self._switch({relay: verb == "on"})
        return ""

    def _switch(self, closed: dict[int, bool]) -> None:
        self.move({relay: close or relay in self.welded for relay, close in closed.items()})

    def _relay(self, name: str) -> int | None:
        if self.relay_count > len(NAMES_TO_32):
            relay = int(name) if len(name) == 2 and name.isdigit() else -1
        elif len(name) == 1:
            relay = NAMES_TO_32.find(name.upper() if self.relay_count <= 16 else name)
        else:
            relay = -1
        return relay if 0 <= relay < self.relay_count else None

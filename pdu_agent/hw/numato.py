# SPDX-License-Identifier: Apache-2.0
"""Numato USB relay modules of 8 to 64 relays: text commands with echo and prompt.

A command ends with CR; the module echoes it, answers after LF CR, and prompts with ">"
(maker's user guides). Relays are named by a hexadecimal digit up to 16 of them, by 0-9 A-V
up to 32, and by two decimal digits of 64.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass

from pdu_agent.hw.relay_memory import RelayMemory
from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.hw.serial_relays import DialogueBank, own_supply_setting
from pdu_agent.hw.site import Site
from pdu_agent.model.errors import BusTimeout, ConfigError, HardwareError
from pdu_agent.model.settings import setting

DRIVER = "numato"
BAUD_RATE = 19200  # a USB CDC port takes any
SIZES = (8, 16, 32, 64)
_PROMPT = re.compile(rb">")
_DIGITS = string.digits + string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class NumatoSettings:
    """One module on one USB port. Raises ConfigError for a size that there is not."""

    relay_count: int = setting(8, minimum=8, maximum=64, doc="relays of the module: 8 16 32 64")
    all_at_once: bool = setting(
        True, doc="false where the firmware has no `relay readall` and `relay writeall`"
    )
    own_supply: bool = own_supply_setting()

    def __post_init__(self) -> None:
        if self.relay_count not in SIZES:
            raise ConfigError(f"relay_count: {self.relay_count}, expected 8, 16, 32 or 64")


class NumatoBank(DialogueBank):
    """RelayBank on one module; several relays move by one command where the firmware has it."""

    def __init__(self, port: SerialPort, settings: NumatoSettings, memory: RelayMemory) -> None:
        super().__init__(DRIVER, port, memory, settings.relay_count, settings.own_supply)
        self._all_at_once = settings.all_at_once

    @classmethod
    def connect(cls, site: Site, settings: NumatoSettings) -> NumatoBank:
        port = SerialPort(DRIVER, site.connections.path(site.place), BAUD_RATE)
        return cls(port, settings, RelayMemory(site.runtime_dir, site.name, settings.relay_count))

    def _greet(self) -> None:
        """An empty line is answered with a prompt, whatever was typed before."""
        self._port.write(b"\r")
        self._answer(_PROMPT, "ask for a prompt")
        self._port.drop_input()

    def _set(self, closed: Mapping[int, bool]) -> None:
        if self._all_at_once and len(closed) > 1:
            wanted = dict(enumerate(self._read())) | dict(closed)
            mask = sum(1 << relay for relay, close in wanted.items() if close)
            self._ask(f"relay writeall {mask:0{self.relay_count // 4}x}")
            return
        for relay, close in closed.items():
            self._ask(f"relay {'on' if close else 'off'} {relay_name(relay, self.relay_count)}")

    def _read(self) -> tuple[bool, ...]:
        if self._all_at_once:
            answer = self._ask("relay readall")
            # Nothing that is merely like it: what is read here is written back by `_set`.
            if not re.fullmatch(rf"[0-9a-f]{{1,{self.relay_count // 4}}}", answer):
                raise self._misunderstood("relay readall", answer)
            mask = int(answer, 16)
            return tuple(bool(mask >> relay & 1) for relay in range(self.relay_count))
        return tuple(self._read_one(relay) for relay in range(self.relay_count))

    def _read_one(self, relay: int) -> bool:
        question = f"relay read {relay_name(relay, self.relay_count)}"
        answer = self._ask(question)
        if answer not in ("on", "off"):
            raise self._misunderstood(question, answer)
        return answer == "on"

    def _ask(self, line: str) -> str:
        """The answer to one command, without echo and prompt; "" where there is none."""
        self._port.write(line.encode("ascii") + b"\r")
        answer = self._answer(_PROMPT, line).decode("ascii", "replace")
        echo, _, rest = answer.partition(">")[0].lstrip("\r\n").partition("\r")
        if echo.strip() != line:
            raise self._misunderstood(line, answer)
        return rest.strip().lower()

    def _misunderstood(self, line: str, answer: str) -> HardwareError:
        return BusTimeout(DRIVER, line, f"answered {answer!r}; is this a Numato relay module?")


def relay_name(relay: int, relay_count: int) -> str:
    """What commands call it."""
    if relay_count > len(_DIGITS):
        return f"{relay:02d}"
    name = _DIGITS[relay]
    return name.lower() if relay_count <= 16 else name

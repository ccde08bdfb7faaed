# SPDX-License-Identifier: Apache-2.0
"""What relay boards on a serial line (mostly USB) have in common: the port and the supply."""

from __future__ import annotations

import errno
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import serial

from pdu_agent.hw.relay_memory import ANY_PLUG, RelayMemory, plug_of
from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError
from pdu_agent.model.settings import setting

ANSWER_S = 0.5
_NOT_GONE = (errno.EACCES, errno.EPERM, errno.EBUSY, errno.EAGAIN, errno.EINVAL)


def own_supply_setting() -> bool:
    value: bool = setting(
        False, doc="true where the board is not fed by its USB port: relays stay when it is pulled"
    )
    return value


class SerialRelayBank(ABC):
    """RelayBank on one serial line. Made without touching the port.

    A port that vanished took the board's supply with it, unless own_supply: the board is
    cold when it is back. cold_state: what its relays are then, None where nobody knows.
    """

    cold_state: bool | None = False

    def __init__(
        self, driver: str, path: str, memory: RelayMemory, relay_count: int, own_supply: bool
    ) -> None:
        self.relay_count = relay_count
        self._driver = driver
        self._path = path
        self._memory = memory
        self._own_supply = own_supply

    def inspect(self) -> tuple[bool, tuple[bool | None, ...]]:
        """Cold when nothing was told to the board since it has its supply.

        A relay that is found closed proves that the supply lasted. A board that cannot be
        read is what it was told to be.
        """
        with self._watched():
            plug = self._connected()
            shown = self._read()
        told = self._memory.recall(plug)
        cold = told is None and not self._own_supply and not any(shown or ())
        if told is None and not cold:
            self._memory.begin(plug, None)
        if shown is not None:
            return cold, shown
        return cold, told or (self.cold_state if cold else None,) * self.relay_count

    def initialise(self) -> None:
        with self._watched():
            plug = self._connected()
            self._memory.begin(plug, None)
            self._set(dict.fromkeys(range(self.relay_count), False))
        self._memory.begin(plug, False)

    def write(self, closed: Mapping[int, bool]) -> None:
        """Raises BusTimeout for a board that lost its supply and was not set up since, and
        ValueError for a relay that the board does not have; then nothing was written."""
        for relay in closed:
            if not 0 <= relay < self.relay_count:
                raise ValueError(
                    f"{self._driver}: relay {relay}, expected 0..{self.relay_count - 1}"
                )
        with self._watched():
            plug = self._connected()
            if self._memory.recall(plug) is None:
                self._refuse_unless_own_supply(plug)
            self._memory.note(dict.fromkeys(closed))
            self._set(closed)
        self._memory.note(closed)

    def read_back(self, relays: Iterable[int]) -> dict[int, bool | None]:
        """What the board says, None where it cannot."""
        with self._watched():
            shown = self._read()
        if shown is None:
            return dict.fromkeys(relays)
        found: dict[int, bool | None] = {relay: shown[relay] for relay in relays}
        self._memory.note(found)
        return found

    def _refuse_unless_own_supply(self, plug: str) -> None:
        """A board that was plugged in anew is set up first: nobody saw what its relays did."""
        if not self._own_supply:
            detail = "the board lost its supply, or was replaced; it is set up first"
            raise BusTimeout(self._driver, f"switch relays at {self._path}", detail)
        self._memory.begin(plug, None)

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _connected(self) -> str:
        """`_plug` of the port, which is open and ready for a command."""

    @abstractmethod
    def _set(self, closed: Mapping[int, bool]) -> None:
        """Move these relays."""

    @abstractmethod
    def _read(self) -> tuple[bool, ...] | None:
        """What the relays are; None where the board cannot tell."""

    def _plug(self) -> str:
        """This plugging-in of the port."""
        if self._own_supply:
            return ANY_PLUG
        try:
            return plug_of(self._path)
        except OSError as exc:
            raise ChipNotFound(self._driver, f"look at {self._path}", "the port is gone") from exc

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Remember when the supply goes with the port."""
        try:
            yield
        except HardwareError as exc:
            if _is_gone(exc) and not self._is_still_plugged():
                self._memory.forget()
            raise

    def _is_still_plugged(self) -> bool:
        """One transfer may fail on a board that has kept its supply."""
        try:
            return self._memory.recall(self._plug()) is not None
        except HardwareError:
            return False


class DialogueBank(SerialRelayBank):
    """A board that speaks when it is spoken to; its port is this driver's own."""

    def __init__(
        self, driver: str, port: SerialPort, memory: RelayMemory, relay_count: int, own_supply: bool
    ) -> None:
        super().__init__(driver, port.path, memory, relay_count, own_supply)
        self._port = port
        self._is_open = False

    def close(self) -> None:
        self._is_open = False
        self._port.close()

    @abstractmethod
    def _greet(self) -> None:
        """Bring the dialogue to its beginning."""

    def _connected(self) -> str:
        if not self._is_open:
            self._port.open()
            self._is_open = True
        self._port.drop_input()
        plug = self._plug()
        self._greet()
        return plug

    def _answer(self, end: re.Pattern[bytes], operation: str) -> bytes:
        """What the board says until `end` is in it, within about ANSWER_S."""
        answer = b""
        end_s = time.monotonic() + ANSWER_S
        while time.monotonic() < end_s:
            answer += self._port.read()
            if end.search(answer):
                return answer
        shown = f"it said {answer[-40:]!r} only" if answer else "not a byte came"
        raise BusTimeout(self._driver, operation, f"no answer within {ANSWER_S:g} s; {shown}")


def _is_gone(exc: HardwareError) -> bool:
    """Has the device left, or is it only silent, or not ours?"""
    cause = exc.__cause__
    if cause is None or isinstance(cause, serial.SerialTimeoutException):
        return False
    number = getattr(cause, "errno", None) or (cause.args[0] if cause.args else None)
    return number not in _NOT_GONE

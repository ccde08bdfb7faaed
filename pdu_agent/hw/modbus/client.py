# SPDX-License-Identifier: Apache-2.0
"""Registers of one unit on a line: repeats, exceptions, and answers that come too late."""

from __future__ import annotations

import time

from pdu_agent.hw.modbus.line import DRIVER, Line
from pdu_agent.hw.modbus.messages import (
    EXCEPTION_FLAG,
    EXCEPTIONS,
    PASSING_EXCEPTIONS,
    Request,
    read_request,
    words_read,
    write_request,
)
from pdu_agent.model.errors import BusTimeout, ChipNotFound

ATTEMPTS = 3
PATIENCE_S = 4.0
"""No further attempt after this, in real time: where all meters of a long line are dead, each
attempt waits for all of theirs, and a thread that is away for 15 s is taken for a stuck one."""


class Client:
    """One unit, for one thread. unanswered: attempts that brought no valid response.

    On a serial line a response does not say what it answers. So a request that stayed without
    one is asked again before any other, and after it the line is listened to until nothing is
    owed any more: a meter that stalls and then answers everything cannot have its current
    taken for its voltage.
    """

    def __init__(self, line: Line, unit: int, timeout_s: float) -> None:
        self.unanswered = 0
        self._line = line
        self._unit = unit
        self._timeout_s = timeout_s
        self._owed: Request | None = None
        self._is_open = False

    @property
    def place(self) -> str:
        return f"unit {self._unit} on {self._line.path}"

    def open(self) -> None:
        self._line.open(self)
        self._is_open = True

    def close(self) -> None:
        self._is_open = False
        self._line.close(self)

    def read(self, function: int, register: int, words: int) -> tuple[int, ...]:
        """The registers' contents. Raises BusTimeout without a valid response, ChipNotFound
        where the unit refuses.
        """
        request = read_request(function, register, words)
        return words_read(self._ask(request, f"read register 0x{register:04x}"))

    def write(self, register: int, values: tuple[int, ...]) -> None:
        """Set consecutive registers. Raises as `read` does."""
        self._ask(write_request(register, values), f"write register 0x{register:04x}")

    def _ask(self, request: Request, what: str) -> bytes:
        if not self._is_open:
            raise BusTimeout(DRIVER, f"{what} of {self.place}", "the line is not open")
        deadline_s = time.monotonic() + PATIENCE_S
        if self._owed is not None and self._owed != request:
            self._answered(self._owed, "ask again", deadline_s)
        return self._answered(request, what, deadline_s)

    def _answered(self, request: Request, what: str, deadline_s: float) -> bytes:
        attempts = 0
        while attempts == 0 or (attempts < ATTEMPTS and time.monotonic() < deadline_s):
            attempts += 1
            response = self._line.exchange(self._unit, request, self._timeout_s)
            if response is None:
                self.unanswered += 1
                if not self._line.framing.knows_its_answers:
                    self._owed = request
                continue
            self._settle(deadline_s)
            if not response[0] & EXCEPTION_FLAG:
                return response
            if response[1] not in PASSING_EXCEPTIONS:
                raise self._refused(what, response[1])
        raise BusTimeout(
            DRIVER,
            f"{what} of {self.place}",
            f"no valid response in {attempts} attempts; are address, speed and parity those of"
            " the meter, and A and B not swapped?",
        )

    def _settle(self, deadline_s: float) -> None:
        """Hear out what comes late, until nothing more does; what is still owed when the time is
        up is asked for again before anything else.
        """
        if self._owed is None:
            return
        for _ in range(ATTEMPTS):
            if not self._line.listen(self._timeout_s):
                self._owed = None
                return
            if time.monotonic() > deadline_s:
                return
        raise BusTimeout(DRIVER, f"read {self.place}", "somebody talks without being asked")

    def _refused(self, what: str, code: int) -> ChipNotFound:
        why = EXCEPTIONS.get(code, "a reason of its own")
        return ChipNotFound(
            DRIVER,
            f"{what} of {self.place}",
            f"refused with exception {code}: {why}; does the map fit this meter?",
        )

# SPDX-License-Identifier: Apache-2.0
"""One relay board as its bus's worker keeps it: opened, watched, lost and found again.

No thread and no sleeping in here; the worker calls, and may block in the driver.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from pdu_agent.hw.ports import RelayBank
from pdu_agent.model.clock import Clock
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.readings import BankLost, BankState, RelayResult

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 10.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class BankLink:
    """The board `name`. `open_bank` makes its driver, and again after each loss, so that
    a bus adapter that was unplugged is opened anew; it may raise HardwareError.

    due_s: when, on the clock, the board wants to be looked at next.
    """

    def __init__(
        self, name: str, open_bank: Callable[[], RelayBank], clock: Clock, poll_s: float
    ) -> None:
        self.name = name
        self.due_s = clock.monotonic_s()
        self._open_bank = open_bank
        self._clock = clock
        self._poll_s = poll_s
        self._bank: RelayBank | None = None
        self._told: BankState | BankLost | None = None
        self._retry_s = FIRST_RETRY_S

    def look(self) -> BankState | BankLost:
        """What the board is now. A lost board is opened again first."""
        try:
            found: BankState | BankLost = self._inspect()
        except HardwareError as exc:
            found = self._lose(str(exc))
        self._told = found
        return found

    def news(self) -> BankState | BankLost | None:
        """What `look` finds, or None when that was told before."""
        told = self._told
        found = self.look()
        if isinstance(found, BankLost) and isinstance(told, BankLost):
            return None
        return None if found == told else found

    def initialise(self) -> BankState | BankLost:
        """Bring the board up with every relay open, if it is cold; what it is afterwards.

        A board that is up stays as it is: a request that comes twice, or late, must not
        open the relays that were closed in between. One that cannot be brought up counts
        as lost, and is found cold again after a pause.
        """
        found = self.look()
        if isinstance(found, BankLost) or not found.cold or self._bank is None:
            return found
        try:
            self._drive("initialise", self._bank.initialise)
        except HardwareError as exc:
            self._told = self._lose(str(exc))
            return self._told
        return self.look()

    def write(self, closed: Mapping[int, bool]) -> Callable[[], RelayResult]:
        """Set the relays; what it returns reads them back, and is called before anything else
        is done with this board. A board that is lost is not tried before its next retry.

        After a failure the board is due at once, and is told anew whatever it shows.
        """
        bank = self._bank
        if bank is None:
            lost = self._told.error if isinstance(self._told, BankLost) else "not opened yet"
            return partial(self._refused, closed, lost)
        try:
            self._drive("write", partial(bank.write, closed))
        except HardwareError as exc:
            return partial(self._failed, closed, exc)
        return partial(self._read_back, bank, closed, self._clock.monotonic_s())

    def close(self) -> None:
        """Let go of the bus; the relays stay as they are."""
        if self._bank is not None:
            self._bank.close()
            self._bank = None

    def _read_back(
        self, bank: RelayBank, closed: Mapping[int, bool], moved_s: float
    ) -> RelayResult:
        try:
            read_back = self._drive("read back", partial(bank.read_back, closed))
        except HardwareError as exc:
            return self._failed(closed, exc, moved_s)
        self._note(read_back)
        return RelayResult(self.name, closed, read_back, moved_s=moved_s)

    def _inspect(self) -> BankState:
        if self._bank is None:
            self._bank = self._drive("open", self._open_bank)
        cold, closed = self._drive("inspect", self._bank.inspect)
        if isinstance(self._told, BankLost):
            log.info("relay board %s: answers again%s", self.name, ", cold" if cold else "")
        if not cold:  # a cold board may yet refuse to be brought up
            self._retry_s = FIRST_RETRY_S
        self.due_s = self._clock.monotonic_s() + self._poll_s
        return BankState(self.name, cold, closed)

    def _drive(self, operation: str, action: Callable[[], T]) -> T:
        """Run a driver's method; a bug in it must not end the thread of its neighbours."""
        try:
            return action()
        except HardwareError:
            raise
        except Exception as exc:
            log.exception("relay board %s: the driver failed to %s", self.name, operation)
            raise HardwareError(self.name, operation, f"the driver failed: {exc!r}") from exc

    def _lose(self, error: str) -> BankLost:
        if not isinstance(self._told, BankLost):
            log.warning("relay board %s: lost: %s", self.name, error)
        self.close()
        self.due_s = self._clock.monotonic_s() + self._retry_s
        self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)
        return BankLost(self.name, error)

    def _note(self, read_back: Mapping[int, bool | None]) -> None:
        """Count a write's read-back as told, so that the next look is no news."""
        if isinstance(self._told, BankState):
            closed = tuple(
                read_back.get(relay, known) for relay, known in enumerate(self._told.closed)
            )
            self._told = BankState(self.name, self._told.cold, closed)

    def _failed(
        self, closed: Mapping[int, bool], error: HardwareError, moved_s: float | None = None
    ) -> RelayResult:
        self._told = None
        self.due_s = self._clock.monotonic_s()
        return RelayResult(self.name, closed, dict.fromkeys(closed), str(error), moved_s)

    def _refused(self, closed: Mapping[int, bool], error: str) -> RelayResult:
        return RelayResult(self.name, closed, dict.fromkeys(closed), error)

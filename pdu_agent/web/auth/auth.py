# SPDX-License-Identifier: Apache-2.0
"""What both doors share about people: accounts, sessions, wrong tries, and the turns to hash."""

from __future__ import annotations

import math

from pdu_agent.access.accounts.accounts import Accounts
from pdu_agent.access.accounts.password import MAX_CHARACTERS, NOBODYS, matches
from pdu_agent.access.accounts.user import User
from pdu_agent.model.clock import Clock, SystemClock
from pdu_agent.web.auth.lockout import Lockout
from pdu_agent.web.auth.sessions import Sessions
from pdu_agent.web.auth.setup_code import SetupCode
from pdu_agent.web.auth.turns import Turns
from pdu_agent.web.problems import Problem

IDLE_S = 3600.0
LONGEST_S = 12 * 3600.0


class Auth:
    """In one loop. accounts may be changed by `turns` alone."""

    def __init__(
        self,
        accounts: Accounts | None = None,
        clock: Clock | None = None,
        idle_s: float = IDLE_S,
        longest_s: float = LONGEST_S,
        setup: SetupCode | None = None,
    ) -> None:
        self.clock = clock = clock or SystemClock()
        self.accounts = accounts or Accounts(clock=clock)
        self.sessions = Sessions(self.accounts, clock, idle_s, longest_s)
        self.lockout = Lockout(clock)
        self.turns = Turns()
        self.setup = setup or SetupCode(clock)
        self.urls: list[str] = []
        """How browsers reach this unit; the server knows once it listens."""

    async def user_with(self, name: str, password: str, address: str) -> User:
        """The user of this name and password. Raises Problem, the same one and after the same
        time whether the name is unknown or the password wrong; and Busy.
        """
        self.require_patience(address)
        user = self.accounts.user(name)
        kept = user.password if user is not None else NOBODYS
        tried = password[: MAX_CHARACTERS + 1]
        is_right = await self.turns.take(lambda: matches(tried, kept))
        # They may have been changed or removed while this waited.
        if user is None or not is_right or self.accounts.user(name) != user:
            self.lockout.wrong(address)
            raise Problem.about_request(401, "the name or the password is wrong")
        return user

    def require_patience(self, address: str) -> None:
        """Raises Problem while the source has to wait."""
        wait_s = self.lockout.wait_s(address)
        if wait_s > 0:
            seconds = math.ceil(wait_s)
            raise Problem.about_request(
                429, f"too many wrong tries from {address}; try again in {seconds} s", seconds
            )

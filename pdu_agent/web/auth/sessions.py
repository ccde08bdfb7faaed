# SPDX-License-Identifier: Apache-2.0
"""Who is logged in with a browser: in memory only, bounded in number and in time."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from pdu_agent.access.accounts.accounts import Accounts
from pdu_agent.access.accounts.user import User
from pdu_agent.model.clock import Clock

MAX_SESSIONS = 128
MAX_PER_USER = 16
"""Of more the one that was idle longest ends: nobody can fill the table for others."""
_SECRET_OCTETS = 32
_MAX_SECRET = 64


@dataclass(slots=True)
class Session:
    """user: as they were when they logged in. csrf: what their scripts prove themselves with."""

    user: User
    csrf: str = field(repr=False)
    begun_s: float
    used_s: float
    is_ended: bool = False


class Sessions:
    """idle_s: without a request so long, it ends; max_s: so long after its beginning in any case.

    Cookies hold 256 random bits; here only their digests are kept.
    """

    def __init__(self, accounts: Accounts, clock: Clock, idle_s: float, max_s: float) -> None:
        self._accounts = accounts
        self._clock = clock
        self.idle_s = idle_s
        self.max_s = max_s
        self._open: dict[bytes, Session] = {}

    def begin(self, user: User) -> tuple[Session, str]:
        """A new session and the secret of its cookie: never one that the client came with."""
        self._make_room(user.name)
        now_s = self._clock.monotonic_s()
        secret = secrets.token_urlsafe(_SECRET_OCTETS)
        session = Session(user, secrets.token_urlsafe(_SECRET_OCTETS), now_s, now_s)
        self._open[_digest(secret)] = session
        return session, secret

    def find(self, secret: str) -> Session | None:
        """The session of this cookie, which has been used now."""
        if len(secret) > _MAX_SECRET:
            return None
        session = self._open.get(_digest(secret))
        if session is None or not self.is_valid(session):
            return None
        session.used_s = self._clock.monotonic_s()
        return session

    def is_valid(self, session: Session) -> bool:
        """Asking is no use of it. It ends with any change of its user."""
        now_s = self._clock.monotonic_s()
        return (
            not session.is_ended
            and now_s - session.used_s < self.idle_s
            and now_s - session.begun_s < self.max_s
            and self._accounts.user(session.user.name) == session.user
        )

    def end(self, session: Session) -> None:
        session.is_ended = True
        self._drop_ended()

    def _make_room(self, name: str) -> None:
        self._drop_ended()
        own = [each for each in self._open.values() if each.user.name == name]
        if len(own) >= MAX_PER_USER:
            self.end(min(own, key=lambda each: each.used_s))
        if len(self._open) >= MAX_SESSIONS:
            self.end(min(self._open.values(), key=lambda each: each.used_s))

    def _drop_ended(self) -> None:
        self._open = {key: each for key, each in self._open.items() if self.is_valid(each)}


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()

# SPDX-License-Identifier: Apache-2.0
"""The users and tokens of the unit, and every change of them: kept first, then in force."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pdu_agent.access.accounts.book import Book
from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.access.accounts.token import ID_OCTETS, MAX_SECRET, Token, digest_of, new_secret
from pdu_agent.access.accounts.user import User
from pdu_agent.access.grant import Rights
from pdu_agent.model.clock import Clock, SystemClock
from pdu_agent.model.errors import (
    InvalidValue,
    NotNow,
    StoreError,
    TableFull,
    Unavailable,
    UnknownTarget,
)

MAX_USERS = 64
MAX_TOKENS = 256
MAX_LIFE_S = 10 * 366 * 86400.0


def _keep_nothing(_book: Book) -> None:
    """For accounts that end with the process."""


class Accounts:
    """save: makes a book durable; it may block, and raises StoreError. trouble: why the book
    could not be read; then there is nobody, and nothing can be changed.

    Reading is for any thread: a book is never changed, only replaced. Changes come one at a time,
    from a thread that may wait. Each raises CommandError, and Unavailable where it cannot be
    kept; then everything is as before.
    """

    def __init__(
        self,
        book: Book | None = None,
        clock: Clock | None = None,
        save: Callable[[Book], None] = _keep_nothing,
        trouble: str = "",
    ) -> None:
        self._clock = clock or SystemClock()
        self._save = save
        self.trouble = trouble
        self._take(book or Book())

    def _take(self, book: Book) -> None:
        self._by_digest = {token.digest: token for token in book.tokens.values()}
        self._book = book

    @property
    def users(self) -> Sequence[User]:
        """In the order of their names."""
        return sorted(self._book.users.values(), key=lambda user: user.name)

    @property
    def tokens(self) -> Sequence[Token]:
        """Also those that have expired; in the order in which they were made."""
        return tuple(self._book.tokens.values())

    def user(self, name: str) -> User | None:
        return self._book.users.get(name)

    def token(self, number: str) -> Token | None:
        """By its id."""
        return self._book.tokens.get(number)

    def token_of(self, secret: str) -> Token | None:
        """The token with this secret, also when it has expired."""
        return self._by_digest.get(digest_of(secret)) if len(secret) <= MAX_SECRET else None

    def is_in_force(self, token: Token) -> bool:
        """Whether this very token is still there, and has not expired."""
        return self._book.tokens.get(token.id) is token and not token.is_expired(
            self._clock.wall_s()
        )

    def add_user(self, name: str, role: Role, password: str, outlets: Mapping[str, Rights]) -> User:
        """password: as `hashed` makes it, as everywhere here."""
        book = self._changeable()
        taken = next((each for each in book.users if each.casefold() == name.casefold()), None)
        if taken == name:
            raise NotNow(f"there is a user {name!r} already")
        if taken is not None:
            raise NotNow(
                f"there is a user {taken!r} already: {name!r} differs in capitals only, and the "
                f"audit log would tell of two that look like one"
            )
        if not book.users and role is not Role.ADMIN:
            raise NotNow("the first user has to be an administrator")
        if len(book.users) >= MAX_USERS:
            raise TableFull(f"there are {MAX_USERS} users already: remove one first")
        user = User(name, role, password, outlets)
        self._keep(replace(book, users={**book.users, name: user}))
        return user

    def change_user(
        self, name: str, role: Role | None = None, outlets: Mapping[str, Rights] | None = None
    ) -> User:
        """None leaves it as it is."""
        book = self._changeable()
        old = self._existing(name)
        new = User(
            name,
            old.role if role is None else role,
            old.password,
            old.outlets if outlets is None else outlets,
        )
        if new != old:
            self._keep(replace(book, users=_with_admin({**book.users, name: new})))
        return self._book.users[name]

    def set_password(self, name: str, password: str) -> User:
        book = self._changeable()
        old = self._existing(name)
        new = User(name, old.role, password, old.outlets)
        self._keep(replace(book, users={**book.users, name: new}))
        return new

    def remove_user(self, name: str) -> None:
        """Their tokens go with them."""
        book = self._changeable()
        self._existing(name)
        users = {other: user for other, user in book.users.items() if other != name}
        tokens = {number: each for number, each in book.tokens.items() if each.owner != name}
        self._keep(Book(_with_admin(users), tokens))

    def add_token(
        self,
        name: str,
        owner: str,
        scope: Scope,
        outlets: Mapping[str, Rights],
        expires_wall_s: float | None,
    ) -> tuple[Token, str]:
        """The token and its secret, which nobody can ask for again. owner: "" for nobody's."""
        book, now_s = self._changeable(), self._clock.wall_s()
        if owner:
            self._existing(owner)
        if expires_wall_s is not None and not now_s < expires_wall_s <= now_s + MAX_LIFE_S:
            raise InvalidValue("expires: expected a time to come, at most ten years from now")
        if any((each.owner, each.name) == (owner, name) for each in book.tokens.values()):
            raise NotNow(f"there is a token {name!r} already")
        tokens = dict(book.tokens)
        if len(tokens) >= MAX_TOKENS:
            tokens = {n: each for n, each in tokens.items() if not each.is_expired(now_s)}
        if len(tokens) >= MAX_TOKENS:
            raise TableFull(f"there are {MAX_TOKENS} tokens already: remove one first")
        secret = new_secret()
        token = Token(
            id=secrets.token_hex(ID_OCTETS),
            name=name,
            owner=owner,
            digest=digest_of(secret),
            scope=scope,
            outlets=outlets,
            created_wall_s=now_s,
            expires_wall_s=expires_wall_s,
        )
        self._keep(replace(book, tokens={**tokens, token.id: token}))
        return token, secret

    def remove_token(self, number: str) -> None:
        book = self._changeable()
        if number not in book.tokens:
            raise UnknownTarget(f"there is no token {number[:40]!r}")
        self._keep(
            replace(book, tokens={n: each for n, each in book.tokens.items() if n != number})
        )

    def _existing(self, name: str) -> User:
        user = self._book.users.get(name)
        if user is None:
            raise UnknownTarget(f"there is no user {name[:40]!r}")
        return user

    def _changeable(self) -> Book:
        if self.trouble:
            raise Unavailable(self.trouble)
        return self._book

    def _keep(self, book: Book) -> None:
        try:
            self._save(book)
        except StoreError as error:
            raise Unavailable(str(error)) from error
        self._take(book)


def _with_admin(users: Mapping[str, User]) -> Mapping[str, User]:
    """Raises NotNow when nobody would be left who can let anybody in."""
    if not any(user.is_admin for user in users.values()):
        raise NotNow("this is the last administrator; make another one first")
    return users

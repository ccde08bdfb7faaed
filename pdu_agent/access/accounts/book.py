# SPDX-License-Identifier: Apache-2.0
"""All users and tokens of one instant, and the same as JSON-ready data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pdu_agent.access.accounts.password import check_kept
from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.access.accounts.token import Token
from pdu_agent.access.accounts.user import User
from pdu_agent.access.grant import Rights
from pdu_agent.model.errors import CommandError

SCHEMA = 1
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Book:
    """users: by name. tokens: by id, each of a user that there is, or of nobody."""

    users: Mapping[str, User] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)


def to_plain(book: Book) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "users": [
            {
                "name": user.name,
                "role": user.role.value,
                "password": user.password,
                "outlets": words_of(user.outlets),
            }
            for user in book.users.values()
        ],
        "tokens": [
            {
                "id": token.id,
                "name": token.name,
                "owner": token.owner,
                "digest": token.digest,
                "scope": token.scope.value,
                "outlets": words_of(token.outlets),
                "created": token.created_wall_s,
                "expires": token.expires_wall_s,
            }
            for token in book.tokens.values()
        ],
    }


def from_plain(plain: object) -> Book:
    """Raises ValueError that says what is wrong: nothing is guessed, and nothing left out."""
    try:
        return _book(plain)
    except KeyError as error:
        raise ValueError(f"{error} is missing") from None
    except (TypeError, AttributeError, CommandError) as error:
        raise ValueError(str(error)) from None


def words_of(outlets: Mapping[str, Rights]) -> dict[str, str]:
    return {span: rights.value for span, rights in outlets.items()}


def _book(plain: Any) -> Book:
    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
        raise ValueError(f"expected an object with schema {SCHEMA}")
    users = [_user(each) for each in plain["users"]]
    tokens = [_token(each) for each in plain["tokens"]]
    book = Book({user.name: user for user in users}, {token.id: token for token in tokens})
    if len(book.users) != len(users) or len(book.tokens) != len(tokens):
        raise ValueError("a user or a token is there twice")
    if users and not any(user.is_admin for user in users):
        raise ValueError("there are users, and none of them is an administrator")
    for token in tokens:
        if token.owner and token.owner not in book.users:
            raise ValueError(f"token {token.id}: there is no user {token.owner!r}")
    return book


def _user(plain: Any) -> User:
    password = plain["password"]
    check_kept(password)
    return User(plain["name"], Role(plain["role"]), password, _outlets(plain["outlets"]))


def _token(plain: Any) -> Token:
    digest, expires = plain["digest"], plain["expires"]
    if not isinstance(digest, str) or len(digest) != 64 or not _HEX.issuperset(digest):
        raise ValueError(f"token {plain['id']}: its digest is none")
    return Token(
        id=str(plain["id"]),
        name=plain["name"],
        owner=str(plain["owner"]),
        digest=digest,
        scope=Scope(plain["scope"]),
        outlets=_outlets(plain["outlets"]),
        created_wall_s=float(plain["created"]),
        expires_wall_s=None if expires is None else float(expires),
    )


def _outlets(plain: Any) -> dict[str, Rights]:
    return {str(span): Rights(word) for span, word in plain.items()}

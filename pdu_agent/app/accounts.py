# SPDX-License-Identifier: Apache-2.0
"""The accounts of an agent: in its state folder, or those of a demo, which end with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pdu_agent.access.accounts.accounts import Accounts
from pdu_agent.access.accounts.book import Book, from_plain, to_plain
from pdu_agent.access.accounts.password import hashed
from pdu_agent.access.accounts.role import Role
from pdu_agent.access.accounts.user import User
from pdu_agent.model.errors import StoreError
from pdu_agent.store.private_file import PrivateFile

log = logging.getLogger(__name__)

FILE_NAME = "accounts.json"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom everybody knows: of the demo."""

    name: str
    role: Role
    password: str = field(repr=False)


def open_accounts(state_dir: Path, people: Sequence[Person] = ()) -> Accounts:
    """people: those that there are, and nobody else; nothing is kept then. Blocks.

    Accounts that cannot be read let nobody in: never as if there were none, since the first who
    came could then make themselves the administrator.
    """
    if people:
        users = [User(each.name, each.role, hashed(each.password)) for each in people]
        return Accounts(Book({user.name: user for user in users}))
    path = state_dir / FILE_NAME
    file = PrivateFile(path)
    try:
        plain = file.load()
        book = Book() if plain is None else _book(plain, path)
    except StoreError as error:
        trouble = (
            f"nobody is let in over TCP: {error}. Bring the file back from a backup; or move it"
            " away and restart, to begin with no accounts"
        )
        log.error("%s", trouble)
        return Accounts(trouble=trouble)
    return Accounts(book, save=lambda changed: file.save(to_plain(changed)))


def _book(plain: object, path: Path) -> Book:
    try:
        return from_plain(plain)
    except ValueError as error:
        raise StoreError(f"{path} is broken: {error}") from error

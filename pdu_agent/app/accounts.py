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
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.errors import CommandError, StoreError
from pdu_agent.store.private_file import PrivateFile
from pdu_agent.web.auth.auth import Auth
from pdu_agent.web.auth.setup_code import SetupCode

log = logging.getLogger(__name__)

FILE_NAME = "accounts.json"
SETUP_FILE = "setup.json"


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


def open_auth(settings: AgentSettings, people: Sequence[Person] = ()) -> Auth:
    """What both doors share, with the set-up code of an agent that ran before. Blocks."""
    file = PrivateFile(settings.runtime_dir / SETUP_FILE)
    try:
        kept = file.load()
    except StoreError as error:
        log.warning("%s; a new set-up link is made", error)
        kept = None
    clock = SystemClock()
    setup = SetupCode(clock, kept, lambda plain: file.save(plain or {}))
    accounts, http = open_accounts(settings.state_dir, people), settings.http
    return Auth(accounts, clock, http.session_idle_s, http.session_max_s, setup)


def announce_setup(auth: Auth) -> None:
    """Where nobody can log in yet, the log tells how to make the first user. Blocks."""
    if auth.accounts.users or auth.accounts.trouble or not auth.urls:
        return
    # Loaded here: with aiohttp it would delay SNMP, and is there by now.
    from pdu_agent.web.auth.setup_api import setup_links

    try:
        links = setup_links(auth)
    except CommandError as error:
        log.error("no users yet, and no set-up link: %s", error)
        return
    log.warning("no users yet. Make the first one within the hour, at %s", " or ".join(links))


def _book(plain: object, path: Path) -> Book:
    try:
        return from_plain(plain)
    except ValueError as error:
        raise StoreError(f"{path} is broken: {error}") from error

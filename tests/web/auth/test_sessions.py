# SPDX-License-Identifier: Apache-2.0
"""Sessions end in time, with their user, and when there are too many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pdu_agent.access.accounts.accounts import Accounts
from pdu_agent.access.accounts.role import Role
from pdu_agent.access.accounts.user import User
from pdu_agent.access.grant import Rights
from pdu_agent.model.clock import ManualClock
from pdu_agent.web.auth import sessions as module
from pdu_agent.web.auth.sessions import Sessions
from tests.access.accounts.test_accounts import HASH, family


def opened() -> tuple[Sessions, Accounts, ManualClock, User]:
    clock, accounts = ManualClock(), family()
    otto = accounts.user("otto")
    assert otto is not None
    return Sessions(accounts, clock, 600.0, 3600.0), accounts, clock, otto


def test_a_session_is_found_by_its_secret_alone() -> None:
    sessions, _, _, otto = opened()
    session, secret = sessions.begin(otto)
    assert sessions.find(secret) is session
    for wrong in ("", secret[:-1], session.csrf, "x" * 10_000, "\udcff"):
        assert sessions.find(wrong) is None
    assert secret not in repr(vars(sessions))
    assert session.csrf not in repr(session)


def test_use_keeps_it_alive_until_its_longest_time() -> None:
    sessions, _, clock, otto = opened()
    _, secret = sessions.begin(otto)
    for _ in range(6):
        clock.advance(599)
        assert sessions.find(secret) is not None
    clock.advance(6)
    assert sessions.find(secret) is None


def test_asking_whether_it_is_valid_is_no_use_of_it() -> None:
    sessions, _, clock, otto = opened()
    session, secret = sessions.begin(otto)
    for _ in range(59):
        clock.advance(10)
        assert sessions.is_valid(session)
    clock.advance(10)
    assert not sessions.is_valid(session)
    assert sessions.find(secret) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda accounts: accounts.change_user("otto", Role.VIEWER),
        lambda accounts: accounts.change_user("otto", None, {"1": Rights.NONE}),
        lambda accounts: accounts.set_password("otto", HASH.replace("A=", "B=")),
        lambda accounts: accounts.remove_user("otto"),
    ],
)
def test_any_change_of_its_user_ends_it(change: Callable[[Accounts], Any]) -> None:
    sessions, accounts, _, otto = opened()
    anna = accounts.user("anna")
    assert anna is not None
    session, secret = sessions.begin(otto)
    other, _ = sessions.begin(anna)
    change(accounts)
    assert not sessions.is_valid(session)
    assert sessions.find(secret) is None
    assert sessions.is_valid(other)


def test_one_user_has_room_for_so_many_and_takes_it_from_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_PER_USER", 2)
    monkeypatch.setattr(module, "MAX_SESSIONS", 3)
    sessions, accounts, clock, otto = opened()
    anna = accounts.user("anna")
    assert anna is not None
    hers, _ = sessions.begin(anna)
    mine = []
    for _ in range(5):
        clock.advance(1)
        mine.append(sessions.begin(otto)[0])
    assert [sessions.is_valid(each) for each in mine] == [False, False, False, True, True]
    assert sessions.is_valid(hers)
    assert len(sessions._open) == 3
    clock.advance(1)
    sessions.begin(anna)  # the table is full: the one that was idle longest goes
    assert len(sessions._open) == 3
    assert not sessions.is_valid(hers)

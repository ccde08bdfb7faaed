# SPDX-License-Identifier: Apache-2.0
"""The accounts of an agent: kept over restarts, and a broken file lets nobody in."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.app.accounts import FILE_NAME, Person, open_accounts
from pdu_agent.model.errors import Unavailable

HASH = "scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA==$" + "A" * 43 + "="


def test_accounts_of_an_earlier_start_are_there(tmp_path: Path) -> None:
    first = open_accounts(tmp_path)
    first.add_user("anna", Role.ADMIN, HASH, {})
    _, secret = first.add_token("ci", "anna", Scope.READ, {}, None)
    second = open_accounts(tmp_path)
    assert second.users == first.users
    assert second.token_of(secret) == first.tokens[0]


@pytest.mark.parametrize("content", ["", "{}", "null", '{"schema": 1, "users": [], "tokens": [1]}'])
def test_a_broken_file_lets_nobody_in_and_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(content, encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        accounts = open_accounts(tmp_path)
    assert f"{path} is broken" in accounts.trouble
    assert accounts.trouble in caplog.text
    with pytest.raises(Unavailable, match="backup"):
        accounts.add_user("anna", Role.ADMIN, HASH, {})
    assert path.read_text(encoding="utf-8") == content


def test_people_of_a_demo_leave_nothing_behind(tmp_path: Path) -> None:
    accounts = open_accounts(tmp_path, (Person("anna", Role.ADMIN, "correct horse"),))
    accounts.add_token("ci", "anna", Scope.READ, {}, None)
    assert list(tmp_path.iterdir()) == []
    assert "correct horse" not in repr(Person("anna", Role.ADMIN, "correct horse"))

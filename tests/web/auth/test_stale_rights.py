# SPDX-License-Identifier: Apache-2.0
"""Rights that end while a request is on its way: it does nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pdu_agent.access.accounts import password as hashing
from pdu_agent.access.accounts.role import Role, Scope
from tests.web.auth.browser import add_user, logged_in
from tests.web.fake_agent import ADMIN, RunningAgent, running_agent

SWITCH = ("/api/v1/outlets/1/off?wait_s=0", {})
ADMINISTRATION = (
    ("/api/v1/history/purge", {"from": "2027-01-01", "to": "2027-01-02", "dry_run": False}),
    ("/api/v1/reload", {}),
    ("/api/v1/users", {"name": "new", "role": "admin", "password": "a longer one"}),
    ("/api/v1/tokens", {"name": "new", "scope": "admin"}),
    ("/api/v1/setup/link", {}),
)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAgent]:
    monkeypatch.setattr(hashing, "COST", 2)
    with running_agent(tmp_path) as agent:
        add_user(agent, "otto", Role.ADMIN)
        yield agent


def answered(
    agent: RunningAgent, given: tuple[str, object], headers: str, meanwhile: Callable[[], object]
) -> bytes:
    """The answer to a request whose body comes after something has happened."""
    path, plain = given
    body = json.dumps(plain).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", agent.tcp_port), timeout=10) as wire:
        wire.sendall(head.encode() + body[:1])
        time.sleep(0.1)
        meanwhile()
        wire.sendall(body[1:])
        return b"".join(iter(lambda: wire.recv(65536), b""))


@pytest.mark.parametrize("given", [SWITCH, *ADMINISTRATION], ids=lambda given: given[0])
@pytest.mark.parametrize("way", ["token", "session", "user", "log out"])
def test_what_came_too_late_is_refused(
    agent: RunningAgent, given: tuple[str, object], way: str
) -> None:
    accounts = agent.accounts
    browser = logged_in(agent, "otto")
    headers = f"Cookie: openpdu_session={browser.cookie}\r\nX-CSRF-Token: {browser.csrf}"
    if way == "token":
        token, secret = accounts.add_token("ci", "otto", Scope.ADMIN, {}, None)
        headers = f"Authorization: Bearer {secret}"

    def meanwhile() -> None:
        if way == "token":
            accounts.remove_token(token.id)
        elif way == "session":
            accounts.change_user("otto", Role.VIEWER, None)
        elif way == "user":
            accounts.remove_user("otto")
        else:
            assert browser.ask("DELETE", "/api/v1/session").status == 200

    answer = answered(agent, given, headers, meanwhile)
    # On a machine that was busy for so long, the head came too late as well.
    assert answer[8:13] in (b" 403 ", b" 401 "), answer
    assert agent.controller.batches == []
    assert agent.history.purged == []
    assert agent.reloaded_by == []
    assert {user.name for user in accounts.users} <= {ADMIN, "otto"}
    assert all(token.name != "new" for token in accounts.tokens)

# SPDX-License-Identifier: Apache-2.0
"""Who is let in over TCP, and how far: tokens, roles, outlets, and odd ways to ask."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from pdu_agent.access.accounts.role import Role, Scope
from pdu_agent.access.grant import Rights
from pdu_agent.model.clock import ManualClock
from tests.web.auth.browser import Browser, add_user, logged_in
from tests.web.fake_agent import (
    ADMIN,
    ADMIN_TOKEN,
    Answer,
    RunningAgent,
    running_agent,
)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as agent:
        yield agent


def token_for(
    agent: RunningAgent,
    owner: str,
    scope: Scope,
    outlets: dict[str, Rights] | None = None,
    expires_wall_s: float | None = None,
) -> str:
    name = f"{scope.value}-{len(agent.accounts.tokens)}"
    return agent.accounts.add_token(name, owner, scope, outlets or {}, expires_wall_s)[1]


def with_token(
    agent: RunningAgent, secret: str, method: str, path: str, body: object = None
) -> Answer:
    return agent.stranger(method, path, body, Authorization=f"Bearer {secret}")


def raw(agent: RunningAgent, head: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", agent.tcp_port), 10) as client:
        client.sendall(head + b"Connection: close\r\n\r\n")
        answer = b""
        while got := client.recv(65536):
            answer += got
        return answer


@pytest.mark.parametrize(
    ("scope", "read", "switch", "write", "administer"),
    [
        (Scope.READ, 200, 403, 403, 403),
        (Scope.SWITCH, 200, 200, 403, 403),
        (Scope.WRITE, 200, 200, 200, 403),
        (Scope.ADMIN, 200, 200, 200, 200),
    ],
)
def test_a_scope_goes_so_far(
    agent: RunningAgent, scope: Scope, read: int, switch: int, write: int, administer: int
) -> None:
    secret = token_for(agent, ADMIN, scope)
    asked = [
        with_token(agent, secret, "GET", "/api/v1/status"),
        with_token(agent, secret, "POST", "/api/v1/outlets/1/off"),
        with_token(agent, secret, "POST", "/api/v1/outlets/3/lock"),
        with_token(agent, secret, "GET", "/api/v1/users"),
    ]
    assert [answer.status for answer in asked] == [read, switch, write, administer]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {ADMIN_TOKEN}",
        f"Bearer {ADMIN_TOKEN}x",
        f"Bearer {ADMIN_TOKEN[:-1]}",
        f"Bearer Bearer {ADMIN_TOKEN}",
        "Bearer " + "x" * 4000,
        "Bearer \x80\xff",
    ],
)
def test_what_is_no_token_is_refused_even_beside_a_session(agent: RunningAgent, value: str) -> None:
    assert agent.stranger("GET", "/api/v1/status", Authorization=value).status == 401
    browser = logged_in(agent, ADMIN)
    assert browser.ask("GET", "/api/v1/status", Authorization=value).status == 401


def test_the_scheme_is_told_by_any_case_of_letters(agent: RunningAgent) -> None:
    answer = agent.stranger("GET", "/api/v1/status", Authorization=f"bEARER {ADMIN_TOKEN}")
    assert answer.status == 200


def test_a_huge_header_is_refused_by_the_server(agent: RunningAgent) -> None:
    head = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
    assert raw(agent, head + b"x" * 100_000 + b"\r\n").split(b" ")[1] == b"400"
    assert agent.tcp("GET", "/api/v1/status").status == 200


def test_many_wrong_tokens_have_to_wait_and_the_right_one_does_not(agent: RunningAgent) -> None:
    statuses = [with_token(agent, "wrong", "GET", "/api/v1/status").status for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert Browser(agent).log_in(ADMIN).status == 429
    assert agent.tcp("GET", "/api/v1/status").status == 200
    assert [asked for asked, _, _ in agent.controller.refused][:5] == ["use a token"] * 5


def test_an_expired_token_is_told_so_and_locks_nobody_out(agent: RunningAgent) -> None:
    clock = ManualClock()
    agent.accounts._clock = clock
    secret = token_for(agent, ADMIN, Scope.READ, None, clock.wall_s() + 5)
    assert with_token(agent, secret, "GET", "/api/v1/status").status == 200
    clock.advance(5)
    for _ in range(8):
        answer = with_token(agent, secret, "GET", "/api/v1/status")
        assert (answer.status, "expired" in answer.json["detail"]) == (401, True)
    assert Browser(agent).log_in(ADMIN).status == 200


def test_a_token_falls_with_the_role_of_its_maker(agent: RunningAgent) -> None:
    add_user(agent, "otto", Role.ADMIN)
    secret = token_for(agent, "otto", Scope.ADMIN)
    assert with_token(agent, secret, "GET", "/api/v1/users").status == 200
    agent.accounts.change_user("otto", Role.OPERATOR)
    assert with_token(agent, secret, "GET", "/api/v1/users").status == 403
    assert with_token(agent, secret, "POST", "/api/v1/outlets/1/off").status == 200
    agent.accounts.change_user("otto", Role.VIEWER, {"1": Rights.NONE})
    assert with_token(agent, secret, "POST", "/api/v1/outlets/3/on").status == 403
    assert with_token(agent, secret, "GET", "/api/v1/outlets/1").status == 404
    agent.accounts.remove_user("otto")
    assert with_token(agent, secret, "GET", "/api/v1/status").status == 401


def test_rights_count_outlet_by_outlet(agent: RunningAgent) -> None:
    add_user(agent, "otto", Role.VIEWER, {"1": Rights.SWITCH, "2": Rights.NONE})
    otto = logged_in(agent, "otto")
    assert otto.ask("POST", "/api/v1/outlets/1/off").status == 200
    for path, body in (
        ("outlets/3/on", {}),
        ("groups/1/off", {}),
        (
            "commands",
            {"commands": [{"outlet": 1, "command": "on"}, {"outlet": 3, "command": "on"}]},
        ),
        ("commands", {"commands": [{"outlet": "all", "command": "off"}]}),
        ("commands", {"commands": [{"outlet": 3, "command": "lock"}]}),
        ("reload", {}),
    ):
        assert otto.ask("POST", f"/api/v1/{path}", body).status in (403, 404), path
    assert len(agent.controller.batches) == 1
    outlets = otto.ask("GET", "/api/v1/outlets").json["outlets"]
    assert [row["number"] for row in outlets] == [1, 3, 4]
    assert otto.ask("GET", "/api/v1/outlets/2").status == 404
    assert otto.ask("POST", "/api/v1/outlets/2/off").status == 404


@pytest.mark.parametrize(
    "path",
    [
        b"/api/v1/status",
        b"//api/v1/status",
        b"/api/v1//status",
        b"/api/v1/./status",
        b"/static/../api/v1/status",
        b"/static/%2e%2e/api/v1/status",
        b"/%61pi/v1/status",
        b"/api/v1/status/",
        b"/api/v1/status%00",
        b"/api/v1/status;x",
        b"/api/v1/openapi.json/../status",
        b"/login/../api/v1/status",
        b"http://localhost/api/v1/status",
        b"*",
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"POST", b"TRACE", b"CONNECT"])
def test_no_spelling_of_a_path_leads_past_the_door(
    agent: RunningAgent, method: bytes, path: bytes
) -> None:
    answer = raw(agent, method + b" " + path + b" HTTP/1.1\r\nHost: localhost\r\n")
    assert answer.split(b" ")[1] in (b"400", b"401", b"303", b"404")
    assert b"rack-7" not in answer


def test_a_page_leads_to_the_log_in_and_back(agent: RunningAgent) -> None:
    answer = agent.stranger("GET", "/?tab=a&b=%20c", Accept="text/html")
    assert answer.status == 303
    page, _, query = answer.headers["Location"].partition("?")
    assert (page, parse_qs(query)) == ("/login", {"next": ["/?tab=a&b=%20c"]})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head = b"GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n"
    assert b"Location: /login?next=/\r\n" in raw(agent, head)


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/v1/openapi.yaml", "/api/v1/docs"])
def test_the_contract_is_for_everybody(agent: RunningAgent, path: str) -> None:
    assert agent.stranger("GET", path).status == 200
    assert agent.stranger("HEAD", path).status == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/api/v1/status", 200), ("/api/v1/docs", 200), ("/nothing", 404)]
)
def test_every_answer_tells_a_browser_what_not_to_do(
    agent: RunningAgent, path: str, status: int
) -> None:
    answer = agent.tcp("GET", path)
    assert answer.status == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "aiohttp" not in answer.headers["Server"]


def test_accounts_that_cannot_be_read_let_nobody_in(agent: RunningAgent) -> None:
    agent.accounts.trouble = "accounts.json is broken"
    for answer in (
        agent.tcp("GET", "/api/v1/status"),
        agent.stranger("GET", "/api/v1/setup"),
        Browser(agent).log_in(ADMIN),
    ):
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert "broken" in answer.json["detail"]
    assert agent.local("GET", "/api/v1/status").status == 200

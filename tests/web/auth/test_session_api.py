# SPDX-License-Identifier: Apache-2.0
"""Logging in, and what somebody tries who has not."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdu_agent.access.accounts import password as hashing
from pdu_agent.access.accounts.role import Role
from pdu_agent.model.clock import ManualClock
from pdu_agent.web.auth import auth as auth_module
from pdu_agent.web.auth.auth import Auth
from pdu_agent.web.auth.local_path import local_path
from pdu_agent.web.auth.turns import MAX_WAITING
from tests.web.auth.browser import Browser, add_user, logged_in
from tests.web.fake_agent import ADMIN, ADMIN_PASSWORD, ADMIN_TOKEN, RunningAgent, running_agent

CHEAP = hashing.NOBODYS.replace("$16384$", "$2$")


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAgent]:
    monkeypatch.setattr(hashing, "COST", 2)
    monkeypatch.setattr(auth_module, "NOBODYS", CHEAP)
    with running_agent(tmp_path) as agent:
        agent.auth.clock = ManualClock()
        agent.auth.lockout._clock = agent.auth.clock
        agent.auth.sessions._clock = agent.auth.clock
        yield agent


def clock_of(auth: Auth) -> ManualClock:
    assert isinstance(auth.clock, ManualClock)
    return auth.clock


def test_a_right_password_begins_a_session(agent: RunningAgent) -> None:
    browser = Browser(agent)
    answer = browser.log_in(ADMIN)
    assert answer.status == 200
    (cookie,) = answer.headers.get_all("Set-Cookie", [])
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie  # over plain HTTP a browser would drop it
    assert answer.json["is_admin"] is True
    assert answer.json["role"] == "admin"
    assert browser.ask("GET", "/api/v1/session").json == answer.json
    assert browser.ask("GET", "/api/v1/status").status == 200
    assert agent.controller.done[-1][0] == "log in"
    assert str(agent.controller.done[-1][1]) == f"http {ADMIN} from 127.0.0.1"


def test_unknown_user_and_wrong_password_look_the_same(agent: RunningAgent) -> None:
    wrong = Browser(agent).log_in(ADMIN, "wrong horse")
    unknown = Browser(agent).log_in("nobody", "wrong horse")
    assert wrong.status == unknown.status == 401
    assert wrong.body == unknown.body
    assert "Set-Cookie" not in wrong.headers
    drop = {"Date"}
    assert {k: v for k, v in wrong.headers.items() if k not in drop} == {
        k: v for k, v in unknown.headers.items() if k not in drop
    }


def test_an_unknown_user_costs_a_hash_as_well(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def matches(password: str, kept: str) -> bool:
        tried.append(kept)
        return False

    monkeypatch.setattr(auth_module, "matches", matches)
    Browser(agent).log_in("nobody")
    Browser(agent).log_in(ADMIN)
    assert len(tried) == 2
    assert tried[0] == CHEAP


def test_neither_logs_nor_audit_have_a_password(
    agent: RunningAgent, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    Browser(agent).log_in(ADMIN, "wrong horse")
    Browser(agent).log_in("typed-in-the-wrong-field", "wrong horse")
    logged_in(agent, ADMIN).ask("GET", "/api/v1/users", Authorization=f"Bearer {ADMIN_TOKEN}")
    said = caplog.text + repr(agent.controller.refused) + repr(agent.controller.done)
    for secret in ("wrong horse", ADMIN_PASSWORD, "typed-in-the-wrong-field", ADMIN_TOKEN):
        assert secret not in said
    assert f"log in as {ADMIN}" in said
    assert "log in as somebody unknown" in said


def test_the_sixth_wrong_try_waits_and_so_does_a_right_one(agent: RunningAgent) -> None:
    for _ in range(5):
        assert Browser(agent).log_in(ADMIN, "wrong horse").status == 401
    answer = Browser(agent).log_in(ADMIN)
    assert (answer.status, answer.json["code"]) == (429, "too_many_requests")
    assert answer.headers["Retry-After"] == "2"
    clock_of(agent.auth).advance(2)
    assert Browser(agent).log_in(ADMIN).status == 200


def test_logging_in_in_between_forgives_nothing(agent: RunningAgent) -> None:
    add_user(agent, "otto", Role.VIEWER)
    for _ in range(5):
        assert Browser(agent).log_in(ADMIN, "wrong horse").status == 401
        Browser(agent).log_in("otto")
    assert Browser(agent).log_in(ADMIN).status == 429


def test_a_session_that_a_stranger_brought_is_not_used(agent: RunningAgent) -> None:
    victim = Browser(agent)
    victim.cookie = "planted-by-somebody"
    victim.log_in(ADMIN)
    assert victim.cookie != "planted-by-somebody"
    thief = Browser(agent)
    thief.cookie = "planted-by-somebody"
    assert thief.ask("GET", "/api/v1/status").status == 401


def test_logging_in_again_ends_the_session_before(agent: RunningAgent) -> None:
    browser = logged_in(agent, ADMIN)
    old = Browser(agent)
    old.cookie = browser.cookie
    browser.log_in(ADMIN)
    assert browser.cookie != old.cookie
    assert old.ask("GET", "/api/v1/status").status == 401


def test_a_stolen_cookie_is_worth_nothing_after_the_log_out(agent: RunningAgent) -> None:
    browser = logged_in(agent, ADMIN)
    thief = Browser(agent)
    thief.cookie = browser.cookie
    assert thief.ask("GET", "/api/v1/status").status == 200
    answer = browser.ask("DELETE", "/api/v1/session")
    assert answer.json == {"changed": True}
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert thief.ask("GET", "/api/v1/status").status == 401


def test_an_idle_session_ends(agent: RunningAgent) -> None:
    browser = logged_in(agent, ADMIN)
    clock_of(agent.auth).advance(agent.auth.sessions.idle_s)
    assert browser.ask("GET", "/api/v1/status").status == 401


@pytest.mark.parametrize("token", ["", "wrong", None])
def test_a_session_changes_nothing_without_the_token_of_its_page(
    agent: RunningAgent, token: str | None
) -> None:
    browser = logged_in(agent, ADMIN)
    browser.csrf = ""
    headers = {} if token is None else {"X_CSRF_Token": token}
    for method, path in (
        ("POST", "/api/v1/outlets/1/off"),
        ("POST", "/api/v1/users"),
        ("DELETE", "/api/v1/session"),
        ("DELETE", f"/api/v1/users/{ADMIN}"),
    ):
        answer = browser.ask(method, path, **headers)
        assert (answer.status, answer.json["code"]) == (403, "not_permitted")
    assert agent.controller.batches == []


def test_the_token_of_another_session_does_not_count(agent: RunningAgent) -> None:
    browser, other = logged_in(agent, ADMIN), logged_in(agent, ADMIN)
    browser.csrf = other.csrf
    assert browser.ask("POST", "/api/v1/outlets/1/off").status == 403


def test_with_the_token_of_its_page_a_session_switches(agent: RunningAgent) -> None:
    answer = logged_in(agent, ADMIN).ask("POST", "/api/v1/outlets/1/off")
    assert (answer.status, answer.json["changed"]) == (200, True)
    ((_, actor),) = agent.controller.batches
    assert str(actor) == f"http {ADMIN} from 127.0.0.1"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_page_of_another_site_neither_logs_in_nor_switches(
    agent: RunningAgent, headers: dict[str, str]
) -> None:
    assert Browser(agent).log_in(ADMIN, **headers).status == 403
    browser = logged_in(agent, ADMIN)
    assert browser.ask("POST", "/api/v1/outlets/1/off", **headers).status == 403
    assert agent.controller.batches == []


def test_a_page_of_this_unit_logs_in(agent: RunningAgent) -> None:
    own = f"http://127.0.0.1:{agent.tcp_port}"
    headers = {"Origin": own, "Sec_Fetch_Site": "same-origin"}
    assert Browser(agent).log_in(ADMIN, **headers).status == 200


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 422),
        ({"name": ADMIN}, 422),
        ({"name": [ADMIN], "password": "x"}, 422),
        ({"name": ADMIN, "password": "x", "more": 1}, 422),
        ({"name": "x" * 5000, "password": "x" * 5000}, 401),
        ({"name": "\x00\n\ud800", "password": "\ud800"}, 401),
    ],
)
def test_odd_log_ins(agent: RunningAgent, given: dict[str, object], status: int) -> None:
    body = json.dumps(given).encode()
    answer = agent.stranger("POST", "/api/v1/session", body, Content_Type="application/json")
    assert answer.status == status


def test_a_form_of_another_site_is_not_even_read(agent: RunningAgent) -> None:
    body = b'{"name": "opdu", "password": "correct horse"}'
    answer = agent.stranger("POST", "/api/v1/session", body, Content_Type="text/plain")
    assert answer.status == 415


def test_too_many_log_ins_at_once_are_turned_away(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    running: list[int] = []
    most: list[int] = []

    def matches(_password: str, _kept: str) -> bool:
        running.append(1)
        most.append(len(running))
        go_on.wait(10)
        running.pop()
        return True

    monkeypatch.setattr(auth_module, "matches", matches)
    statuses: list[int] = []

    def log_in() -> None:
        statuses.append(Browser(agent).log_in(ADMIN).status)

    threads = [threading.Thread(target=log_in) for _ in range(MAX_WAITING + 4)]
    for thread in threads:
        thread.start()
    while len(statuses) < 4:
        threads[0].join(0.01)
    assert set(statuses) == {503}
    assert agent.tcp("GET", "/api/v1/status").status == 200  # nobody else waits for it
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert sorted(statuses) == [200] * MAX_WAITING + [503] * 4
    assert max(most) == 1


def test_who_am_i_over_each_way(agent: RunningAgent) -> None:
    token = agent.tcp("GET", "/api/v1/session").json
    assert (token["by"], token["name"], token["csrf_token"]) == ("token", ADMIN, None)
    local = agent.local("GET", "/api/v1/session").json
    assert (local["by"], local["is_admin"], local["role"]) == ("cli", True, None)
    assert agent.stranger("GET", "/api/v1/session").status == 401


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/", "/"),
        ("/outlets/3?tab=history&x=%2F", "/outlets/3?tab=history&x=%2F"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/a\nb", "/"),
        ("/é", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/" + "a" * 600, "/"),
    ],
)
def test_a_log_in_leads_to_pages_of_this_unit_alone(path: str, leads_to: str) -> None:
    assert local_path(path) == leads_to

# SPDX-License-Identifier: Apache-2.0
"""Users and tokens over the API: who may change what, and what ends by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.access.accounts import password as hashing
from pdu_agent.access.accounts.role import Role
from pdu_agent.access.grant import Rights
from pdu_agent.model.errors import StoreError
from tests.web.auth.browser import Browser, add_user, logged_in
from tests.web.fake_agent import ADMIN, ADMIN_PASSWORD, RunningAgent, running_agent
from tests.web.test_contract import CONTRACT, misfits, schema_of

NEW = {"name": "otto", "role": "operator", "password": "a longer one"}


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAgent]:
    monkeypatch.setattr(hashing, "COST", 2)
    with running_agent(tmp_path) as agent:
        yield agent


def made(by: Browser, **given: Any) -> dict[str, Any]:
    answer = by.ask("POST", "/api/v1/tokens", given)
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def status_with(agent: RunningAgent, secret: str, path: str) -> int:
    return agent.stranger("GET", path, Authorization=f"Bearer {secret}").status


@pytest.mark.parametrize("way", ["session", "token", "socket"])
def test_an_administrator_adds_changes_and_removes_users(agent: RunningAgent, way: str) -> None:
    admin = logged_in(agent, ADMIN)
    ask = {"session": admin.ask, "token": agent.tcp, "socket": agent.local}[way]
    added = ask("POST", "/api/v1/users", {**NEW, "outlets": {"1-2": "write", "others": "none"}})
    assert added.status == 200
    row = {"name": "otto", "role": "operator", "outlets": {"1-2": "write", "others": "none"}}
    assert added.json == {"changed": True, "user": row}
    assert (
        logged_in_with(agent, "otto", "a longer one").ask("GET", "/api/v1/outlets/2").status == 200
    )
    assert ask("GET", "/api/v1/users").json["users"][1] == row
    changed = ask("PATCH", "/api/v1/users/otto", {"role": "viewer", "outlets": {}})
    assert changed.json["user"] == {"name": "otto", "role": "viewer", "outlets": {}}
    again = ask("PATCH", "/api/v1/users/otto", {"role": "viewer"})
    assert again.json["changed"] is False
    assert ask("DELETE", "/api/v1/users/otto").json == {"changed": True}
    assert ask("DELETE", "/api/v1/users/otto").status == 404
    told = [asked for asked, _ in agent.controller.done if "user" in asked]
    assert told == [
        "add user otto: operator, write on 1-2, none on others",
        "change user otto: viewer everywhere",
        "change user otto: viewer",
        "remove user otto",
    ]


def logged_in_with(agent: RunningAgent, name: str, password: str) -> Browser:
    browser = Browser(agent)
    assert browser.log_in(name, password).status == 200
    return browser


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "users", None),
        ("POST", "users", NEW),
        ("GET", f"users/{ADMIN}", None),
        ("PATCH", "users/otto", {"role": "admin"}),
        ("PATCH", "users/nobody", {"role": "admin"}),
        ("DELETE", f"users/{ADMIN}", None),
        ("POST", f"users/{ADMIN}/password", {"new": "another long one"}),
        ("POST", f"users/{ADMIN}/password", {"old": ADMIN_PASSWORD, "new": "another long one"}),
        ("POST", "users/nobody/password", {"new": "another long one"}),
        ("POST", "tokens", {"name": "ci", "scope": "admin"}),
        ("POST", "tokens", {"name": "ci", "scope": "write"}),
        ("POST", "tokens", {"name": "ci", "scope": "switch", "outlets": {"3": "write"}}),
        ("POST", "tokens", {"name": "ci", "scope": "read", "outlets": {"2": "read"}}),
        ("POST", "reload", {}),
    ],
)
def test_nobody_gets_more_than_they_have(
    agent: RunningAgent, method: str, path: str, body: Any
) -> None:
    add_user(agent, "otto", Role.OPERATOR, {"2": Rights.NONE})
    before = agent.accounts.users
    answer = logged_in(agent, "otto").ask(method, f"/api/v1/{path}", body)
    assert (answer.status, answer.json["code"]) == (403, "not_permitted")
    assert (agent.accounts.users, len(agent.accounts.tokens)) == (before, 1)
    if method != "GET":
        assert agent.controller.refused or path == "reload"


def test_a_user_is_told_about_themselves(agent: RunningAgent) -> None:
    add_user(agent, "otto", Role.VIEWER)
    assert logged_in(agent, "otto").ask("GET", "/api/v1/users/otto").json["role"] == "viewer"


def test_the_last_administrator_stays(agent: RunningAgent) -> None:
    for method, body in (("DELETE", None), ("PATCH", {"role": "viewer"})):
        answer = agent.tcp(method, f"/api/v1/users/{ADMIN}", body)
        assert (answer.status, answer.json["code"]) == (409, "not_now")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {**NEW, "name": "../etc"},
        {**NEW, "name": "a\nb"},
        {**NEW, "role": "root"},
        {**NEW, "role": None},
        {**NEW, "password": "short"},
        {**NEW, "password": 12345678},
        {**NEW, "outlets": []},
        {**NEW, "outlets": {"0": "read"}},
        {**NEW, "outlets": {"1-3": "read", "2": "read"}},
        {**NEW, "outlets": {"1": "all"}},
        {**NEW, "role": "admin", "outlets": {"1": "none"}},
        {**NEW, "is_admin": True},
    ],
)
def test_users_that_cannot_be(agent: RunningAgent, given: dict[str, Any]) -> None:
    answer = agent.tcp("POST", "/api/v1/users", given)
    assert (answer.status, answer.json["code"]) == (422, "invalid_value")
    assert len(agent.accounts.users) == 1


def test_ones_own_password_needs_the_old_one_and_ends_all_other_sessions(
    agent: RunningAgent,
) -> None:
    add_user(agent, "otto", Role.VIEWER)
    mine, elsewhere = logged_in(agent, "otto"), logged_in(agent, "otto")
    path = "/api/v1/users/otto/password"
    for old in ({}, {"old": None}):
        assert mine.ask("POST", path, {**old, "new": "a longer one"}).status == 422
    assert mine.ask("POST", path, {"old": "wrong horse", "new": "a longer one"}).status == 403
    cookie = mine.cookie
    answer = mine.ask("POST", path, {"old": ADMIN_PASSWORD, "new": "a longer one"})
    assert answer.status == 200
    assert mine.cookie != cookie
    mine.csrf = answer.json["csrf_token"]
    assert mine.ask("GET", "/api/v1/status").status == 200
    assert elsewhere.ask("GET", "/api/v1/status").status == 401
    assert Browser(agent).log_in("otto").status == 401
    assert Browser(agent).log_in("otto", "a longer one").status == 200


def test_whoever_found_an_open_browser_cannot_guess_on(agent: RunningAgent) -> None:
    add_user(agent, "otto", Role.VIEWER)
    mine, path = logged_in(agent, "otto"), "/api/v1/users/otto/password"
    tries = [
        mine.ask("POST", path, {"old": f"wrong {n}", "new": "a longer one"}).status
        for n in range(6)
    ]
    assert tries == [403] * 5 + [429]


def test_an_administrator_sets_any_password_and_the_users_sessions_end(
    agent: RunningAgent,
) -> None:
    add_user(agent, "otto", Role.VIEWER)
    otto = logged_in(agent, "otto")
    answer = logged_in(agent, ADMIN).ask(
        "POST", "/api/v1/users/otto/password", {"new": "a longer one"}
    )
    assert answer.json == {"changed": True}
    assert "Set-Cookie" not in answer.headers
    assert otto.ask("GET", "/api/v1/status").status == 401


def test_an_administrators_own_password_needs_the_old_one_too(agent: RunningAgent) -> None:
    admin = logged_in(agent, ADMIN)
    path = f"/api/v1/users/{ADMIN}/password"
    assert admin.ask("POST", path, {"new": "a longer one"}).status == 422


def test_a_tokens_secret_is_told_once(agent: RunningAgent) -> None:
    add_user(agent, "otto", Role.OPERATOR, {"2": Rights.NONE})
    otto = logged_in(agent, "otto")
    token = made(otto, name="ci", scope="switch", outlets={"2": "none"})
    row = otto.ask("GET", f"/api/v1/tokens/{token['token']['id']}")
    assert row.json == token["token"]
    assert row.json["owner"] == "otto"
    assert row.json["expires"] is not None
    assert token["secret"] not in row.body.decode()
    assert token["secret"] not in repr(agent.controller.done)
    assert otto.ask("GET", "/api/v1/tokens").json == {"tokens": [token["token"]]}
    assert status_with(agent, token["secret"], "/api/v1/outlets/1") == 200
    assert status_with(agent, token["secret"], "/api/v1/outlets/2") == 404


def test_a_token_that_is_removed_ends_at_once(agent: RunningAgent) -> None:
    admin = logged_in(agent, ADMIN)
    token = made(admin, name="ci", scope="read", expires=None)
    assert token["token"]["expires"] is None
    path = f"/api/v1/tokens/{token['token']['id']}"
    assert status_with(agent, token["secret"], "/api/v1/status") == 200
    assert admin.ask("DELETE", path).json == {"changed": True}
    assert status_with(agent, token["secret"], "/api/v1/status") == 401
    assert admin.ask("DELETE", path).status == 404


def test_tokens_of_others_are_there_for_administrators_alone(agent: RunningAgent) -> None:
    add_user(agent, "otto", Role.VIEWER)
    add_user(agent, "emil", Role.VIEWER)
    token = made(logged_in(agent, "otto"), name="ci", scope="read")["token"]
    path = f"/api/v1/tokens/{token['id']}"
    emil, admin = logged_in(agent, "emil"), logged_in(agent, ADMIN)
    assert emil.ask("GET", "/api/v1/tokens").json == {"tokens": []}
    assert emil.ask("GET", path).status == 404
    assert emil.ask("DELETE", path).status == 404
    assert len(admin.ask("GET", "/api/v1/tokens").json["tokens"]) == 2
    assert admin.ask("DELETE", path).status == 200


def test_a_token_makes_no_tokens_unless_it_is_an_administrators(agent: RunningAgent) -> None:
    admin = logged_in(agent, ADMIN)
    plain = made(admin, name="ci", scope="write")["secret"]
    bearer = {"Authorization": f"Bearer {plain}"}
    new = {"name": "more", "scope": "read"}
    assert agent.stranger("POST", "/api/v1/tokens", new, **bearer).status == 403
    assert agent.stranger("GET", "/api/v1/tokens", **bearer).status == 403
    short = made(admin, name="short", scope="admin", expires=None)
    bearer = {"Authorization": f"Bearer {short['secret']}"}
    assert agent.stranger("POST", "/api/v1/tokens", new, **bearer).status == 200


def test_a_token_makes_none_that_lives_longer_than_itself(agent: RunningAgent) -> None:
    admin = logged_in(agent, ADMIN)
    short = made(admin, name="short", scope="admin")
    bearer = {"Authorization": f"Bearer {short['secret']}"}
    forever = {"name": "more", "scope": "read", "expires": None}
    assert agent.stranger("POST", "/api/v1/tokens", forever, **bearer).status == 403
    own = {**forever, "expires": short["token"]["expires"]}
    assert agent.stranger("POST", "/api/v1/tokens", own, **bearer).status == 200


@pytest.mark.parametrize(
    "expires",
    ["tomorrow", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2030-01-01T00:00:00", 5, ""],
)
def test_a_token_ends_at_an_instant_to_come(agent: RunningAgent, expires: Any) -> None:
    given = {"name": "ci", "scope": "read", "expires": expires}
    answer = agent.tcp("POST", "/api/v1/tokens", given)
    assert (answer.status, answer.json["code"]) == (422, "invalid_value")


def test_what_cannot_be_kept_is_not_answered_as_done(agent: RunningAgent) -> None:
    def fail(_book: object) -> None:
        raise StoreError("the card is full")

    agent.accounts._save = fail
    answer = agent.tcp("POST", "/api/v1/users", NEW)
    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert [user.name for user in agent.accounts.users] == [ADMIN]
    assert agent.controller.refused[-1][2] == "the card is full"


def test_answers_have_the_documented_shape(agent: RunningAgent) -> None:
    admin, token = (
        logged_in(agent, ADMIN),
        {"name": "ci", "scope": "read", "outlets": {"1": "none"}},
    )
    for path, answer in (
        ("session", Browser(agent).log_in(ADMIN)),
        ("users", admin.ask("POST", "/api/v1/users", {**NEW, "outlets": {"1-2": "none"}})),
        ("tokens", admin.ask("POST", "/api/v1/tokens", token)),
    ):
        operation = CONTRACT["paths"][f"/api/v1/{path}"]["post"]
        schema = schema_of(operation, "200", "application/json")
        assert list(misfits(answer.json, schema)) == []

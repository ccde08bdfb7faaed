# SPDX-License-Identifier: Apache-2.0
"""The first start: a link that makes one administrator, once, and only for whoever has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.access.accounts import password as hashing
from pdu_agent.access.accounts.book import Book
from pdu_agent.access.accounts.role import Role
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import StoreError
from pdu_agent.web.auth.own_urls import is_everywhere, own_names, urls
from pdu_agent.web.auth.setup_code import LIFE_S, SetupCode
from tests.web.auth.browser import Browser
from tests.web.fake_agent import RunningAgent, running_agent

MINE = {"name": "anna", "password": "correct horse"}


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAgent]:
    monkeypatch.setattr(hashing, "COST", 2)
    with running_agent(tmp_path) as agent:
        agent.accounts._take(Book())
        agent.auth.setup._clock = ManualClock()
        yield agent


def code_of(agent: RunningAgent) -> str:
    (link,) = agent.local("POST", "/api/v1/setup/link", {}).json["links"]
    url, _, code = link.partition("?code=")
    assert url == f"http://127.0.0.1:{agent.tcp_port}/setup"
    return str(code)


def test_the_link_makes_one_administrator_who_is_logged_in(agent: RunningAgent) -> None:
    code, browser = code_of(agent), Browser(agent)
    assert browser.ask("GET", "/api/v1/setup").json == {"needed": True}
    answer = browser.ask("POST", "/api/v1/setup", {**MINE, "code": code})
    assert (answer.status, answer.json["role"]) == (200, "admin")
    assert browser.ask("GET", "/api/v1/users").status == 200
    assert browser.ask("GET", "/api/v1/setup").json == {"needed": False}
    again = browser.ask("POST", "/api/v1/setup", {**MINE, "name": "otto", "code": code})
    assert (again.status, again.json["code"]) == (409, "not_now")
    assert agent.local("POST", "/api/v1/setup/link", {}).status == 409
    assert [user.name for user in agent.accounts.users] == ["anna"]
    said = repr(agent.controller.done) + repr(agent.controller.refused)
    assert code not in said
    assert "correct horse" not in said


def test_a_code_that_was_used_is_dead_even_without_users(agent: RunningAgent) -> None:
    code = code_of(agent)
    agent.stranger("POST", "/api/v1/setup", {**MINE, "code": code})
    agent.accounts._take(Book())
    assert agent.stranger("POST", "/api/v1/setup", {**MINE, "code": code}).status == 403


@pytest.mark.parametrize("code", ["", "wrong", None, 5, ["x"], "\ud800"])
@pytest.mark.parametrize("is_made", [True, False])
def test_without_the_code_nobody_is_made(agent: RunningAgent, code: Any, is_made: bool) -> None:
    if is_made:
        code_of(agent)
    answer = agent.stranger("POST", "/api/v1/setup", {**MINE, "code": code})
    assert (answer.status, answer.json["code"]) == (403, "not_permitted")
    assert agent.accounts.users == []
    assert agent.controller.refused


def test_guessing_codes_has_to_wait(agent: RunningAgent) -> None:
    code = code_of(agent)
    tried = [
        agent.stranger("POST", "/api/v1/setup", {**MINE, "code": f"{n}"}).status for n in range(6)
    ]
    assert tried == [403] * 5 + [429]
    assert agent.stranger("POST", "/api/v1/setup", {**MINE, "code": code}).status == 429


def test_a_code_ends_after_an_hour_and_another_one_is_printed(agent: RunningAgent) -> None:
    code, clock = code_of(agent), agent.auth.setup._clock
    assert code_of(agent) == code
    assert isinstance(clock, ManualClock)
    clock.advance(LIFE_S)
    assert agent.stranger("POST", "/api/v1/setup", {**MINE, "code": code}).status == 403
    assert code_of(agent) != code


def test_a_password_that_is_too_short_does_not_use_the_code_up(agent: RunningAgent) -> None:
    code = code_of(agent)
    short = {**MINE, "password": "short", "code": code}
    assert agent.stranger("POST", "/api/v1/setup", short).status == 422
    assert agent.stranger("POST", "/api/v1/setup", {**MINE, "code": code}).status == 200


def test_a_page_of_another_site_sets_nothing_up(agent: RunningAgent) -> None:
    given = {**MINE, "code": code_of(agent)}
    answer = agent.stranger("POST", "/api/v1/setup", given, Origin="http://evil.example")
    assert answer.status == 403
    assert agent.accounts.users == []


def test_the_link_is_for_administrators(agent: RunningAgent) -> None:
    assert agent.stranger("POST", "/api/v1/setup/link", {}).status == 401
    agent.accounts.add_user("anna", Role.ADMIN, hashing.hashed("correct horse"), {})
    assert agent.local("POST", "/api/v1/setup/link", {}).status == 409


def test_the_next_agent_knows_the_code_but_not_after_the_board_was_started() -> None:
    kept: list[Any] = []
    clock = ManualClock(5000.0)
    code = SetupCode(clock, None, kept.append).ensure()
    plain = json.loads(json.dumps(kept[-1]))
    assert SetupCode(clock, plain).is_right(code)
    assert not SetupCode(ManualClock(10.0), plain).is_right(code)
    assert not SetupCode(ManualClock(5000.0 + LIFE_S), plain).is_right(code)


@pytest.mark.parametrize(
    "kept", [None, {}, [], "x", {"code": "", "until_s": 1500.0}, {"code": "", "until_s": "x"}]
)
def test_what_was_kept_wrongly_is_no_code(kept: Any) -> None:
    setup = SetupCode(ManualClock(), kept)
    assert not setup.is_right("")
    assert setup.ensure()


def test_a_code_that_cannot_be_kept_is_not_told() -> None:
    def fail(_plain: Any) -> None:
        raise StoreError("full")

    setup = SetupCode(ManualClock(), None, fail)
    with pytest.raises(StoreError):
        setup.ensure()
    assert setup.left_s == 0
    setup.forget()


def test_addresses_as_browsers_write_them() -> None:
    assert urls(["pdu.example", "192.0.2.1", "2001:db8::1"], 8443, "https") == [
        "https://pdu.example:8443",
        "https://192.0.2.1:8443",
        "https://[2001:db8::1]:8443",
    ]
    assert [is_everywhere(host) for host in ("0.0.0.0", "::", "127.0.0.1", "localhost")] == [
        True,
        True,
        False,
        False,
    ]
    assert own_names("192.0.2.1", ["pdu.example"]) == ["pdu.example", "192.0.2.1"]
    assert own_names("0.0.0.0", ["pdu.example"])[0] == "pdu.example"

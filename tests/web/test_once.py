# SPDX-License-Identifier: Apache-2.0
"""The same request with the same key is done once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from pdu_agent.access.accounts.role import Scope
from pdu_agent.access.grant import Rights
from pdu_agent.web import switching
from pdu_agent.web.once import KEEP_S, MAX_KEPT, MAX_KEPT_BYTES, MAX_OF_CALLER, Answers
from pdu_agent.web.problems import Problem
from tests.web.fake_agent import ADMIN, RunningAgent, running_agent

PATH = "/api/v1/outlets/1/reboot"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as running:
        yield running


def name(key: str) -> tuple[str, str, str]:
    return "http", "joe", key


def answered(answers: Answers, key: str, body: bytes = b"{}") -> None:
    answers.begin(name(key), b"print")
    answers.end(name(key), web.Response(body=body, headers={"ETag": '"1"', "X-Other": "no"}))


def test_a_request_with_the_same_key_is_answered_the_same_and_not_done_again(
    agent: RunningAgent,
) -> None:
    first = agent.local("POST", PATH, {}, Idempotency_Key="abc")
    again = agent.local("POST", PATH, {}, Idempotency_Key="abc")
    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(agent.controller.batches) == 1
    agent.local("POST", PATH, {}, Idempotency_Key="abd")
    agent.local("POST", PATH, {})
    assert len(agent.controller.batches) == 3


def test_a_key_that_was_sent_with_another_request_is_refused(agent: RunningAgent) -> None:
    agent.local("POST", PATH, {}, Idempotency_Key="abc")
    for path, body in ((PATH, {"delay_s": 5}), (PATH + "?wait_s=0", {}), ("/api/v1/reload", {})):
        refused = agent.local("POST", path, body, Idempotency_Key="abc")
        assert (refused.status, refused.json["code"]) == (422, "key_reused")
    assert len(agent.controller.batches) == 1


def test_what_was_refused_is_judged_anew(agent: RunningAgent) -> None:
    for _ in range(2):
        refused = agent.local("POST", "/api/v1/outlets/77/on", {}, Idempotency_Key="abc")
        assert refused.status == 404
    # The same key may go with the request as it was meant.
    assert agent.local("POST", PATH, {}, Idempotency_Key="abc").status == 200


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 129, "\xe9"])
def test_a_key_that_is_none_is_refused(agent: RunningAgent, key: str) -> None:
    refused = agent.local("POST", PATH, {}, Idempotency_Key=key)
    assert (refused.status, refused.json["code"]) == (400, "malformed_request")
    assert agent.controller.batches == []


def test_a_request_that_comes_while_the_first_is_done_is_told_so() -> None:
    answers = Answers()
    answers.begin(name("a"), b"print")
    with pytest.raises(Problem, match="is being done") as caught:
        answers.known(name("a"), b"print")
    assert (caught.value.status, caught.value.code) == (409, "in_progress")
    answers.end(name("a"), None)
    assert answers.known(name("a"), b"print") is None


def test_keys_of_others_are_theirs() -> None:
    answers = Answers()
    answered(answers, "a")
    assert answers.known(("http", "ann", "a"), b"print") is None
    kept = answers.known(name("a"), b"print")
    assert kept is not None
    assert kept.body == b"{}"
    assert kept.headers["ETag"] == '"1"'
    assert "X-Other" not in kept.headers


def test_an_answer_is_kept_for_a_day() -> None:
    now = [0.0]
    answers = Answers(lambda: now[0])
    answered(answers, "a")
    now[0] = KEEP_S
    assert answers.known(name("a"), b"print") is not None
    now[0] = KEEP_S + 1
    assert answers.known(name("a"), b"print") is None
    assert len(answers) == 0


def test_the_oldest_go_where_there_are_too_many() -> None:
    answers = Answers()
    places = range(MAX_KEPT + 1)
    names = [("http", f"user{place % 10}", str(place)) for place in places]
    for each in names:
        answers.begin(each, b"print")
        answers.end(each, web.Response(body=b"{}"))
    assert len(answers) == MAX_KEPT
    assert answers.known(names[0], b"print") is None
    assert answers.known(names[1], b"print") is not None


def test_nobody_makes_the_keys_of_others_be_forgotten() -> None:
    answers = Answers()
    answers.begin(("http", "ann", "a"), b"print")
    answers.end(("http", "ann", "a"), web.Response(body=b"{}"))
    answers.begin(("http", "ann", "long"), b"print")
    for number in range(MAX_KEPT + 1):
        answered(answers, str(number))
    assert len(answers) == MAX_OF_CALLER + 2
    assert answers.known(("http", "ann", "a"), b"print") is not None
    with pytest.raises(Problem, match="is being done"):
        answers.known(("http", "ann", "long"), b"print")


def test_a_key_that_is_in_use_is_not_forgotten_however_many_come() -> None:
    answers = Answers()
    answers.begin(name("first"), b"print")
    for number in range(MAX_KEPT + 1):
        answered(answers, str(number))
    with pytest.raises(Problem, match="is being done"):
        answers.known(name("first"), b"print")


def test_what_failed_may_have_been_done_and_is_not_done_again(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(switching, "verification", fail)
    first = agent.local("POST", PATH, {}, Idempotency_Key="abc")
    again = agent.local("POST", PATH, {}, Idempotency_Key="abc")
    assert (first.status, again.status) == (500, 500)
    assert "may have been done" in again.json["detail"]
    assert len(agent.controller.batches) == 1


def test_an_answer_is_not_for_who_has_other_rights_by_now(agent: RunningAgent) -> None:
    """A token that is made anew, under the same name, for less."""
    path = "/api/v1/outlets/all/off?wait_s=0"
    accounts = agent.accounts
    _, secret = accounts.add_token("ci", ADMIN, Scope.SWITCH, {}, None)
    headers = {"Authorization": f"Bearer {secret}", "Idempotency_Key": "abc"}
    assert agent.stranger("POST", path, {}, **headers).status == 200
    accounts.remove_token(next(each.id for each in accounts.tokens if each.name == "ci"))
    _, less = accounts.add_token("ci", ADMIN, Scope.SWITCH, {"others": Rights.NONE}, None)
    headers["Authorization"] = f"Bearer {less}"
    again = agent.stranger("POST", path, {}, **headers)
    assert again.status == 422
    assert b"outlets" not in again.body
    assert len(agent.controller.batches) == 1


def test_the_oldest_go_where_they_take_too_much() -> None:
    answers = Answers()
    for number in range(5):
        answered(answers, str(number), os.urandom(MAX_KEPT_BYTES // 3))  # does not pack
    assert len(answers) == 2
    assert answers.known(name("4"), b"print") is not None

# SPDX-License-Identifier: Apache-2.0
"""`openpdu user`, `token` and `setup-link`, against the real API."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.access.accounts import password as hashing
from pdu_agent.access.accounts.book import Book
from pdu_agent.access.accounts.password import matches
from pdu_agent.app import cli, exits
from tests.web.fake_agent import ADMIN, RunningAgent, running_agent

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningAgent]:
    monkeypatch.setattr(hashing, "COST", 2)
    with running_agent(tmp_path) as agent:
        yield agent


@pytest.fixture
def run(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    def once(*words: str, said: str = "a longer one\n") -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        code = cli.main([*words, "--socket", str(agent.socket_path)])
        captured = capsys.readouterr()
        return code, captured.out if code == exits.OK else captured.err

    return once


def test_a_user_from_beginning_to_end(agent: RunningAgent, run: Run) -> None:
    code, said = run("user", "add", "otto", "operator", "--outlets", "1-2=write,others=none")
    assert (code, said) == (exits.OK, "otto may log in, as operator\n")
    otto = agent.accounts.user("otto")
    assert otto is not None
    assert matches("a longer one", otto.password)
    assert "otto operator 1-2=write, others=none" in run("user", "list")[1]
    assert run("user", "passwd", "otto", said="another one\n")[0] == exits.OK
    assert run("user", "role", "otto", "admin")[1] == "otto is admin\n"
    assert run("user", "remove", "otto")[0] == exits.OK
    assert [user.name for user in agent.accounts.users] == [ADMIN]


@pytest.mark.parametrize(
    ("words", "said", "code", "text"),
    [
        (("user", "remove", ADMIN), "", exits.REFUSED, "last administrator"),
        (("user", "remove", "nobody"), "", exits.UNKNOWN_TARGET, "no user 'nobody'"),
        (("user", "remove", "../tokens"), "", exits.UNKNOWN_TARGET, "no user"),
        (("user", "add", "otto", "viewer"), "short\n", exits.USAGE, "8 to 128 characters"),
        (("user", "add", "otto", "viewer"), "", exits.USAGE, "8 to 128 characters"),
        (("user", "add", "a b", "viewer"), "a longer one\n", exits.USAGE, "name: expected"),
        (("token", "remove", "0123456789ab"), "", exits.UNKNOWN_TARGET, "no token"),
        (("setup-link",), "", exits.REFUSED, "has users already"),
    ],
)
def test_refusals_have_their_exit_codes(
    run: Run, words: tuple[str, ...], said: str, code: int, text: str
) -> None:
    got, complaint = run(*words, said=said)
    assert got == code
    assert text in complaint
    assert "short" not in complaint


def test_a_token_from_beginning_to_end(agent: RunningAgent, run: Run) -> None:
    code, secret = run("token", "add", "ci", "switch", "--outlets", "2=none", "--days", "90")
    assert code == exits.OK
    headers = {"Authorization": f"Bearer {secret.strip()}"}
    assert agent.stranger("GET", "/api/v1/outlets/1", **headers).status == 200
    assert agent.stranger("GET", "/api/v1/outlets/2", **headers).status == 404
    (token,) = [each for each in agent.accounts.tokens if each.name == "ci"]
    assert token.expires_wall_s is not None
    assert round((token.expires_wall_s - token.created_wall_s) / 86400) == 90
    assert token.id in run("token", "list")[1]
    assert run("token", "remove", token.id)[0] == exits.OK
    assert agent.stranger("GET", "/api/v1/outlets/1", **headers).status == 401


def test_json_is_what_the_agent_answers(run: Run) -> None:
    made: Any = json.loads(run("token", "add", "ci", "read", "--forever", "--json")[1])
    assert made["token"]["expires"] is None
    assert made["secret"].startswith("openpdu_")
    assert json.loads(run("user", "list", "--json")[1])["users"][0]["name"] == ADMIN


def test_the_set_up_link_is_printed(agent: RunningAgent, run: Run) -> None:
    agent.accounts._take(Book())
    code, said = run("setup-link")
    assert code == exits.OK
    assert f"http://127.0.0.1:{agent.tcp_port}/setup?code=" in said
    assert "works once, within 60 minutes" in said


@pytest.mark.parametrize(
    "words",
    [
        ("user", "add", "otto", "root"),
        ("user", "add", "otto", "viewer", "--password", "a longer one"),
        ("user", "add", "otto", "viewer", "--outlets", "1:read"),
        ("token", "add", "ci", "read", "--days", "0"),
        ("user",),
    ],
)
def test_usage(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*words)
    assert caught.value.code == exits.USAGE

# SPDX-License-Identifier: Apache-2.0
"""The stream over a real connection, with http.client as the one who follows."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pdu_agent.web.stream import hub
from tests.web.fake_agent import RunningAgent, UnixConnection, running_agent
from tests.web.stream.followed import Told, parsed

STREAM = "/api/v1/stream"


@contextmanager
def following(
    agent: RunningAgent, query: str = "", **headers: str
) -> Iterator[http.client.HTTPResponse]:
    connection = UnixConnection(agent.socket_path)
    try:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request("GET", STREAM + query, headers=named)
        yield connection.getresponse()
    finally:
        connection.close()


def next_event(answer: http.client.HTTPResponse) -> Told:
    lines: list[bytes] = []
    while not lines or lines[-1] != b"\n":
        lines.append(answer.readline())
        assert lines[-1], "the stream has ended"
    return parsed(b"".join(lines))[0]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[RunningAgent]:
    with running_agent(tmp_path) as running:
        yield running


def test_readings_are_those_of_the_api(agent: RunningAgent) -> None:
    with following(agent) as answer:
        assert answer.status == 200
        assert answer.headers.get_content_type() == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        event = next_event(answer)
    assert event.event == "readings"
    assert event.data == agent.local("GET", "/api/v1/readings").json


def test_what_is_switched_is_told(agent: RunningAgent) -> None:
    with following(agent, "?topics=state") as answer:
        began_s = time.monotonic()
        agent.local("POST", "/api/v1/outlets/1/off", {})
        event = next_event(answer)
        assert time.monotonic() - began_s < 3  # within the second, on a busy machine
    assert event.event == "state"
    assert event.data["outlet"] == agent.local("GET", "/api/v1/outlets/1").json | {
        "meter": event.data["outlet"]["meter"]
    }


def test_who_comes_back_with_an_id_of_before_is_told_so(agent: RunningAgent) -> None:
    with following(agent, "?topics=state", Last_Event_ID="0a0b0c0d-17") as answer:
        assert next_event(answer).event == "reset"


@pytest.mark.parametrize("query", ["?topics=states", "?topics=state,,alarms", "?topics=%00"])
def test_a_topic_that_is_none_is_refused(agent: RunningAgent, query: str) -> None:
    with following(agent, query) as answer:
        assert answer.status == 422
        assert b"expected readings, state, alarms" in answer.read()


def test_no_more_than_so_many_streams_are_open(
    agent: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MAX_STREAMS", 1)
    with following(agent) as first, following(agent) as second:
        assert next_event(first).event == "readings"
        assert second.status == 503
        assert second.headers["Retry-After"]
        assert b'"code": "busy"' in second.read()
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s:
        with following(agent) as again:
            if again.status == 200:
                return
        time.sleep(0.05)
    pytest.fail("a client that has left takes its room along")


def test_the_agent_stops_at_once_and_ends_the_stream(tmp_path: Path) -> None:
    agent = RunningAgent(tmp_path / "api.sock")
    agent.start()
    with following(agent) as answer:
        next_event(answer)
        began_s = time.monotonic()
        agent.stop()
        assert time.monotonic() - began_s < 2
        while answer.readline():
            pass


def test_head_is_refused_rather_than_never_answered(agent: RunningAgent) -> None:
    assert agent.local("HEAD", STREAM).status == 405

# SPDX-License-Identifier: Apache-2.0
"""What is no HTTP, or means two things, or goes a way around: refused, and no relay moves."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator

import pytest

from pdu_agent.web.pages.static_files import digest
from tests.web.fake_agent import ADMIN_TOKEN, RunningAgent, running_agent

SECRET = "not-for-any-log"
HOST = "Host: 127.0.0.1\r\nConnection: close\r\n"
ADMIN = f"{HOST}Authorization: Bearer {ADMIN_TOKEN}\r\n"
JSON = "Content-Type: application/json\r\n"
OFF = "POST /api/v1/outlets/1/off?wait_s=0 HTTP/1.1\r\n"
CHUNKED, REST = "Transfer-Encoding: chunked", "\r\n{}\r\n0\r\n\r\n"
GET = "GET /api/v1/device HTTP/1.1\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    with running_agent(tmp_path_factory.mktemp("unreadable")) as agent:
        yield agent


@pytest.fixture
def agent(running: RunningAgent) -> RunningAgent:
    running.controller.reset()
    return running


def sent(agent: RunningAgent, text: str) -> bytes:
    """All that is answered."""
    with socket.create_connection(("127.0.0.1", agent.tcp_port), timeout=10) as wire:
        wire.sendall(text.encode("latin-1"))
        return b"".join(iter(lambda: wire.recv(65536), b""))


UNREADABLE = {
    "a zero in a cookie": f"{GET}{HOST}Cookie: openpdu_session={SECRET}\x00\r\n\r\n",
    "no colon": f"{GET}{HOST}Authorization Bearer {SECRET}\r\n\r\n",
    "a version that is none": f"GET /setup?code={SECRET} HTTP/9.9x\r\n{HOST}\r\n",
    "a long address": f"GET /setup?code={SECRET}{'x' * 9000} HTTP/1.1\r\n{HOST}\r\n",
    "a long header": f"{GET}{HOST}X: {SECRET}{'x' * 9000}\r\n\r\n",
    "octets in an address": f"GET /setup?code={SECRET}\xff HTTP/1.1\r\n{HOST}\r\n",
    "no method": f"{SECRET} / HTTP/1.1\r\n{HOST}\r\n",
    "two hosts": f"{GET}{HOST}Host: {SECRET}\r\n\r\n",
    "two lengths": f"{OFF}{ADMIN}{JSON}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}",
    "a list of lengths": f"{OFF}{ADMIN}{JSON}Content-Length: 2, 2\r\n\r\n{{}}",
    "a length with a sign": f"{OFF}{ADMIN}{JSON}Content-Length: +2\r\n\r\n{{}}",
    "a length and chunks": (
        f"{OFF}{ADMIN}{JSON}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "chunks of 0x2": f"{OFF}{ADMIN}{JSON}{CHUNKED}\r\n\r\n0x2{REST}",
    "another encoding": f"{OFF}{ADMIN}{JSON}{CHUNKED},x\r\n\r\n2{REST}",
    "a blank in a name": f"{OFF}{ADMIN}{JSON}{CHUNKED.replace(':', ' :')}\r\n\r\n2{REST}",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_and_repeated_to_nobody(
    agent: RunningAgent, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = sent(agent, text)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 400 " in head.split(b"\r\n")[0]
    for header in (b"problem+json", b"default-src 'none'", b"nosniff", b"no-store"):
        assert header in head
    assert b"aiohttp" not in answer
    told = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    assert SECRET not in told
    assert ADMIN_TOKEN not in told
    assert SECRET.encode() not in body
    assert "Traceback" not in told
    assert agent.controller.batches == []


AROUND = [
    "//api/v1/outlets/1/off",
    "/api/v1/outlets/1/off/",
    "/API/v1/outlets/1/off",
    "/api/v1/outlets/1%2foff",
    "/api/v1/./outlets/1/off",
    "/api/v1/x/../outlets/1/off",
    "/api/v1/outlets/01/off",
    "/api/v1/outlets/%D9%A1/off",
    "/api/v1/outlets/1%00/off",
    "/static/../api/v1/outlets/1/off",
    "/login/../api/v1/outlets/1/off",
    "/static/x/%2e%2e/%2e%2e/api/v1/outlets/1/off",
]


@pytest.mark.parametrize("path", AROUND)
def test_no_way_around_leads_to_a_relay(agent: RunningAgent, path: str) -> None:
    for who in (HOST, ADMIN):
        answer = sent(agent, f"POST {path} HTTP/1.1\r\n{who}{JSON}Content-Length: 2\r\n\r\n{{}}")
        expected = (b" 401 ",) if who == HOST else (b" 404 ", b" 405 ")
        assert answer[8:13] in expected
        assert b"default-src 'none'" in answer
    assert agent.controller.batches == []


def test_the_same_address_written_in_another_way_needs_the_same_rights(agent: RunningAgent) -> None:
    for path in (
        "/api/v1/outlets/%31/off",
        "/api/v1/outlets/1/%6fff",
        "http://x/api/v1/outlets/1/off",
    ):
        answer = sent(agent, f"POST {path} HTTP/1.1\r\n{HOST}{JSON}Content-Length: 2\r\n\r\n{{}}")
        assert answer[8:13] == b" 401 "
    assert agent.controller.batches == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PROPFIND", "HEAD", "GET"])
def test_other_methods_switch_nothing(agent: RunningAgent, method: str) -> None:
    answer = sent(
        agent, f"{method} /api/v1/outlets/1/off HTTP/1.1\r\n{ADMIN}Cookie: a={SECRET}\r\n\r\n"
    )
    assert answer[8:13] in (b" 404 ", b" 405 ")
    assert SECRET.encode() not in answer
    assert agent.controller.batches == []


@pytest.mark.parametrize(
    "name",
    ["../../site.py", "%2e%2e/%2e%2e/site.py", "%2e%2e%2fsite.py", "/etc/passwd", "..\\site.py"],
)
def test_files_of_the_page_are_all_the_files_there_are(agent: RunningAgent, name: str) -> None:
    answer = sent(agent, f"GET /static/{digest()}/{name} HTTP/1.1\r\n{HOST}\r\n")
    assert answer[8:13] == b" 404 "


def test_who_leaves_in_the_middle_of_a_body_is_no_fault_of_ours(
    agent: RunningAgent, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", agent.tcp_port)) as wire:
        wire.sendall(f"{OFF}{ADMIN}{JSON}Content-Length: 90\r\n\r\n{{".encode())
        time.sleep(0.1)
    time.sleep(0.1)
    assert agent.tcp("GET", "/api/v1/device").status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert agent.controller.batches == []


def test_a_body_is_packed_only_for_who_wants_it(agent: RunningAgent) -> None:
    for path in ("/api/v1/outlets", f"/static/{digest()}/style.css"):
        for refused in ("gzip;q=0", "gzip; q=0.0, identity", "identity, gzip;Q=0", "xgzip"):
            answer = agent.tcp("GET", path, Accept_Encoding=refused)
            assert answer.headers["Content-Encoding"] is None, refused
        assert agent.tcp("GET", path, Accept_Encoding="br, GZIP;q=0.5").headers["Content-Encoding"]

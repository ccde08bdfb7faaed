# SPDX-License-Identifier: Apache-2.0
"""A TCP port by name: what a name server may do must not hold its thread up."""

import socket
import threading

import pytest

from pdu_agent.hw import tcp_port
from pdu_agent.hw.tcp_port import TcpPort
from pdu_agent.model.errors import BusTimeout, ChipNotFound


def answer(address: str):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]


def test_silent_name_server_is_an_error_and_its_late_answer_is_used(monkeypatch):
    go_on, asked = threading.Event(), []

    def slow(host, *_args, **_named):
        asked.append(host)
        go_on.wait(10)
        return answer("127.0.0.1")

    real = socket.getaddrinfo
    monkeypatch.setattr(
        tcp_port.socket,
        "getaddrinfo",
        lambda host, *args, **named: (slow if host == "meter" else real)(host, *args, **named),
    )
    monkeypatch.setattr(tcp_port, "LOOKUP_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = TcpPort("modbus", "meter", server.getsockname()[1])
        for _ in range(2):
            with pytest.raises(BusTimeout, match=r"look up meter.*address in numbers"):
                port.open()
        go_on.set()
        monkeypatch.setattr(tcp_port, "LOOKUP_TIMEOUT_S", 10.0)
        port.open()
        port.close()
    assert asked == ["meter"]  # one look-up at a time


def test_unknown_name_says_so(monkeypatch):
    def refuse(*_args, **_named):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(tcp_port.socket, "getaddrinfo", refuse)
    with pytest.raises(ChipNotFound, match=r"look up nowhere.*Name or service not known"):
        TcpPort("modbus", "nowhere", 502).open()

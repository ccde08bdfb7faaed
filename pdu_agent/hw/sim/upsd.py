# SPDX-License-Identifier: Apache-2.0
"""A simulated NUT server: the bytes that upsd sends, on a port of this machine alone."""

from __future__ import annotations

import contextlib
import shlex
import socket
import socketserver
import threading
from collections.abc import Mapping

from pdu_agent.hw.sim.ups import SimulatedUps

MAX_LINE_OCTETS = 1024
IDLE_S = 60.0
VERSION = "Network UPS Tools upsd 2.8.0 (simulated)"


class SimulatedUpsd:
    """Serves these UPSes from `start` to `close`."""

    def __init__(self, upses: Mapping[str, SimulatedUps]) -> None:
        self._upses = upses
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """host:port; empty before the start."""
        if self._server is None:
            return ""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def start(self) -> None:
        """May be called again."""
        if self._server is None:
            self._server = _Server(self._upses)
            serve = self._server.serve_forever
            self._thread = threading.Thread(
                target=serve, args=(0.1,), name="simulated upsd", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.end_connections()
            self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False  # so that server_close waits for them

    def __init__(self, upses: Mapping[str, SimulatedUps]) -> None:
        self.upses = upses
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Connection)

    def note(self, connection: socket.socket, is_open: bool) -> None:
        with self._lock:
            (self._open.add if is_open else self._open.discard)(connection)

    def end_connections(self) -> None:
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.StreamRequestHandler):
    timeout = IDLE_S
    server: _Server

    def handle(self) -> None:
        self.server.note(self.connection, True)
        try:
            while line := self.rfile.readline(MAX_LINE_OCTETS):
                answer = self._answer(line)
                self.wfile.write("".join(f"{row}\n" for row in answer).encode())
                if answer == ["OK Goodbye"]:
                    return
        except OSError:
            pass
        finally:
            self.server.note(self.connection, False)

    def _answer(self, line: bytes) -> list[str]:
        try:
            words = shlex.split(line.decode("ascii", "replace"))
        except ValueError:
            words = []
        match words:
            case ["VER"]:
                return [VERSION]
            case ["USERNAME" | "PASSWORD", _]:
                return ["OK"]
            case ["LOGIN", name]:
                return ["OK" if name in self.server.upses else "ERR UNKNOWN-UPS"]
            case ["LOGOUT"]:
                return ["OK Goodbye"]
            case ["STARTTLS"]:
                return ["ERR FEATURE-NOT-CONFIGURED"]
            case ["LIST", "UPS"]:
                rows = [f'UPS {name} "simulated"' for name in self.server.upses]
                return ["BEGIN LIST UPS", *rows, "END LIST UPS"]
            case ["LIST", "VAR", name]:
                return self._variables(name)
            case _:
                return ["ERR UNKNOWN-COMMAND"]

    def _variables(self, name: str) -> list[str]:
        ups = self.server.upses.get(name)
        if ups is None:
            return ["ERR UNKNOWN-UPS"]
        if ups.is_stale:
            return ["ERR DATA-STALE"]
        rows = [f'VAR {name} {key} "{value}"' for key, value in ups.variables().items()]
        return [f"BEGIN LIST VAR {name}", *rows, f"END LIST VAR {name}"]

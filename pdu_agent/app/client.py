# SPDX-License-Identifier: Apache-2.0
"""The CLI's end of the API on the Unix socket; standard library only, so that it starts fast."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pdu_agent.access.unix_socket import short_path
from pdu_agent.app import exits
from pdu_agent.app.paths import SOCKET_VARIABLE, Candidate, distrust, socket_candidates

TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024  # 64 outlets take about 100 kB


class ClientError(Exception):
    """A command that failed: what to print, as text or JSON, and the exit code."""

    def __init__(self, exit_code: int, code: str, detail: str, plain: Any = None) -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.plain = plain if plain is not None else {"code": code, "detail": detail}


def not_reachable(detail: str) -> ClientError:
    return ClientError(exits.NOT_REACHABLE, "not_reachable", detail)


class _UnixConnection(http.client.HTTPConnection):
    """http.client over a socket that is connected already."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__("localhost")
        self.sock = connected


class AgentClient:
    """One agent, reached through its socket. Every call is a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, resource: str, timeout_s: float = TIMEOUT_S) -> Any:
        """The JSON of /api/v1/`resource`. Raises ClientError."""
        return self._request("GET", resource, None, timeout_s)

    def command(self, commands: Sequence[Mapping[str, Any]]) -> Any:
        """Submit all or none; what became of each outlet. Raises ClientError."""
        return self._request("POST", "commands?wait_s=0", {"commands": list(commands)})

    def post(
        self, resource: str, body: Mapping[str, Any] | None = None, timeout_s: float = TIMEOUT_S
    ) -> Any:
        """What /api/v1/`resource` answers to the JSON body. Raises ClientError."""
        return self._request("POST", resource, dict(body or {}), timeout_s)

    def send(self, method: str, resource: str, body: Mapping[str, Any] | None = None) -> Any:
        """As `post`, with another method: PATCH, PUT or DELETE."""
        return self._request(method, resource, None if body is None else dict(body))

    def download(self, resource: str, write: Callable[[bytes], object], timeout_s: float) -> None:
        """Hand the answer to a GET over as it comes. Raises ClientError, also when its end is
        missing.
        """
        try:
            connection = _UnixConnection(_connect(self.path, timeout_s))
        except OSError as exc:
            raise not_reachable(f"the agent at {self.path}: {_words(exc)}") from exc
        try:
            connection.request("GET", f"/api/v1/{resource}")
            answer = connection.getresponse()
            if answer.status != 200:
                raise _refusal(json.loads(answer.read(MAX_ANSWER_BYTES)))
            while piece := answer.read(64 * 1024):
                write(piece)
        except (http.client.HTTPException, ValueError, ConnectionError, TimeoutError) as exc:
            detail = f"{self.path}: the answer breaks off: {exc!r}"
            raise ClientError(exits.FAILURE, "bad_answer", detail) from exc
        finally:
            connection.close()

    def _request(self, method: str, resource: str, body: Any, timeout_s: float = TIMEOUT_S) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        payload = None if body is None else json.dumps(body)
        try:
            connection = _UnixConnection(_connect(self.path, timeout_s))
            try:
                connection.request(method, f"/api/v1/{resource}", payload, headers)
                answer = connection.getresponse()
                text = answer.read(MAX_ANSWER_BYTES)
                if answer.length:
                    raise http.client.IncompleteRead(text, answer.length)
            finally:
                connection.close()
            plain = json.loads(text)
        except OSError as exc:
            raise not_reachable(f"the agent at {self.path}: {_words(exc)}") from exc
        except (http.client.HTTPException, ValueError) as exc:
            raise ClientError(
                exits.FAILURE, "bad_answer", f"{self.path}: the answer makes no sense: {exc!r}"
            ) from exc
        if answer.status != 200:
            raise _refusal(plain)
        return plain


def _refusal(problem: Any) -> ClientError:
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return ClientError(exits.FAILURE, "bad_answer", "the answer makes no sense")
    code = problem["code"]
    detail = str(problem.get("detail", code))
    return ClientError(exits.OF_PROBLEM.get(code, exits.FAILURE), code, detail, problem)


def _connect(path: Path, timeout_s: float = TIMEOUT_S) -> socket.socket:
    """Raises OSError. The path may be longer than a socket address."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(timeout_s)
    try:
        with short_path(path) as address:
            connected.connect(address)
    except BaseException:
        connected.close()
        raise
    return connected


def _words(exc: OSError) -> str:
    if isinstance(exc, FileNotFoundError):
        return "no such file"
    if isinstance(exc, ConnectionRefusedError):
        return "nobody listens"
    if isinstance(exc, PermissionError):
        return "not permitted; try sudo"
    return exc.strerror or str(exc)


def find_agent(named: str | None, environ: Mapping[str, str], uid: int) -> AgentClient:
    """The agent behind --socket, $OPENPDU_SOCKET, or the first usual place where one listens.

    Raises ClientError that lists every place and why not, and says what to do.
    """
    candidates = socket_candidates(environ, uid)
    if named:
        candidates = (Candidate(Path(named), private=False),)
    tried = []
    for candidate in candidates:
        reason = distrust(candidate, uid) or _unreachable(candidate.path)
        if not reason:
            return AgentClient(candidate.path)
        tried.append(f"  {candidate.path}: {reason}")
    raise not_reachable(
        "the agent is not reachable. Tried:\n" + "\n".join(tried) + "\n"
        "Start one with `openpdu demo` or `openpdu run --config FILE`, or name its socket with"
        f" --socket or {SOCKET_VARIABLE}."
    )


def _unreachable(path: Path) -> str:
    try:
        _connect(path).close()
    except OSError as exc:
        return _words(exc)
    return ""

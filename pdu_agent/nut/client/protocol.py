# SPDX-License-Identifier: Apache-2.0
"""The client's side of upsd's network protocol, without any socket (RFC 9271 section 4).

A request is a line; its answer is a line too, or the lines of a list. A server that is not what
it should be costs a bounded amount of memory, and then an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pdu_agent.model.errors import OpenPduError
from pdu_agent.nut.words import MAX_LINE_OCTETS, BadLine, Words, line_of, words_of

MAX_ANSWER_OCTETS = 128 * 1024
MAX_LINES = 2500
"""Both: a unit of 64 outlets tells about 1300 lines of 80 KiB."""
_ERROR, _BEGIN, _END = b"ERR ", b"BEGIN LIST ", b"END LIST "

_MEANINGS: Mapping[str, str] = {
    "ACCESS-DENIED": "the user, its password or its address is not let in (upsd.users)",
    "ALREADY-LOGGED-IN": "this connection is logged in already",
    "DATA-STALE": "its driver has had no news of the UPS for a while (DATA-STALE)",
    "DRIVER-NOT-CONNECTED": "upsd has no connection to its driver: is it started?"
    " (DRIVER-NOT-CONNECTED)",
    "FEATURE-NOT-CONFIGURED": "upsd has no certificate (CERTFILE or CERTPATH of upsd.conf)",
    "FEATURE-NOT-SUPPORTED": "this upsd was made without it",
    "UNKNOWN-COMMAND": "the server does not know the request",
    "UNKNOWN-UPS": "the server has no UPS of that name (UNKNOWN-UPS)",
}


class Refused(OpenPduError):
    """The server answered with ERR; code: its word, as in DATA-STALE."""

    def __init__(self, code: str) -> None:
        super().__init__(_MEANINGS.get(code, f"the server says {_shown(code)}"))
        self.code = code


class Misbehaved(OpenPduError):
    """What came is no answer of upsd; the connection is of no use any more."""


class Dialogue:
    """One request at a time, and what has come of its answer."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._octets = 0
        self._is_waiting = False

    def request(self, *words: str) -> bytes:
        """The octets to send; the answer to the request before has been received."""
        self._rest, self._lines, self._octets, self._is_waiting = b"", [], 0, True
        return line_of(*words)

    def receive(self, data: bytes) -> tuple[bytes, ...] | None:
        """The lines of the answer once it is complete, without their ends.

        Raises Refused, and Misbehaved: also for octets that nobody asked for, which may be
        somebody's between us and the server who slips them in before TLS begins.
        """
        if not self._is_waiting:
            raise Misbehaved("the server speaks without being asked")
        self._octets += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._octets > MAX_ANSWER_OCTETS or len(self._lines) + len(lines) > MAX_LINES:
            raise Misbehaved(
                f"an answer is longer than {MAX_LINES} lines or {MAX_ANSWER_OCTETS} octets"
            )
        for position, line in enumerate(lines):
            self._lines.append(line)
            if self._is_last(line):
                if position < len(lines) - 1 or self._rest:
                    raise Misbehaved("more came than the answer")
                self._is_waiting = False
                if line.startswith(_ERROR):
                    raise Refused(" ".join(_words(line)[1:2]) or "ERR")
                return tuple(self._lines)
        if len(self._rest) > MAX_LINE_OCTETS:
            raise Misbehaved(f"a line is longer than {MAX_LINE_OCTETS} octets")
        return None

    def _is_last(self, line: bytes) -> bool:
        """Told by its first octets alone: what a line says is looked at once all are there."""
        return line.startswith((_ERROR, _END)) or not self._lines[0].startswith(_BEGIN)


def list_variables(ups: str) -> Words:
    """The request for all variables of a UPS."""
    return "LIST", "VAR", ups


def variables_in(answer: Sequence[bytes], ups: str) -> Iterator[tuple[str, str]]:
    """Names and values in an answer to `list_variables`, one after the other: to read all of them
    takes long enough to be noticed elsewhere. Raises Misbehaved.
    """
    if len(answer) < 2 or not (
        _is_about(answer[0], "BEGIN", ups) and _is_about(answer[-1], "END", ups)
    ):
        raise Misbehaved(f"no list of the variables of {_shown(ups)} was answered")
    for line in answer[1:-1]:
        row = _words(line)
        if len(row) < 4 or row[0] != "VAR" or not _is_name(row[1:-2], ups):
            raise Misbehaved(f"no variable of {_shown(ups)}: {_shown(' '.join(row))}")
        yield printable(row[-2]), printable(row[-1])


def printable(text: str) -> str:
    """Without what would move a terminal's cursor, or is no character at all."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "?" for each in text)


def _is_about(line: bytes, mark: str, ups: str) -> bool:
    words = _words(line)
    return words[:3] == (mark, "LIST", "VAR") and _is_name(words[3:], ups)


def _is_name(words: Words, ups: str) -> bool:
    """upsd repeats a name as it was asked for, but without quotes; = is a word of its own."""
    return "".join(words) == ups.replace(" ", "")


def _words(line: bytes) -> Words:
    if len(line) > MAX_LINE_OCTETS:
        raise Misbehaved(f"a line is longer than {MAX_LINE_OCTETS} octets")
    found = words_of(line)
    if isinstance(found, BadLine):
        raise Misbehaved(f"a line cannot be read: {found.reason}")
    return found


def _shown(text: str) -> str:
    return printable(text)[:80]

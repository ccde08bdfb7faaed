# SPDX-License-Identifier: Apache-2.0
"""Lines of words, as both of NUT's protocols write them (parseconf of NUT, RFC 9271 section 4.1).

Words stand apart by white space or in double quotes; a backslash takes the next character as it
is; # begins a comment; = outside quotes is a word of its own. NUT drops control characters and
whatever is not ASCII when it reads; so what it shows has been through `plain`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_WORDS = 32
MAX_WORD_LENGTH = 512
"""Both: PCONF_DEFAULT_ARG_LIMIT and _WORDLEN_LIMIT of NUT. It cuts what is longer; half a value
is a wrong one, so here the whole line is refused.
"""
MAX_LINE_OCTETS = 4096
"""NUT's own lines stay below 1024 (LARGEBUF), with every character escaped."""

_SPACE = r" \t\r\v\f"
_TOKEN = re.compile(
    rf'[{_SPACE}]+|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<equals>=)|\#.*'
    rf'|(?P<bare>(?:[^{_SPACE}"\#=\\]|\\.)(?:[^{_SPACE}\#=\\]|\\.)*)',
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'["\\#]')
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9._:@/+-]+", re.ASCII)
_CONTROLS = dict.fromkeys((*range(32), 127))
_NOT_ASCII = re.compile(r"[^ -~]")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is none; reason: why, in words."""

    reason: str


def line_of(*words: str) -> bytes:
    """One line with its end, in UTF-8. Control characters are left out: none can end the line."""
    return " ".join(map(_written, words)).encode("utf-8", "replace") + b"\n"


def words_of(line: bytes) -> Words | BadLine:
    """The words of one line, which is without its end."""
    text = line.decode("utf-8", "replace")
    words: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return BadLine("a quote or an escape that does not end")
        position = match.end()
        if match.lastgroup is not None:
            words.append(_ESCAPED.sub(r"\1", match[match.lastgroup]).translate(_CONTROLS))
            if len(words) > MAX_WORDS:
                return BadLine(f"more than {MAX_WORDS} words")
    if any(len(word) > MAX_WORD_LENGTH for word in words):
        return BadLine(f"a word of more than {MAX_WORD_LENGTH} characters")
    return tuple(words)


def plain(text: str) -> str:
    """The text in ASCII, which is all that NUT shows: accents go, the rest becomes "?"."""
    if text.isascii() and text.isprintable():
        return text
    letters = "".join(
        each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each)
    )
    return _NOT_ASCII.sub("?", letters.translate(_CONTROLS))


class LineReader:
    """Octets in, lines out. Keeps MAX_LINE_OCTETS at most, whatever comes."""

    def __init__(self) -> None:
        self._begun = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[Words | BadLine]:
        """The lines that end in `data`, without empty ones. One that is too long is told once, as
        soon as it is.
        """
        lines: list[Words | BadLine] = []
        *ended, rest = data.split(b"\n")
        for piece in ended:
            line = self._grown(piece, lines)
            if line.strip() and not self._skipping:
                words = words_of(line)
                if words:
                    lines.append(words)
            self._begun, self._skipping = b"", False
        self._begun = self._grown(rest, lines)
        return lines

    def _grown(self, piece: bytes, lines: list[Words | BadLine]) -> bytes:
        """What is begun with `piece` added; nothing of a line that is too long."""
        if self._skipping:
            return b""
        if len(self._begun) + len(piece) <= MAX_LINE_OCTETS:
            return self._begun + piece
        lines.append(BadLine(f"a line of more than {MAX_LINE_OCTETS} octets"))
        self._skipping = True
        return b""


def _written(word: str) -> str:
    if _NEEDS_NO_QUOTES.fullmatch(word):
        return word
    return '"' + _TO_ESCAPE.sub(r"\\\g<0>", word.translate(_CONTROLS)) + '"'

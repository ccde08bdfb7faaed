# SPDX-License-Identifier: Apache-2.0
"""What NUT's ups.conf says of one device (ups.conf(5))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pdu_agent.nut.words import BadLine, words_of

MAX_OCTETS = 1 << 20


class ConfError(Exception):
    """The text names the file, and what was expected in it."""


@dataclass(frozen=True, slots=True)
class UpsConf:
    """common: what stands before the first section. device: its own section; a flag has ""."""

    common: Mapping[str, str]
    device: Mapping[str, str]


def read_ups_conf(path: Path, device: str) -> UpsConf:
    """Raises ConfError."""
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_OCTETS).splitlines()
    except OSError as exc:
        raise ConfError(f"{path}: {exc.strerror}") from None
    sections: dict[str, dict[str, str]] = {"": {}}
    section = ""
    for number, line in enumerate(lines, start=1):
        words = words_of(line)
        if isinstance(words, BadLine):
            raise ConfError(f"{path}:{number}: {words.reason}")
        if words and words[0].startswith("[") and words[0].endswith("]"):
            section = words[0][1:-1]
            sections.setdefault(section, {})
        elif words:
            sections[section][words[0]] = words[2] if len(words) > 2 and words[1] == "=" else ""
    if device not in sections or not device:
        raise ConfError(f"{path}: there is no section [{device}]")
    return UpsConf(sections[""], sections[device])

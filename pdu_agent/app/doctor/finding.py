# SPDX-License-Identifier: Apache-2.0
"""What the doctor says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """OK: as it should be. NOTE: works, but somebody should know. PROBLEM: does not work."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """subject: what was looked at, as the configuration calls it. cure: what to do, "" if ok."""

    level: Level
    subject: str
    text: str
    cure: str = ""


def ok(subject: str, text: str) -> Finding:
    return Finding(Level.OK, subject, text)


def note(subject: str, text: str, cure: str) -> Finding:
    return Finding(Level.NOTE, subject, text, cure)


def problem(subject: str, text: str, cure: str) -> Finding:
    return Finding(Level.PROBLEM, subject, text, cure)

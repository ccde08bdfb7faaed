# SPDX-License-Identifier: Apache-2.0
"""Types of the model that the file writes as one word: a relay and a metering point."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pdu_agent.core.settings import RelayRef
from pdu_agent.model.commands import Target, TargetKind


@dataclass(frozen=True, slots=True)
class Word:
    """expected: the end of a sentence "expected ...". read: raises ValueError."""

    expected: str
    read: Callable[[str], Any]


def _relay(text: str) -> RelayRef:
    match = re.fullmatch(r"(.+)\.([0-9]{1,3})", text)
    if match is None:
        raise ValueError
    return RelayRef(match[1], int(match[2]))


def _target(text: str) -> Target:
    match = re.fullmatch(r"(inlet|branch|outlet|sensor) +([1-9][0-9]{0,3})", text)
    if match is None:
        raise ValueError
    return Target(TargetKind(match[1]), int(match[2]))


WORDS: dict[type, Word] = {
    RelayRef: Word("a board and its relay counted from 0, such as main.0", _relay),
    Target: Word("what is measured, such as inlet 1, branch 2 or outlet 3", _target),
}

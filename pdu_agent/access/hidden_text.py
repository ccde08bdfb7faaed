# SPDX-License-Identifier: Apache-2.0
"""Texts that tell of outlets somebody may not read: what made a rule act, what a cap has shed."""

from __future__ import annotations

import re

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.snapshot import Snapshot

NOT_SHOWN = "something that is not shown"
MIN_NAME = 3
"""Shorter names are found in too many words."""
_NUMBERS = re.compile(r"\boutlets?[ :]+(\d+(?:(?:, | and |, and | to |-)\d+)*)", re.IGNORECASE)


class HiddenText:
    """Of a snapshot, for the holder of a grant. Rather a text too few than one too many."""

    def __init__(self, snapshot: Snapshot, grant: Grant) -> None:
        hidden = [row for row in snapshot.outlets if not grant.allows(Rights.READ, row.index)]
        self.numbers = frozenset(row.index for row in hidden)
        names = {text for row in hidden for text in (row.name, row.device) if len(text) >= MIN_NAME}
        self._names = (
            re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names)))
            if names
            else None
        )

    def tells(self, text: str) -> bool:
        """Does it name one of them, or a range that may hold one?"""
        if not text:
            return False
        if self._names is not None and self._names.search(text):
            return True
        for match in _NUMBERS.finditer(text):
            numbers = [int(part) for part in re.findall(r"\d+", match[1])]
            if any(min(numbers) <= number <= max(numbers) for number in self.numbers):
                return True
        return False

    def shown(self, text: str) -> str:
        """The text, or what stands in its place."""
        return NOT_SHOWN if self.tells(text) else text

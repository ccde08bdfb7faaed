# SPDX-License-Identifier: Apache-2.0
"""What the watched hosts have done, as far as a plan may rely on it."""

from __future__ import annotations

from pdu_agent.model.readings import HostSeen

SILENT_AFTER = 3
"""Attempts in a row; one may get lost, and what is busy must not be cut for that."""


class HostAnswers:
    """Forgets what it knew of a host as soon as this machine cannot ask it any more."""

    def __init__(self) -> None:
        self._answers: dict[str, bool] = {}
        self._failures: dict[str, int] = {}

    def note(self, seen: HostSeen) -> None:
        if seen.answered or not seen.asked:
            self._failures.pop(seen.host, None)
        if not seen.asked:
            self._answers.pop(seen.host, None)
        elif seen.answered:
            self._answers[seen.host] = True
        else:
            failures = self._failures.get(seen.host, 0) + 1
            self._failures[seen.host] = failures
            if failures >= SILENT_AFTER:
                self._answers[seen.host] = False

    def of(self, host: str) -> bool | None:
        """Does it answer? None while that is not known."""
        return self._answers.get(host)

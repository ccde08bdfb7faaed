# SPDX-License-Identifier: Apache-2.0
"""Whether the rights of the NUT device are about outlets that there are."""

from __future__ import annotations

from pdu_agent.access.outlet_rights import outlet_span
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems


def nut_check(checker: Checker, problems: Problems) -> None:
    """Only a warning: without the outlet the right is of no use, and does no harm."""
    numbers = {number for _, number in checker.found("outlets#.number")}
    for _, section in checker.found("nut"):
        for text in section.outlets:
            missing = [str(number) for number in outlet_span(text) if number not in numbers]
            if missing:
                path = f"nut.outlets.{text}"
                problems.warn(checker.place(path), f"{path}: there is no outlet {missing[0]}")

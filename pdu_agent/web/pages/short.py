# SPDX-License-Identifier: Apache-2.0
"""Numbers that people have set, as they would write them."""

from __future__ import annotations

from pdu_agent.web.pages.words import MISSING, fixed


def short(value: float | None, missing: str = MISSING) -> str:
    """Without decimals that say nothing."""
    return missing if value is None else fixed(value, 3).rstrip("0").rstrip(".")

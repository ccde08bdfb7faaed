# SPDX-License-Identifier: Apache-2.0
"""What the `history` section of the configuration may say."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.model.settings import setting


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """The `history` section. Days are days that hold anything."""

    enabled: bool = setting(True, doc="remember values and energy")
    max_mb: int = setting(200, minimum=8, maximum=65_536, doc="size of the file on the card, MiB")
    runtime_max_mb: int = setting(
        8, minimum=1, maximum=256, doc="values of 10 s in the runtime folder, MiB of memory"
    )
    ring_minutes: int = setting(30, minimum=15, maximum=60, doc="values of 1 s in memory")
    minute_days: int = setting(60, minimum=1, maximum=3660, doc="values of 1 minute")
    quarter_days: int = setting(730, minimum=1, maximum=36_600, doc="values of 15 minutes")
    day_days: int = setting(3660, minimum=1, maximum=36_600, doc="values of a day, with peaks")
    energy_days: int = setting(1830, minimum=31, maximum=36_600, doc="energy of each hour")

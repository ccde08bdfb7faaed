# SPDX-License-Identifier: Apache-2.0
"""What the section `backup` may say."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.model.settings import setting


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """The `backup` section. Another medium survives what the card does not."""

    folder: str = setting(
        "", max_length=4096, doc="where backups stand; empty: backups in the state folder"
    )
    every_h: int = setting(1, minimum=0, maximum=168, doc="hours from one to the next; 0: none")
    keep: int = setting(10, minimum=1, maximum=1000, doc="so many of the newest stay")

# SPDX-License-Identifier: Apache-2.0
"""The error of a sample that is not believed, although the sensor is there."""

from __future__ import annotations

from pdu_agent.model.errors import HardwareError

TOLERATED = 2
"""A third bad one in a row is no accident of a long cable."""


class DroppedSample(HardwareError):
    """The next sample may well be good: it is asked for soon, and nothing is said so far.

    tolerated: as many in a row are passed over; None: any number, as of a part that often
    gives none. The sensor is stale in the end.
    """

    def __init__(
        self, driver: str, operation: str, detail: str, tolerated: int | None = TOLERATED
    ) -> None:
        super().__init__(driver, operation, detail)
        self.tolerated = tolerated

# SPDX-License-Identifier: Apache-2.0
"""Why a SET is refused, in the words of RFC 3416 section 3."""

from __future__ import annotations

from enum import Enum

from pdu_agent.model.errors import (
    BudgetExceeded,
    Busy,
    CommandError,
    InvalidValue,
    NotNow,
    NotPermitted,
    OpenPduError,
    OutletHeld,
    OutletLocked,
    TableFull,
    Unavailable,
    UnknownTarget,
)


class ErrorStatus(Enum):
    """The error-status values that a SET can end with."""

    GEN_ERR = 5
    NO_ACCESS = 6
    WRONG_TYPE = 7
    WRONG_LENGTH = 8
    WRONG_VALUE = 10
    NO_CREATION = 11
    INCONSISTENT_VALUE = 12
    RESOURCE_UNAVAILABLE = 13
    COMMIT_FAILED = 14
    NOT_WRITABLE = 17
    INCONSISTENT_NAME = 18


class SetError(OpenPduError):
    """A refused SET; nothing of it was done. `index` is the 1-based error-index."""

    def __init__(self, status: ErrorStatus, index: int, reason: str) -> None:
        super().__init__(f"variable binding {index}: {status.name}: {reason}")
        self.status = status
        self.index = index


STATUS_OF: dict[type[CommandError], ErrorStatus] = {
    UnknownTarget: ErrorStatus.NO_CREATION,
    InvalidValue: ErrorStatus.WRONG_VALUE,
    NotPermitted: ErrorStatus.NO_ACCESS,
    OutletLocked: ErrorStatus.INCONSISTENT_VALUE,
    OutletHeld: ErrorStatus.INCONSISTENT_VALUE,
    NotNow: ErrorStatus.INCONSISTENT_VALUE,
    BudgetExceeded: ErrorStatus.INCONSISTENT_VALUE,
    TableFull: ErrorStatus.RESOURCE_UNAVAILABLE,
    Busy: ErrorStatus.RESOURCE_UNAVAILABLE,
    Unavailable: ErrorStatus.COMMIT_FAILED,
}

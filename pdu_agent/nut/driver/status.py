# SPDX-License-Identifier: Apache-2.0
"""What became of a request, in the numbers of NUT's drivers/upshandler.h; for TRACKING."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from pdu_agent.model.errors import (
    BudgetExceeded,
    Busy,
    CommandError,
    InvalidValue,
    NotNow,
    NotPermitted,
    OutletHeld,
    OutletLocked,
    TableFull,
    Unavailable,
    UnknownTarget,
)


class Status(IntEnum):
    """upsd tells its client, in this order: SUCCESS, ERR UNKNOWN, ERR INVALID-ARGUMENT, ERR FAILED.
    NUT has a fifth, for a value that is no number: upsd 2.8.0 calls that ERR UNKNOWN.
    """

    HANDLED = 0
    UNKNOWN = 1
    INVALID = 2
    FAILED = 3


STATUS_OF: Mapping[type[CommandError], Status] = {
    UnknownTarget: Status.UNKNOWN,
    InvalidValue: Status.INVALID,
    NotPermitted: Status.FAILED,
    OutletLocked: Status.FAILED,
    OutletHeld: Status.FAILED,
    NotNow: Status.FAILED,
    BudgetExceeded: Status.FAILED,
    TableFull: Status.FAILED,
    Busy: Status.FAILED,
    Unavailable: Status.FAILED,
}

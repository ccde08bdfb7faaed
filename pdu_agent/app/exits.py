# SPDX-License-Identifier: Apache-2.0
"""Exit codes of the openpdu command; scripts rely on them."""

from __future__ import annotations

from collections.abc import Mapping

OK = 0
FAILURE = 1
USAGE = 2
NOT_REACHABLE = 3
UNKNOWN_TARGET = 4
NOT_PERMITTED = 5
REFUSED = 6
UNAVAILABLE = 7
PROBLEMS = 8
CONFIGURATION = 78
INTERRUPTED = 130

OF_PROBLEM: Mapping[str, int] = {
    "unknown_target": UNKNOWN_TARGET,
    "invalid_value": USAGE,
    "not_permitted": NOT_PERMITTED,
    "outlet_locked": REFUSED,
    "outlet_held": REFUSED,
    "not_now": REFUSED,
    "budget_exceeded": REFUSED,
    "table_full": REFUSED,
    "busy": UNAVAILABLE,
    "unavailable": UNAVAILABLE,
    "not_found": UNAVAILABLE,
    "configuration": CONFIGURATION,
}
"""`code` of an API problem -> exit code. Any other code is a FAILURE."""

EPILOG = """\
exit codes:
  0   done, or nothing had to be done
  1   unexpected failure
  2   usage, or a value outside its range
  3   the agent cannot be reached
  4   no such outlet or group
  5   not permitted
  6   refused: the outlet is locked, kept on or off, or not now; not confirmed
  7   unavailable or busy; a wait that came to no good end
  8   the doctor found what does not work; the audit log is not whole
  78  error in the configuration
"""

# SPDX-License-Identifier: Apache-2.0
"""The IDs and labels that Sentry4-MIB gives to the parts of a unit, and their indices.

A unit is alone here: unit 1, A. A cord is an inlet (AA is inlet 1). Each line of it has a
phase, from the line to the return, which the MIB text calls L1-R; an inlet whose lines are not
told apart has the one line L1.
"""

from __future__ import annotations

from typing import Final

from pdu_agent.mib_impl.syntax import Oid

UNIT: Final = 1
UNIT_ID: Final = "A"
LAST_CORD: Final = 4
"""st4InputCordIndex ends here: what hangs on an inlet beyond has no row."""

ONLY_LINE: Final = 1
"""The one line and the one phase of a cord whose lines are not told apart."""


def cord_index(inlet: int) -> Oid:
    return UNIT, inlet


def line_index(inlet: int, line: int = ONLY_LINE) -> Oid:
    """Of the line, and of the phase."""
    return UNIT, inlet, line


def part_index(inlet: int, number: int) -> Oid:
    """Of a branch, its over-current protector, or an outlet."""
    return UNIT, inlet, number


def cord_id(inlet: int) -> str:
    """inlet: 1 to LAST_CORD."""
    return UNIT_ID + "ABCD"[inlet - 1]


def line_id(inlet: int, line: int = ONLY_LINE) -> str:
    """Of the line, and of the phase."""
    return f"{cord_id(inlet)}{line}"


def part_id(inlet: int, number: int) -> str:
    """Of a branch, its over-current protector, or an outlet."""
    return f"{cord_id(inlet)}{number}"


def sensor_id(number: int) -> str:
    """number: 1 and up among the sensors of its kind."""
    return f"{UNIT_ID}{number}"


def line_label(inlet: int, line: int = ONLY_LINE) -> str:
    return f"{cord_id(inlet)}:L{line}"


def phase_label(inlet: int, line: int = ONLY_LINE) -> str:
    return f"{line_label(inlet, line)}-R"


def branch_label(inlet: int, number: int) -> str:
    """Of a branch, and of its over-current protector."""
    return f"{phase_label(inlet)}-BR{number}"

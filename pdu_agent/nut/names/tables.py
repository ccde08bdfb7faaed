# SPDX-License-Identifier: Apache-2.0
"""All tables of variables, in the order in which they are told."""

from __future__ import annotations

from typing import Any

from pdu_agent.model.snapshot import Snapshot
from pdu_agent.nut.names.ambient_rows import AMBIENT, AMBIENT_OWN, DEFAULT_AMBIENT
from pdu_agent.nut.names.input_rows import (
    BRANCH_METERS,
    BRANCHES,
    INLET_ENERGY,
    INLET_METERS,
    INLETS,
    INLETS_OWN,
    LINE_METERS,
    LINE_VOLTAGES,
    LINES,
    SUMS,
)
from pdu_agent.nut.names.limit_rows import GROUP_CURRENTS, LIMITS
from pdu_agent.nut.names.outlet_rows import (
    GROUPS,
    MEMBERSHIPS,
    OUTLET_ENERGY,
    OUTLET_METERS,
    OUTLETS,
    OUTLETS_OWN,
)
from pdu_agent.nut.names.row import Row, Table
from pdu_agent.nut.names.unit_rows import COUNT, NAMES_VERSION, UNIT

STATE = "quiet"
"""driver.state of a driver that is neither starting nor walking its device."""


def driver_table(driver: str) -> Table[Snapshot]:
    """What upsd is told of the driver. driver: its name in ups.conf."""
    return Table(
        "",
        lambda snapshot: (("", snapshot),),
        (
            Row("driver.name", lambda _: driver, "`driver` of its section in ups.conf"),
            Row(
                "driver.version",
                lambda snapshot: snapshot.device.software_version,
                "version of the agent",
            ),
            Row(
                "driver.version.internal",
                lambda snapshot: snapshot.device.software_version,
                "version of the agent",
            ),
            Row("driver.version.data", lambda _: NAMES_VERSION, "which names these are"),
            Row("driver.state", lambda _: STATE, "always quiet"),
        ),
        needs=lambda _: (),
    )


TABLES: tuple[Table[Any], ...] = (
    UNIT,
    COUNT,
    INLETS,
    SUMS,
    INLET_METERS,
    LINES,
    LINE_METERS,
    LINE_VOLTAGES,
    OUTLETS,
    MEMBERSHIPS,
    OUTLET_METERS,
    GROUPS,
    GROUP_CURRENTS,
    *DEFAULT_AMBIENT,
    AMBIENT,
    LIMITS,
    INLETS_OWN,
    INLET_ENERGY,
    OUTLETS_OWN,
    OUTLET_ENERGY,
    BRANCHES,
    BRANCH_METERS,
    AMBIENT_OWN,
)

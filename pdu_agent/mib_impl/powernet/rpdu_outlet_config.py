# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDUOutletConfig: names, times and limits of outlets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pdu_agent.mib_impl.powernet.rpdu_ident import COUNT
from pdu_agent.mib_impl.powernet.rpdu_load import NUMBER
from pdu_agent.mib_impl.powernet.rpdu_outlet import OUTLET_NAME, OUTLET_PHASE, bank_of
from pdu_agent.mib_impl.powernet.watched import (
    Watched,
    limits,
    metered_outlets,
    outlet_rows,
    watched_outlets,
)
from pdu_agent.mib_impl.powernet.words import NEVER_S, phase_of, power_on_s, sets_power_on
from pdu_agent.mib_impl.schema import ObjectType, Scalars, Table, whole
from pdu_agent.mib_impl.syntax import Integer32
from pdu_agent.model.commands import ConfigureOutlet, OutletSetting
from pdu_agent.model.snapshot import Outlet, Snapshot


def _configures(setting: OutletSetting) -> Callable[[Outlet, Any], ConfigureOutlet]:
    return lambda outlet, value: ConfigureOutlet(outlet.index, setting, value)


CONFIG: Table[Outlet] = Table(
    suffix=(1, 1, 12, 3, 4, 1),
    name="rPDUOutletConfigTable",
    index=("rPDUOutletConfigIndex",),
    rows=outlet_rows,
    outlet=lambda outlet: outlet.index,
    objects=(
        ObjectType(1, "rPDUOutletConfigIndex", NUMBER, lambda outlet: outlet.index),
        ObjectType(
            2,
            "rPDUOutletConfigOutletName",
            OUTLET_NAME,
            lambda outlet: outlet.name,
            to_command=_configures(OutletSetting.NAME),
        ),
        ObjectType(3, "rPDUOutletConfigOutletPhase", OUTLET_PHASE, phase_of),
        ObjectType(
            4,
            "rPDUOutletConfigPowerOnTime",
            Integer32(NEVER_S, 7200),
            power_on_s,
            units="seconds",
            to_command=sets_power_on,
        ),
        ObjectType(  # NEVER_S is not taken: no outlet here can refuse to be switched off
            5,
            "rPDUOutletConfigPowerOffTime",
            Integer32(0, 7200),
            lambda outlet: outlet.off_delay_s,
            units="seconds",
            to_command=_configures(OutletSetting.OFF_DELAY_S),
        ),
        ObjectType(
            6,
            "rPDUOutletConfigRebootDuration",
            Integer32(5, 60),
            lambda outlet: outlet.reboot_s,
            units="seconds",
            to_command=_configures(OutletSetting.REBOOT_S),
        ),
        ObjectType(7, "rPDUOutletConfigOutletBank", COUNT, bank_of),
    ),
)

MONITORED_SIZE: Scalars[Snapshot] = Scalars(
    suffix=(1, 1, 12, 3, 4),
    source=whole,
    objects=(
        ObjectType(
            2, "rPDUOutletConfigMonitoredTableSize", COUNT, lambda s: len(metered_outlets(s))
        ),
    ),
)

MONITORED: Table[Watched[Outlet]] = Table(
    suffix=(1, 1, 12, 3, 4, 3),
    name="rPDUOutletConfigMonitoredTable",
    index=("rPDUOutletConfigMonitoredIndex",),
    rows=watched_outlets,
    outlet=lambda row: row.part.index,
    objects=(
        ObjectType(1, "rPDUOutletConfigMonitoredIndex", NUMBER, lambda row: row.part.index),
        ObjectType(
            2,
            "rPDUOutletConfigMonitoredName",
            OUTLET_NAME,
            lambda row: row.part.name,
            to_command=lambda row, name: ConfigureOutlet(row.part.index, OutletSetting.NAME, name),
        ),
        ObjectType(3, "rPDUOutletConfigMonitoredNumber", NUMBER, lambda row: row.part.index),
        *limits("rPDUOutletConfigMonitored", first=4),
    ),
)

RPDU_OUTLET_CONFIG = (CONFIG, MONITORED_SIZE, MONITORED)

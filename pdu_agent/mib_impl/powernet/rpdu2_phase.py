# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2Phase and rPDU2AdvPhase: one row per inlet."""

from __future__ import annotations

from pdu_agent.mib_impl.powernet.phases import Phase, phases
from pdu_agent.mib_impl.powernet.rpdu2_circuit import (
    load_and_current,
    metered,
    numbered,
    peak_current,
    settings,
)
from pdu_agent.mib_impl.powernet.rpdu2_columns import HUNDREDTHS, NUMBER, RPDU2_ARC, size, tens
from pdu_agent.mib_impl.powernet.watched import Watched, watched_phases
from pdu_agent.mib_impl.powernet.words import measured
from pdu_agent.mib_impl.schema import ObjectType, Table

PHASE_SIZE = size((), 5, "rPDU2PhaseTableSize", lambda s: len(phases(s)))


PHASE_CONFIG: Table[Watched[Phase]] = Table(
    suffix=(*RPDU2_ARC, 6, 1),
    name="rPDU2PhaseConfigTable",
    index=("rPDU2PhaseConfigIndex",),
    rows=watched_phases,
    objects=settings("rPDU2PhaseConfig", "PhasePeakCurrentReset", tenths=False),
)

PHASE_PROPERTIES: Table[Watched[Phase]] = Table(
    suffix=(*RPDU2_ARC, 6, 2),
    name="rPDU2PhasePropertiesTable",
    index=("rPDU2PhasePropertiesIndex",),
    rows=watched_phases,
    objects=numbered("rPDU2PhaseProperties"),
)

PHASE_STATUS: Table[Watched[Phase]] = Table(
    suffix=(*RPDU2_ARC, 6, 3),
    name="rPDU2PhaseStatusTable",
    index=("rPDU2PhaseStatusIndex",),
    rows=watched_phases,
    objects=(
        *numbered("rPDU2PhaseStatus"),
        *load_and_current("rPDU2PhaseStatus"),
        ObjectType(
            6,
            "rPDU2PhaseStatusVoltage",
            NUMBER,
            metered(lambda meter: measured(meter).voltage_v),
            units="volts",
            absent=-1,
        ),
        ObjectType(
            7,
            "rPDU2PhaseStatusPower",
            NUMBER,
            metered(lambda meter: tens(measured(meter).active_power_w)),
            units="hundredths of a kilowatt",
            absent=-1,
        ),
        ObjectType(
            8,
            "rPDU2PhaseStatusApparentPower",
            NUMBER,
            metered(lambda meter: tens(measured(meter).apparent_power_va)),
            units="hundredths of a kilovolt-ampere",
            absent=-1,
        ),
        ObjectType(
            9,
            "rPDU2PhaseStatusPowerFactor",
            HUNDREDTHS,
            metered(lambda meter: measured(meter).power_factor),
            units="hundredths",
            absent=-1,
        ),
        *peak_current("rPDU2PhaseStatus", 10),
    ),
)

ADV_PHASE_CONFIG: Table[Watched[Phase]] = Table(
    suffix=(*RPDU2_ARC, 15, 1),
    name="rPDU2AdvPhaseConfigTable",
    index=("rPDU2AdvPhaseConfigIndex",),
    rows=watched_phases,
    objects=settings("rPDU2AdvPhaseConfig", "PhasePeakCurrentReset", tenths=True),
)

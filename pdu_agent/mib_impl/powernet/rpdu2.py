# SPDX-License-Identifier: Apache-2.0
"""PowerNet-MIB rPDU2: the second generation of rack power units."""

from __future__ import annotations

from typing import Any

from pdu_agent.mib_impl.powernet.rpdu2_bank import (
    ADV_BANK_CONFIG,
    BANK_CONFIG,
    BANK_PROPERTIES,
    BANK_SIZE,
    BANK_STATUS,
)
from pdu_agent.mib_impl.powernet.rpdu2_device import (
    CONFIG_OF_ALL_OUTLETS,
    DEVICE_CONFIG,
    DEVICE_CONTROL,
    DEVICE_PROPERTIES,
    DEVICE_SIZE,
)
from pdu_agent.mib_impl.powernet.rpdu2_device_status import (
    DEVICE_OF_ALL_OUTLETS,
    DEVICE_STATUS,
    GROUP,
)
from pdu_agent.mib_impl.powernet.rpdu2_discrete import (
    DISCRETE_CONFIG,
    DISCRETE_SIZE,
    DISCRETE_STATUS,
)
from pdu_agent.mib_impl.powernet.rpdu2_ident import IDENT, IDENT_SIZE
from pdu_agent.mib_impl.powernet.rpdu2_metered import (
    METERED_CONFIG,
    METERED_PROPERTIES,
    METERED_SIZE,
    METERED_STATUS,
)
from pdu_agent.mib_impl.powernet.rpdu2_outlet import (
    SWITCHED_CONFIG,
    SWITCHED_CONTROL,
    SWITCHED_PROPERTIES,
    SWITCHED_SIZE,
    SWITCHED_STATUS,
)
from pdu_agent.mib_impl.powernet.rpdu2_phase import (
    ADV_PHASE_CONFIG,
    PHASE_CONFIG,
    PHASE_PROPERTIES,
    PHASE_SIZE,
    PHASE_STATUS,
)
from pdu_agent.mib_impl.powernet.rpdu2_sensor import SENSOR_SIZE, SENSOR_STATUS
from pdu_agent.mib_impl.powernet.rpdu2_sensor_config import SENSOR_CONFIG
from pdu_agent.mib_impl.schema import Scalars, Table

RPDU2: tuple[Scalars[Any] | Table[Any], ...] = (
    IDENT_SIZE,
    IDENT,
    DEVICE_SIZE,
    DEVICE_CONFIG,
    CONFIG_OF_ALL_OUTLETS,
    DEVICE_PROPERTIES,
    DEVICE_STATUS,
    DEVICE_OF_ALL_OUTLETS,
    DEVICE_CONTROL,
    PHASE_SIZE,
    PHASE_CONFIG,
    PHASE_PROPERTIES,
    PHASE_STATUS,
    BANK_SIZE,
    BANK_CONFIG,
    BANK_PROPERTIES,
    BANK_STATUS,
    SWITCHED_SIZE,
    SWITCHED_CONFIG,
    SWITCHED_PROPERTIES,
    SWITCHED_STATUS,
    SWITCHED_CONTROL,
    METERED_SIZE,
    METERED_CONFIG,
    METERED_PROPERTIES,
    METERED_STATUS,
    SENSOR_SIZE,
    SENSOR_CONFIG,
    SENSOR_STATUS,
    DISCRETE_SIZE,
    DISCRETE_CONFIG,
    DISCRETE_STATUS,
    GROUP,
    ADV_BANK_CONFIG,
    ADV_PHASE_CONFIG,
)

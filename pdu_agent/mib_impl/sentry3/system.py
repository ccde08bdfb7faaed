# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB systemGroup, and eventInformationGroup, which is filled in notifications only."""

from __future__ import annotations

from pdu_agent.mib_impl.schema import ObjectType, Scalars, whole
from pdu_agent.mib_impl.sentry.settings import (
    location_object,
    reboot_delay_object,
    sequence_interval_object,
)
from pdu_agent.mib_impl.sentry3.measured import NOT_AVAILABLE
from pdu_agent.mib_impl.sentry3.monitors import monitors
from pdu_agent.mib_impl.sentry3.tower import total_power_w
from pdu_agent.mib_impl.sentry3.words import CONDITION
from pdu_agent.mib_impl.syntax import DisplayString, Integer32
from pdu_agent.model.snapshot import Snapshot


def _version(snapshot: Snapshot) -> str:
    """The form that managers look for the number in: "Sentry Switched CDU Version 7.1a"."""
    device = snapshot.device
    return f"{device.model:.60} Version {device.software_version}"


SYSTEM: Scalars[Snapshot] = Scalars(
    suffix=(1,),
    source=whole,
    objects=(
        ObjectType(1, "systemVersion", DisplayString(0, 80), _version),
        location_object(3, "systemLocation", 32),
        ObjectType(4, "systemTowerCount", Integer32(0, 4), lambda _: 1),
        ObjectType(
            5, "systemEnvMonCount", Integer32(0, 4), lambda snapshot: len(monitors(snapshot))
        ),
        ObjectType(
            6,
            "systemTotalPower",
            Integer32(0, 150_000),
            total_power_w,
            units="Watts",
            absent=NOT_AVAILABLE,
        ),
        sequence_interval_object(13, "systemOutletSeqInterval"),
    ),
)

EVERY_OUTLET: Scalars[Snapshot] = Scalars(
    suffix=(1,),
    source=whole,
    every_outlet=True,
    objects=(reboot_delay_object(14, "systemOutletRebootDelay"),),
)

EVENT_INFORMATION: Scalars[Snapshot] = Scalars(
    suffix=(99,),
    source=whole,
    objects=(
        ObjectType(1, "eventStatusText", DisplayString(0, 20), lambda _: ""),
        ObjectType(2, "eventStatusCondition", CONDITION, lambda _: False),
    ),
)

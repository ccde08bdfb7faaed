# SPDX-License-Identifier: Apache-2.0
"""Sentry3-MIB systemGroup, and eventInformationGroup, which is filled in notifications only."""

from __future__ import annotations

import math

from pdu_agent.mib_impl.schema import ObjectType, Scalars, whole
from pdu_agent.mib_impl.sentry3.measured import NOT_AVAILABLE
from pdu_agent.mib_impl.sentry3.monitors import monitors
from pdu_agent.mib_impl.sentry3.tower import total_power_w
from pdu_agent.mib_impl.sentry3.words import CONDITION
from pdu_agent.mib_impl.syntax import DisplayString, Integer32
from pdu_agent.model.commands import (
    ConfigureDevice,
    ConfigureOutlets,
    DeviceSetting,
    OutletSetting,
)
from pdu_agent.model.snapshot import Snapshot


def _version(snapshot: Snapshot) -> str:
    """The form that managers look for the number in: "Sentry Switched CDU Version 7.1a"."""
    device = snapshot.device
    return f"{device.model:.60} Version {device.software_version}"


def _reboot_s(snapshot: Snapshot) -> int | None:
    """The longest of all outlets that can be rebooted."""
    return max((outlet.reboot_s for outlet in snapshot.outlets if outlet.switched), default=None)


SYSTEM: Scalars[Snapshot] = Scalars(
    suffix=(1,),
    source=whole,
    objects=(
        ObjectType(1, "systemVersion", DisplayString(0, 80), _version),
        ObjectType(
            3,
            "systemLocation",
            DisplayString(0, 32),
            lambda snapshot: snapshot.device.location,
            to_command=lambda _, text: ConfigureDevice(DeviceSetting.LOCATION, text),
        ),
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
        ObjectType(
            13,
            "systemOutletSeqInterval",
            Integer32(0, 15),
            # Up: 0 would say that there is no interval.
            lambda snapshot: math.ceil(snapshot.device.sequence_interval_s),
            units="seconds",
            to_command=lambda _, seconds: ConfigureDevice(
                DeviceSetting.SEQUENCE_INTERVAL_S, seconds
            ),
        ),
    ),
)

EVERY_OUTLET: Scalars[Snapshot] = Scalars(
    suffix=(1,),
    source=whole,
    every_outlet=True,
    objects=(
        ObjectType(
            14,
            "systemOutletRebootDelay",
            Integer32(5, 600),
            _reboot_s,
            units="seconds",
            to_command=lambda _, seconds: ConfigureOutlets(OutletSetting.REBOOT_S, seconds),
        ),
    ),
)

EVENT_INFORMATION: Scalars[Snapshot] = Scalars(
    suffix=(99,),
    source=whole,
    objects=(
        ObjectType(1, "eventStatusText", DisplayString(0, 20), lambda _: ""),
        ObjectType(2, "eventStatusCondition", CONDITION, lambda _: False),
    ),
)

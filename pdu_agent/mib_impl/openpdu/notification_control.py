# SPDX-License-Identifier: Apache-2.0
"""OPENPDU-MIB opduNotifyControl: which notifications are sent, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdu_agent.mib_impl.conventions import TruthValue
from pdu_agent.mib_impl.schema import ObjectType, Scalars, whole
from pdu_agent.mib_impl.syntax import Counter32
from pdu_agent.model.commands import EnableNotifications, NotificationClass
from pdu_agent.model.snapshot import Snapshot

if TYPE_CHECKING:
    from pdu_agent.mib_impl.notifications import NotificationCounters


def enable_object(
    number: int, name: str, notification_class: NotificationClass
) -> ObjectType[Snapshot]:
    """An object that switches one class of notifications on and off."""
    return ObjectType(
        number,
        name,
        TruthValue(),
        lambda snapshot: notification_class in snapshot.notifying,
        to_command=lambda _, enabled: EnableNotifications(notification_class, enabled),
    )


# authenticationFailure is switched by snmpEnableAuthenTraps of SNMPv2-MIB.
ENABLES: Scalars[Snapshot] = Scalars(
    suffix=(11,),
    source=whole,
    objects=(
        enable_object(1, "opduNotifyEnableOutlet", NotificationClass.OUTLET),
        enable_object(2, "opduNotifyEnableCommand", NotificationClass.COMMAND),
        enable_object(3, "opduNotifyEnableThreshold", NotificationClass.THRESHOLD),
        enable_object(4, "opduNotifyEnableSensor", NotificationClass.SENSOR),
        enable_object(5, "opduNotifyEnableHardware", NotificationClass.HARDWARE),
        enable_object(6, "opduNotifyEnableConfiguration", NotificationClass.CONFIGURATION),
        enable_object(7, "opduNotifyEnableStart", NotificationClass.START),
        enable_object(8, "opduNotifyEnableAutomation", NotificationClass.AUTOMATION),
        enable_object(9, "opduNotifyEnableProtection", NotificationClass.PROTECTION),
        enable_object(10, "opduNotifyEnableUps", NotificationClass.UPS),
    ),
)


def delivery_counters(counters: NotificationCounters) -> Scalars[NotificationCounters]:
    return Scalars(
        suffix=(11,),
        source=lambda _: counters,
        live=True,
        objects=(
            ObjectType(12, "opduNotifySent", Counter32(), lambda c: c.sent),
            ObjectType(13, "opduNotifyAcknowledged", Counter32(), lambda c: c.acknowledged),
            ObjectType(14, "opduNotifyLost", Counter32(), lambda c: c.lost),
            ObjectType(15, "opduNotifyDropped", Counter32(), lambda c: c.dropped),
        ),
    )

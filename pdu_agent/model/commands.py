# SPDX-License-Identifier: Apache-2.0
"""What someone wants: commands, and the door they all go through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pdu_agent.model.actor import Actor, Hold, Rank
from pdu_agent.model.terms import (
    Action,
    BranchSetting,
    CapSetting,
    DeviceSetting,
    GroupSetting,
    InletSetting,
    Limit,
    Lock,
    NotificationClass,
    OutletSetting,
    OverloadRestriction,
    PowerUp,
    Quantity,
    Reset,
    SensorSetting,
    Target,
    TargetKind,
    TemperatureScale,
    ThresholdSetting,
)

if TYPE_CHECKING:
    from pdu_agent.model.snapshot import Snapshot

# Whoever takes commands from here takes their words from here too.
__all__ = [
    "Action",
    "Actor",
    "BranchSetting",
    "CapSetting",
    "DeviceSetting",
    "GroupSetting",
    "Hold",
    "InletSetting",
    "Limit",
    "Lock",
    "NotificationClass",
    "OutletSetting",
    "OverloadRestriction",
    "PowerUp",
    "Quantity",
    "Rank",
    "Reset",
    "SensorSetting",
    "Target",
    "TargetKind",
    "TemperatureScale",
    "ThresholdSetting",
]


@dataclass(frozen=True, slots=True)
class SwitchOutlet:
    """delay_s overrides the outlet's own delay; only the delayed actions take it. forced: without
    hooks, and without waiting for the load to be idle.
    """

    outlet: int
    action: Action
    delay_s: float | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class SwitchAll:
    """The action for every switched outlet that is neither locked nor held against it. delay_s
    and forced: as of SwitchOutlet.
    """

    action: Action
    delay_s: float | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class SetLock:
    outlet: int
    lock: Lock


@dataclass(frozen=True, slots=True)
class ConfigureOutlet:
    outlet: int
    setting: OutletSetting
    value: str | float | PowerUp


@dataclass(frozen=True, slots=True)
class ConfigureOutlets:
    """The setting of every outlet."""

    setting: OutletSetting
    value: str | float | PowerUp


@dataclass(frozen=True, slots=True)
class ConfigureInlet:
    inlet: int
    setting: InletSetting
    value: str | float | OverloadRestriction


@dataclass(frozen=True, slots=True)
class ConfigureBranch:
    branch: int
    setting: BranchSetting
    value: str | float | OverloadRestriction


@dataclass(frozen=True, slots=True)
class ConfigureDevice:
    setting: DeviceSetting
    value: str | float | TemperatureScale


@dataclass(frozen=True, slots=True)
class ConfigureSensor:
    sensor: int
    setting: SensorSetting
    value: str


@dataclass(frozen=True, slots=True)
class ResetMeter:
    """Restart the user meter and/or forget the peak; the cumulative energy is untouched.

    Of a sensor: forget the lowest and highest value; `what` is ALL.
    """

    target: Target
    what: Reset


@dataclass(frozen=True, slots=True)
class ResetMeters:
    """As ResetMeter, for every inlet, branch or outlet that has a meter, or every sensor."""

    kind: TargetKind
    what: Reset


@dataclass(frozen=True, slots=True)
class SetLimit:
    """Watch one limit of a threshold at `value`, in the quantity's unit; None: not any more.

    Judged together with the ConfigureThreshold of its batch.
    """

    target: Target
    quantity: Quantity
    limit: Limit
    value: float | None


@dataclass(frozen=True, slots=True)
class ConfigureThresholds:
    """The setting (HYSTERESIS or DELAY_S) of every threshold for this quantity of this kind."""

    kind: TargetKind
    quantity: Quantity
    setting: ThresholdSetting
    value: float


@dataclass(frozen=True, slots=True)
class ConfigureThreshold:
    """Several of one threshold in a batch are judged together: only the end must be in order."""

    target: Target
    quantity: Quantity
    setting: ThresholdSetting
    value: float | frozenset[Limit]


@dataclass(frozen=True, slots=True)
class SwitchGroup:
    """The action for every member that is switched, and neither locked nor held against it.
    delay_s and forced: as of SwitchOutlet; the group's gaps come on top of the delay. without:
    members that it is not for.
    """

    group: int
    action: Action
    delay_s: float | None = None
    forced: bool = False
    without: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StopUntilMains:
    """On mains a reboot after delay_s. On battery off after delay_s, and on again once mains is
    back, as what an outage has switched off. target: an outlet or a group. delay_s: as of
    SwitchOutlet.
    """

    target: Target
    delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """A new group without members, called "Group N" until it is configured."""

    group: int


@dataclass(frozen=True, slots=True)
class RemoveGroup:
    """The group and its memberships; the outlets stay as they are."""

    group: int


@dataclass(frozen=True, slots=True)
class ConfigureGroup:
    group: int
    setting: GroupSetting
    value: str


@dataclass(frozen=True, slots=True)
class SetMember:
    """Put an outlet into a group, or (member False) take it out."""

    group: int
    outlet: int
    member: bool


@dataclass(frozen=True, slots=True)
class AcknowledgeAlarm:
    """Somebody has seen it; the alarm stands until its cause is gone."""

    alarm: int
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class EnableNotifications:
    notification_class: NotificationClass
    enabled: bool


@dataclass(frozen=True, slots=True)
class AdvanceConfigLock:
    """An advisory lock (RFC 2579 TestAndIncr): refused with NotNow unless `value` is what the
    lock is at; accepted, it counts one up, from 2147483647 to 0.
    """

    value: int


@dataclass(frozen=True, slots=True)
class HoldOutlet:
    """Stand by a wish for this outlet until it is released; replaces that of the same source."""

    outlet: int
    hold: Hold


@dataclass(frozen=True, slots=True)
class ReleaseOutlet:
    """End what a source holds this outlet by; nothing happens where it holds nothing."""

    outlet: int
    source: str


@dataclass(frozen=True, slots=True)
class ResetTrip:
    """Forget that the outlet tripped: it may be switched on again. No relay moves."""

    outlet: int


@dataclass(frozen=True, slots=True)
class ResetWear:
    """The outlet's relay was replaced: its wear counts anew. Nothing moves."""

    outlet: int


@dataclass(frozen=True, slots=True)
class SetCountdown:
    """The action once so many seconds have passed, also over a restart; None: not any more."""

    outlet: int
    action: Action
    after_s: float | None


@dataclass(frozen=True, slots=True)
class EnablePlan:
    plan: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Do now what the plan does, whether it is enabled or not; its conditions do not count."""

    plan: str


@dataclass(frozen=True, slots=True)
class EnableRule:
    """A rule that is disabled releases what it holds; no relay moves."""

    rule: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class ConfigureCap:
    cap: int
    setting: CapSetting
    value: float


Command = (
    SwitchOutlet
    | SwitchAll
    | SwitchGroup
    | StopUntilMains
    | SetLock
    | ConfigureOutlet
    | ConfigureOutlets
    | ConfigureInlet
    | ConfigureBranch
    | ConfigureDevice
    | ConfigureSensor
    | ConfigureThreshold
    | ConfigureThresholds
    | SetLimit
    | ConfigureGroup
    | CreateGroup
    | RemoveGroup
    | SetMember
    | ResetMeter
    | ResetMeters
    | AcknowledgeAlarm
    | EnableNotifications
    | AdvanceConfigLock
    | HoldOutlet
    | ReleaseOutlet
    | ResetTrip
    | ResetWear
    | SetCountdown
    | EnablePlan
    | RunPlan
    | EnableRule
    | ConfigureCap
)


_NO_SETTINGS = (
    SwitchOutlet,
    SwitchAll,
    SwitchGroup,
    StopUntilMains,
    SetLock,
    ResetMeter,
    ResetMeters,
    AcknowledgeAlarm,
    AdvanceConfigLock,
    HoldOutlet,
    ReleaseOutlet,
    ResetTrip,
    ResetWear,
    SetCountdown,
    RunPlan,
)


def change_settings(commands: Sequence[Command]) -> bool:
    """Does a batch change the configuration, besides what outlets, meters and alarms do?"""
    return not all(isinstance(command, _NO_SETTINGS) for command in commands)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The receipt of an accepted batch. `changed` is False when nothing had to be done.

    left: outlets of a group, or of all, that are left as they are, each with the reason.
    """

    id: int
    accepted_mono_s: float
    changed: bool
    left: Mapping[int, str] = field(default_factory=dict)


class Controller(Protocol):
    """The core as a face sees it. Loop thread only."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest published instant; it may lack readings of the last moments."""
        ...

    def renewed(self) -> Snapshot:
        """The same with every reading that came; all are shown it from now on."""
        ...

    def uptime_s(self) -> float:
        """Seconds since the agent started, live."""
        ...

    def check(self, commands: Sequence[Command], actor: Actor) -> None:
        """Judge the batch as a whole without doing anything.

        Raises CommandError, with the position of the first command that is refused.
        """
        ...

    def submit_all(self, commands: Sequence[Command], actor: Actor) -> Ticket:
        """Accept all commands or none; returns once they are accepted and recorded.

        Relays move afterwards. Raises CommandError as `check` does, and Unavailable
        when the record could not be written; then nothing has changed.
        """
        ...

    def note_refusal(self, asked: str, actor: Actor, error: str) -> None:
        """For the audit log: the face itself refused what was asked (in words), and why."""
        ...

    def note_change(self, asked: str, actor: Actor) -> None:
        """For the audit log: the face itself did what was asked (in words), as with accounts."""
        ...

# SPDX-License-Identifier: Apache-2.0
"""Judges a batch of commands as a whole, on a draft that is thrown away when one is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pdu_agent.core.configuring import Configuring
from pdu_agent.core.engine import Judge
from pdu_agent.core.live_settings import Sections
from pdu_agent.core.state import CoreState
from pdu_agent.core.switching.groups import GroupEditor
from pdu_agent.core.switching.switching import Circumstances, Switching
from pdu_agent.core.wording import described
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Actor,
    AdvanceConfigLock,
    Command,
    ConfigureBranch,
    ConfigureDevice,
    ConfigureGroup,
    ConfigureInlet,
    ConfigureOutlet,
    ConfigureOutlets,
    ConfigureSensor,
    ConfigureThreshold,
    ConfigureThresholds,
    CreateGroup,
    EnableNotifications,
    HoldOutlet,
    ReleaseOutlet,
    RemoveGroup,
    ResetMeter,
    ResetMeters,
    ResetWear,
    SetLimit,
    SetLock,
    SetMember,
    StopUntilMains,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.errors import CommandError, NotNow, Unavailable


class Batch:
    """One batch being judged: the draft it would lead to and what it has touched so far.

    A batch counts as done at once (RFC 3416 section 4.2.5): wherever they stand in it, groups
    are created before anything else is judged, and outlets switched after everything else.
    """

    def __init__(
        self, sections: Sections, state: CoreState, actor: Actor, around: Circumstances
    ) -> None:
        self.draft = state.draft()
        self._switching = switching = Switching(sections, self.draft, actor, around)
        groups = GroupEditor(sections, self.draft)
        self._configuring = configuring = Configuring(sections, self.draft, around.wall_s)
        self._judges: dict[type, Judge] = {
            SwitchOutlet: switching.switch,
            SwitchAll: switching.switch_all,
            SwitchGroup: switching.switch_group,
            SetLock: switching.lock,
            HoldOutlet: switching.hold,
            ReleaseOutlet: switching.release,
            ConfigureOutlet: configuring.outlet,
            ConfigureOutlets: configuring.outlets,
            ConfigureInlet: configuring.inlet,
            ConfigureBranch: configuring.branch,
            ConfigureDevice: configuring.device,
            ConfigureSensor: configuring.sensor,
            ConfigureGroup: groups.configure,
            CreateGroup: groups.create,
            RemoveGroup: groups.remove,
            SetMember: groups.set_member,
            ResetMeter: configuring.reset_meter,
            ResetMeters: configuring.reset_meters,
            ResetWear: configuring.reset_wear,
            AcknowledgeAlarm: configuring.acknowledge,
            EnableNotifications: configuring.notifications,
            AdvanceConfigLock: configuring.config_lock,
        }
        self._judges_of_limits: dict[type, Callable[..., None]] = {
            ConfigureThreshold: configuring.threshold,
            ConfigureThresholds: configuring.thresholds,
            SetLimit: configuring.limit,
        }

    @property
    def left(self) -> Mapping[int, str]:
        """See Switching.left."""
        return self._switching.left

    @property
    def over_budget(self) -> Mapping[int, str]:
        """See Switching.over_budget."""
        return self._switching.over_budget

    def add_judges(self, judges: Mapping[type, Judge]) -> None:
        """Of commands that others own; each judges on the draft, and raises CommandError."""
        self._judges |= judges

    def judge(self, commands: Sequence[Command]) -> CoreState:
        """The state after the whole batch. Raises CommandError with the refused position."""
        for position, command in sorted(enumerate(commands), key=_turn):
            try:
                self._judge(position, command)
            except CommandError as exc:
                exc.position = position
                raise
        blame = self._configuring.threshold_out_of_order()
        if blame is not None:
            position, text = blame
            raise NotNow(text, position)
        return self.draft

    def _judge(self, position: int, command: Command) -> None:
        judge_of_limits = self._judges_of_limits.get(type(command))
        if judge_of_limits is not None:
            judge_of_limits(command, position)
        else:
            for each in self._judge_of(command)(command) or ():
                self._judge(position, each)

    def _judge_of(self, command: Command) -> Judge:
        """Raises Unavailable where whoever owns such commands has failed."""
        judge = self._judges.get(type(command))
        if judge is None:
            raise Unavailable(
                f"{described([command])}: the part of the agent that does this has failed, see "
                f"the alarm `engine`"
            )
        return judge


_TURNS = {CreateGroup: 0, SwitchOutlet: 2, SwitchAll: 2, SwitchGroup: 2, StopUntilMains: 2}


def _turn(entry: tuple[int, Command]) -> tuple[int, int]:
    position, command = entry
    return _TURNS.get(type(command), 1), position

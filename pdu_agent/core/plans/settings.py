# SPDX-License-Identifier: Apache-2.0
"""What one entry of `plans` may say."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import Enum

from pdu_agent.core.calendar.settings import WhenSettings
from pdu_agent.model.commands import Action, Target
from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

MAX_PLANS = 256
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_ACTIONS = ("on", "off", "reboot", "pulse")
_MOST_W = 1_000_000


class MissedRuns(Enum):
    """What becomes of a run whose time passed while nobody could do it. SKIP: nothing. ONCE: the
    newest one is done at once. LATE: the same, unless it is too late for it.
    """

    SKIP = "skip"
    ONCE = "once"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterSettings:
    """Due once an outlet has used, switched or been on for so much since the plan was enabled.

    Raises ConfigError unless it is one of the three.
    """

    outlet: int = setting(minimum=1)
    energy_wh: float | None = setting(None, minimum=0.001, maximum=1e9)
    switchings: int | None = setting(None, minimum=1, maximum=1_000_000_000)
    on_hours: float | None = setting(None, minimum=0.001, maximum=1_000_000)
    repeat: bool = setting(False, doc="count anew after each run; else it runs once")

    def __post_init__(self) -> None:
        given = [each for each in (self.energy_wh, self.switchings, self.on_hours) if each]
        if len(given) != 1:
            raise ConfigError("counter: expected one of energy_wh, switchings, on_hours")

    def __str__(self) -> str:
        if self.energy_wh is not None:
            limit = f"{self.energy_wh:g} Wh"
        elif self.switchings is not None:
            limit = f"{self.switchings} switchings"
        else:
            limit = f"{self.on_hours:g} hours on"
        return f"{'each' if self.repeat else 'after'} {limit} of outlet {self.outlet}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWhen(WhenSettings):
    """As WhenSettings, or a counter in place of a time. Raises ConfigError for both."""

    counter: CounterSettings | None = setting(None, doc="due by what an outlet used, not by time")

    def __post_init__(self) -> None:
        if self.counter is None and not self._kinds():
            raise ConfigError(
                "nothing says when; expected one of at, cron, once, sun, presence, counter"
            )
        if self.counter is None:
            WhenSettings.__post_init__(self)
            return
        for each in fields(WhenSettings):
            if getattr(self, each.name) != each.default:
                name = each.metadata["key"] or each.name
                raise ConfigError(f"{name}: is about times; expected none beside `counter`")


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorCondition:
    """A sensor's value, in its own unit. Raises ConfigError where no limit is given."""

    sensor: int = setting(minimum=1)
    below: float | None = setting(None, minimum=-1e9, maximum=1e9)
    above: float | None = setting(None, minimum=-1e9, maximum=1e9)

    def __post_init__(self) -> None:
        if self.below is None and self.above is None:
            raise ConfigError(f"sensor {self.sensor}: expected below or above, or both")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCondition:
    """A watched host answers, or does not (it is idle or off)."""

    host: str = setting(max_length=64, doc="name of one of `hosts`")
    answers: bool = setting(doc="what it has to do")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanConditions:
    """All have to hold when a run is due. Raises ConfigError for a target without a limit."""

    not_on_battery: bool = setting(False, doc="no UPS may run on battery, and one must tell so")
    load_of: Target | None = setting(None, doc="whose watts; without it: the whole unit's")
    load_below_w: float | None = setting(None, minimum=0, maximum=_MOST_W)
    load_above_w: float | None = setting(None, minimum=0, maximum=_MOST_W)
    sensors: tuple[SensorCondition, ...] = setting((), max_length=16)
    hosts: tuple[HostCondition, ...] = setting((), max_length=16)

    def __post_init__(self) -> None:
        if self.load_of is not None and not self.has_load:
            raise ConfigError("load_of: expected load_below_w or load_above_w beside it")

    @property
    def has_load(self) -> bool:
        return self.load_below_w is not None or self.load_above_w is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """One entry of `plans`.

    Raises ConfigError unless it has one action or hook, and an action has one kind of target.
    """

    name: str = setting(max_length=32, doc="letters, digits, _ . and -")
    enabled: bool = setting(True, doc="it can be changed with `openpdu schedule enable`")
    outlets: tuple[int, ...] = setting((), minimum=1, max_length=64, doc="what is switched")
    group: int | None = setting(None, minimum=1, doc="number of a group that is switched")
    every: bool = setting(False, key="all", doc="every outlet is switched that is not locked")
    action: str = setting("", choices=_ACTIONS, doc="what is done to them")
    hook: str = setting("", max_length=32, doc="name of one of `hooks`, in place of an action")
    conditions: PlanConditions = setting(PlanConditions())
    missed: MissedRuns = setting(MissedRuns.SKIP, doc="what becomes of runs nobody could do")
    late_s: int = setting(3600, minimum=60, maximum=604_800, doc="of `missed: late`, at most")
    when: PlanWhen

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"name: {self.name!r} has more than letters, digits, _ . and - in it")
        targets = [self.outlets != (), self.group is not None, self.every].count(True)
        given = [self.action != "", self.hook != "", self.when.presence is not None].count(True)
        if given != 1:
            raise ConfigError("expected one of action (on, off, reboot, pulse), hook and presence")
        if self.hook and targets:
            raise ConfigError("hook: is about no outlet; expected no outlets, group or all")
        if not self.hook and targets != 1:
            raise ConfigError("expected one of outlets, group, all: what is to be switched")

    @property
    def does(self) -> str:
        """In words, such as "off" or "hook backup"."""
        if self.when.presence is not None:
            return "presence"
        return self.action or f"hook {self.hook}"

    @property
    def wanted(self) -> Action | None:
        return Action(self.action) if self.action else None

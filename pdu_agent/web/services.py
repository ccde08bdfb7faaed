# SPDX-License-Identifier: Apache-2.0
"""What the API offers besides the controller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from pdu_agent.core.costs.terms import NO_TERMS, CostTerms
from pdu_agent.core.outage.what_if import AskMainsFail, MainsFail, MainsFailAnswer
from pdu_agent.core.plans.week import AskWeek, Week
from pdu_agent.model.commands import Actor, Target
from pdu_agent.model.configuration import Configuration, WithoutFile
from pdu_agent.model.control import Upcoming
from pdu_agent.model.errors import ConfigError, InvalidValue, UnknownTarget
from pdu_agent.model.events import EventBus
from pdu_agent.model.history import History
from pdu_agent.model.hooks import HookRow
from pdu_agent.model.inrush import NewestSwitchOn
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.model.waves import AskWave, Wave
from pdu_agent.store.audit_chain import START
from pdu_agent.store.audit_check import Verdict
from pdu_agent.store.audit_query import Wanted
from pdu_agent.web.auth.auth import Auth

if TYPE_CHECKING:  # they load aiohttp, and SNMP is to answer before that
    from pdu_agent.web.audit import AskAudit
    from pdu_agent.web.audit_check import CheckAudit
    from pdu_agent.web.backups import Desk

Reload = Callable[[Actor], Awaitable[Sequence[str]]]
"""Reads the configuration anew; its warnings. Raises ConfigError: then it is as before."""

Coming = Callable[[int, int | None], Sequence[Upcoming]]
"""At most so many things that are planned, for an outlet or (None) any; the first one first."""


async def _no_file(_actor: Actor) -> Sequence[str]:
    raise ConfigError("this agent has no configuration file")


def _nothing(_count: int, _outlet: int | None) -> Sequence[Upcoming]:
    return ()


async def _no_dry_run(_asked: MainsFail) -> MainsFailAnswer:
    raise InvalidValue("this agent makes no dry runs")


def _no_week(_snapshot: Snapshot, _first: date | None, _days: int) -> Week:
    return Week(None, (), ())


async def _no_wave(target: Target) -> tuple[float, Wave]:
    raise UnknownTarget(f"{target} has no waveform: nothing is sampled here")


def _no_audit(_wanted: Wanted, _before: int | None) -> Iterator[Mapping[str, Any]]:
    return iter(())


def _empty_log() -> Verdict:
    return Verdict(0, START, START, 0, ())


@dataclass(frozen=True, slots=True)
class Services:
    """switch_on: where the newest inrush of an outlet is to be had. upcoming: what is planned.
    hooks: those that are configured. mains_fail: the dry run of an outage. week: what plans do day
    by day; any thread may ask.
    """

    switch_on: NewestSwitchOn = lambda _: None
    reload: Reload = _no_file
    upcoming: Coming = _nothing
    hooks: Callable[[], Sequence[HookRow]] = tuple
    mains_fail: AskMainsFail = _no_dry_run
    week: AskWeek = _no_week
    audit: AskAudit = _no_audit
    """The audit log."""
    check_audit: CheckAudit = _empty_log
    configuration: Configuration = field(default_factory=WithoutFile)
    """The configuration file."""
    waves: AskWave = _no_wave
    events: EventBus = field(default_factory=EventBus)
    """Those of the controller: whoever follows the unit is told at once."""
    auth: Auth = field(default_factory=Auth)
    """Users, tokens and sessions, which both doors share."""
    history: History | None = None
    costs: Callable[[], CostTerms] = lambda: NO_TERMS
    """Prices and tariffs in force."""
    backups: Desk | None = None

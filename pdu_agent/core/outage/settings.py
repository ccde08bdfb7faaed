# SPDX-License-Identifier: Apache-2.0
"""What is to be done when the UPS that feeds the unit loses mains."""

from __future__ import annotations

from dataclasses import dataclass

from pdu_agent.model.settings import setting
from pdu_agent.model.size import LAST_GROUP, MAX_OUTLETS

MAX_STEPS = 16


@dataclass(frozen=True, slots=True)
class ShedStep:
    """One entry of `outage.shed`: when, and which outlets go. The first condition that comes true
    counts; without any the step is due as soon as the outage is confirmed. The outlets of all
    three kinds together.
    """

    after_s: float | None = setting(None, minimum=0, maximum=86_400, doc="so long on battery")
    charge_pct: float | None = setting(None, minimum=0, maximum=100, doc="charge at or below")
    runtime_s: float | None = setting(None, minimum=0, maximum=86_400, doc="runtime at or below")
    outlets: tuple[int, ...] = setting((), minimum=1, maximum=MAX_OUTLETS, max_length=MAX_OUTLETS)
    groups: tuple[int, ...] = setting((), minimum=1, maximum=LAST_GROUP, max_length=64)
    priority: int | None = setting(
        None, minimum=1, maximum=999, doc="all outlets of this priority number and higher ones"
    )


@dataclass(frozen=True, slots=True)
class LowSettings:
    """`outage.low`: the battery is low when the UPS says so, or at one of these."""

    charge_pct: float | None = setting(None, minimum=0, maximum=100, doc="charge at or below")
    runtime_s: float | None = setting(None, minimum=0, maximum=86_400, doc="runtime at or below")
    after_s: float | None = setting(None, minimum=0, maximum=86_400, doc="so long on battery")
    lost_s: float = setting(
        30.0, minimum=1, maximum=3600, doc="on battery and silent for so long counts as low"
    )
    stage_s: float = setting(
        120.0,
        minimum=0,
        maximum=3600,
        doc="the outlets of the next priority are begun after so long, or once all are off",
    )
    keep: tuple[int, ...] = setting(
        (), minimum=1, maximum=MAX_OUTLETS, max_length=MAX_OUTLETS, doc="outlets that stay on"
    )


@dataclass(frozen=True, slots=True)
class ReturnSettings:
    """`outage.back`: when outlets return that went; the most important first."""

    after_s: float = setting(60.0, minimum=0, maximum=86_400, doc="mains there for so long")
    charge_pct: float = setting(0.0, minimum=0, maximum=100, doc="and the charge at least this")
    gap_s: float = setting(
        0.0, minimum=0, maximum=3600, doc="between the outlets of one priority and of the next"
    )


@dataclass(frozen=True, slots=True)
class OutageSettings:
    """The `outage` section. It is in force for outlets whose inlet a UPS feeds (`upses`)."""

    enabled: bool = setting(False, doc="switch outlets when mains fails")
    confirm_s: float = setting(5.0, minimum=0, maximum=3600, doc="on battery for less is no outage")
    shed: tuple[ShedStep, ...] = setting((), max_length=MAX_STEPS)
    low: LowSettings = setting(LowSettings())
    back: ReturnSettings = setting(ReturnSettings())

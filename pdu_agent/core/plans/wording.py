# SPDX-License-Identifier: Apache-2.0
"""When a plan is due, in words."""

from __future__ import annotations

from pdu_agent.core.calendar.settings import SunEvent, Twilight, WhenSettings
from pdu_agent.core.metered.tariffs import Weekday
from pdu_agent.core.plans.settings import PlanWhen

_WEEK = tuple(Weekday)


def when_in_words(when: PlanWhen) -> str:
    """Such as "at 07:00, 19:30 on mon, tue, from 2026-11-01"; one line."""
    if when.counter is not None:
        return str(when.counter)
    words = [_time(when) + _days(when)]
    if when.random_s:
        words.append(f"up to {_span(when.random_s)} sooner or later")
    if when.from_date is not None:
        words.append(f"from {when.from_date}")
    if when.until_date is not None:
        words.append(f"until {when.until_date}")
    if when.excluded:
        words.append(f"except {', '.join(str(span) for span in when.excluded)}")
    return ", ".join(words)


def _time(when: WhenSettings) -> str:
    if when.cron:
        return f"cron {when.cron}"
    if when.once is not None:
        return f"once at {when.once:%Y-%m-%d %H:%M}"
    if when.sun is not None:
        return _sun(when, when.sun)
    if when.presence is not None:
        window = f"{when.presence.begin} to {when.presence.until}"
        return f"presence {window}, {when.presence.least} to {when.presence.most} times"
    return f"at {', '.join(str(time) for time in when.at)}"


def _sun(when: WhenSettings, event: SunEvent) -> str:
    at_depth = event in (SunEvent.DAWN, SunEvent.DUSK) and when.twilight is not Twilight.CIVIL
    name = f"{when.twilight.value} {event.value}" if at_depth else event.value
    if not when.offset_s:
        return f"at {name}"
    return f"{_span(abs(when.offset_s))} {'after' if when.offset_s > 0 else 'before'} {name}"


def _days(when: WhenSettings) -> str:
    weeks = f" in each {when.every_weeks} weeks" if when.every_weeks > 1 else ""
    days = [day.value for day in _WEEK if day in when.days]
    return (f" on {', '.join(days)}" if len(days) < len(_WEEK) else "") + weeks


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{seconds} s" if rest else f"{minutes} min"

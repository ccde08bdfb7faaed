# SPDX-License-Identifier: Apache-2.0
"""Entries of the event log about what switches outlets by itself, and about the configuration."""

from __future__ import annotations

from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.events import (
    Event,
    HookFailed,
    OutletShed,
    OutletTripped,
    PlanRan,
    RuleFired,
    SettingsReloaded,
    StopEnded,
)
from pdu_agent.model.snapshot import EventKind, Severity

Entry = tuple[EventKind, Severity, Target | None, str, str]
"""Its kind, how much it matters, what it is about, the text, and who did it."""


def control_entry(event: Event) -> Entry | None:
    """None for an event of another sort."""
    match event:
        case PlanRan():
            return _plan_entry(event)
        case RuleFired():
            kind = EventKind.RULE_FIRED if event.active else EventKind.RULE_ENDED
            text = f"rule {event.rule}: {event.outcome}"
            return kind, Severity.INFO, None, text, f"rule {event.rule}"
        case OutletShed():
            return _shed_entry(event)
        case OutletTripped():
            return _trip_entry(event)
        case HookFailed():
            target = Target(TargetKind.OUTLET, event.outlet) if event.outlet else None
            where = f"{target}: " if target else ""
            text = f"{where}hook {event.hook}: {event.text}"
            return EventKind.HOOK_FAILED, Severity.WARNING, target, text, ""
        case StopEnded():
            return _stop_entry(event)
        case SettingsReloaded():
            return _reload_entry(event)
        case _:
            return None


def _plan_entry(event: PlanRan) -> Entry:
    text, user = f"plan {event.plan}: {event.outcome}", f"schedule {event.plan}"
    if event.skipped:
        return EventKind.PLAN_SKIPPED, Severity.WARNING, None, text, user
    return EventKind.PLAN_RAN, Severity.INFO, None, text, user


def _shed_entry(event: OutletShed) -> Entry:
    target, user = Target(TargetKind.OUTLET, event.outlet), f"safety cap {event.cap}"
    if event.restored:
        text = f"{target} returns, by cap {event.cap}: {event.text}"
        return EventKind.RESTORED, Severity.INFO, target, text, user
    text = f"{target} goes off, by cap {event.cap}: {event.text}"
    return EventKind.SHED, Severity.WARNING, target, text, user


def _trip_entry(event: OutletTripped) -> Entry:
    target = Target(TargetKind.OUTLET, event.outlet)
    then = "stays off until its trip is reset" if event.latched else "is tried again"
    text = f"{target} tripped at {event.current_a:.4g} A and {then}"
    return EventKind.TRIPPED, Severity.CRITICAL, target, text, "safety trip"


def _stop_entry(event: StopEnded) -> Entry:
    target = Target(TargetKind.OUTLET, event.outlet)
    if event.aborted:
        text = f"{target} stays on: {event.text}"
        return EventKind.STOP_ABORTED, Severity.WARNING, target, text, ""
    return EventKind.STOP_ENDED, Severity.INFO, target, f"{target} is cut: {event.text}", ""


def _reload_entry(event: SettingsReloaded) -> Entry:
    if event.error:
        text = f"the configuration is refused, what was in force still is: {event.error}"
        return EventKind.RELOAD_FAILED, Severity.WARNING, None, text, ""
    return EventKind.RELOADED, Severity.INFO, None, "the configuration was read anew", ""

# SPDX-License-Identifier: Apache-2.0
"""What of the configuration is the core's."""

from __future__ import annotations

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.time_zone import zone_of
from pdu_agent.app.cooling import fans_of
from pdu_agent.app.hardware import direct_points, stale_after_s, stretched
from pdu_agent.core.settings import CoreSettings


def core_settings_of(settings: AgentSettings) -> CoreSettings:
    return CoreSettings(
        device=settings.device,
        inlets=settings.inlets,
        outlets=settings.outlets,
        stale_after_s=stale_after_s(settings),
        sensors=stretched(settings),
        groups=settings.groups,
        thresholds=settings.thresholds,
        caps=settings.caps,
        outage=settings.outage,
        branches=settings.branches,
        lines=settings.lines,
        tariffs=settings.tariffs,
        plans=settings.plans,
        rules=settings.rules,
        time_zone=zone_of(settings.device.time_zone),
        fans=fans_of(settings),
        direct_points=direct_points(settings),
        hook_terms=tuple(hook.terms for hook in settings.hooks),
    )

# SPDX-License-Identifier: Apache-2.0
"""Judges what is asked of plans, on a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pdu_agent.core.plans.settings import PlanSettings
from pdu_agent.core.state import CoreState, plain_actor
from pdu_agent.model.commands import Actor, EnablePlan, RunPlan
from pdu_agent.model.errors import NotNow, UnknownTarget
from pdu_agent.model.record import PlanRecord


class PlanJudge:
    """settings: of all plans, by name. began_wall_s: from when on an enabled plan is due; None
    while the clock is not set, then it begins with the clock. Every method raises CommandError.
    """

    def __init__(
        self,
        settings: Mapping[str, PlanSettings],
        draft: CoreState,
        actor: Actor,
        began_wall_s: float | None,
    ) -> None:
        self._settings = settings
        self._draft = draft
        self._actor = actor
        self._began_wall_s = began_wall_s

    def enable(self, command: EnablePlan) -> None:
        """Whoever enables a plan lets it begin: what was due before is past, its counter starts
        from where it is now.
        """
        settings, row = self._plan(command.plan)
        was_enabled = settings.enabled if row.enabled is None else row.enabled
        row = replace(row, enabled=command.enabled)
        if command.enabled:
            row = replace(row, counted=None, is_done=False)
            if not was_enabled:
                row = replace(row, handled_wall_s=self._began_wall_s)
        self._draft.plans[command.plan] = row

    def run(self, command: RunPlan) -> None:
        settings, row = self._plan(command.plan)
        if settings.when.presence is not None:
            raise NotNow(f"plan {command.plan} is presence: it has no action to do now")
        self._draft.plans[command.plan] = replace(row, asked=plain_actor(self._actor))

    def _plan(self, name: str) -> tuple[PlanSettings, PlanRecord]:
        settings = self._settings.get(name)
        if settings is None:
            known = ", ".join(self._settings) or "none"
            raise UnknownTarget(f"there is no plan {name[:40]!r}; there are: {known[:200]}")
        return settings, self._draft.plans.get(name, PlanRecord())

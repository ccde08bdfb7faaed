# SPDX-License-Identifier: Apache-2.0
"""Rules: what each watches, what it does, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aiohttp import web

from pdu_agent.model.commands import EnableRule
from pdu_agent.model.control import Rule, RuleState
from pdu_agent.web.pages.offered import is_offered
from pdu_agent.web.pages.ranges import ranges
from pdu_agent.web.pages.site import Site, render

KINDS = {
    RuleState.DISABLED: "off",
    RuleState.IDLE: "ok",
    RuleState.WAITING: "pending",
    RuleState.ACTIVE: "info",
    RuleState.BLIND: "warning",
    RuleState.PAUSED: "warning",
}
MEANINGS = {
    RuleState.DISABLED: "it does nothing",
    RuleState.IDLE: "its condition does not hold",
    RuleState.WAITING: "its condition holds, not yet for long enough",
    RuleState.ACTIVE: "it has acted, and its condition still holds",
    RuleState.BLIND: "what it looks at has no value; its fail-safe counts",
    RuleState.PAUSED: "it has acted too often, and waits; enabling it ends the pause",
}


@dataclass(frozen=True, slots=True)
class RuleCard:
    rule: Rule
    kind: str
    meaning: str
    outlets: str
    may_enable: bool


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/rules", partial(_rules, site))


async def _rules(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    cards = [
        RuleCard(
            row,
            KINDS[row.state],
            MEANINGS[row.state],
            ranges(row.outlets),
            is_offered(request, snapshot, EnableRule(row.name, not row.enabled)),
        )
        for row in snapshot.rules
    ]
    return render(request, "rules.html", snapshot=snapshot, cards=cards)

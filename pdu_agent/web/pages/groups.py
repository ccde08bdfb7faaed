# SPDX-License-Identifier: Apache-2.0
"""Groups of outlets: their state, what acts on all members, and who belongs to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from aiohttp import web

from pdu_agent.model.commands import (
    Action,
    ConfigureGroup,
    CreateGroup,
    GroupSetting,
    RemoveGroup,
    SetMember,
    SwitchGroup,
)
from pdu_agent.model.quantities import kilowatt_hours
from pdu_agent.model.snapshot import Group, GroupState, Outlet, Snapshot
from pdu_agent.web.editable import group_settings
from pdu_agent.web.etags import etag_of
from pdu_agent.web.pages.offered import is_offered
from pdu_agent.web.pages.site import Site, render

KINDS = {
    GroupState.ON: "on",
    GroupState.OFF: "off",
    GroupState.MIXED: "pending",
    GroupState.UNKNOWN: "warning",
}


@dataclass(frozen=True, slots=True)
class GroupCard:
    """can_edit: it does not come from the file, which alone can change such a group."""

    group: Group
    kind: str
    members: tuple[Outlet, ...]
    energy_kwh: float | None
    etag: str
    may_switch: bool
    can_edit: bool


def add_routes(router: web.UrlDispatcher, site: Site) -> None:
    router.add_get("/groups", partial(_groups, site))


async def _groups(site: Site, request: web.Request) -> web.Response:
    snapshot = site.seen(request)
    everybody = [SetMember(0, row.index, True) for row in snapshot.outlets]
    return render(
        request,
        "groups.html",
        snapshot=snapshot,
        cards=[_card(request, snapshot, row) for row in snapshot.groups],
        outlets=snapshot.outlets,
        may_create=is_offered(request, snapshot, CreateGroup(0), *everybody),
    )


def _card(request: web.Request, snapshot: Snapshot, row: Group) -> GroupCard:
    rename = ConfigureGroup(row.index, GroupSetting.NAME, row.name)
    members = tuple(outlet for outlet in snapshot.outlets if outlet.index in row.members)
    return GroupCard(
        row,
        KINDS[row.state],
        members,
        kilowatt_hours(row.user_energy_mj) if members else None,
        etag_of(group_settings(row)),
        bool(members) and is_offered(request, snapshot, SwitchGroup(row.index, Action.ON)),
        not row.configured and is_offered(request, snapshot, rename, RemoveGroup(row.index)),
    )

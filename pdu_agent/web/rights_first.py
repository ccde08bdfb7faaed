# SPDX-License-Identifier: Apache-2.0
"""Rights come before everything else that a request may be refused for.

Whoever may not do what a path is for is told that, whatever the body: only who may is told what is
wrong with it. What the caller does not see of the unit is left to the handler, which answers that
there is no such thing. Accounts, backups and the configuration ask for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from pdu_agent.access.grant import Rights
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Action,
    CapSetting,
    Command,
    ConfigureCap,
    Controller,
    CreateGroup,
    EnablePlan,
    EnableRule,
    Lock,
    RemoveGroup,
    ResetTrip,
    RunPlan,
    SetCountdown,
    SetLock,
    SwitchAll,
    SwitchGroup,
    SwitchOutlet,
)
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.size import LAST_GROUP
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.asking import permit, permit_somewhere
from pdu_agent.web.caller import caller_of
from pdu_agent.web.editable import EDITABLES, Editable, Path
from pdu_agent.web.orders import VERBS, group_number, group_row, outlet_number, outlet_row

Likely = Callable[[Snapshot, Path], Sequence[Command]]
"""Commands that need the same rights as whatever the request may ask for. Raises UnknownTarget
where the path names nothing in the snapshot.
"""


def rights_first(api: str, controller: Controller) -> Middleware:
    @web.middleware
    async def ask_rights(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        path = resource.canonical.removeprefix(f"{api}/") if resource is not None else ""
        asked = request.method, path
        wanted = f"{request.method} {request.path.removeprefix(f'{api}/')[:60]}"
        if asked in _SOMEWHERE:
            permit_somewhere(controller, request, _SOMEWHERE[asked], wanted)
        elif asked in _LIKELY:
            _permit_likely(controller, request, _LIKELY[asked], wanted)
        return await handler(request)

    return ask_rights


def _permit_likely(
    controller: Controller, request: web.Request, likely: Likely, wanted: str
) -> None:
    shown = caller_of(request).seen(controller.snapshot)
    try:
        commands = likely(shown, request.match_info)
    except UnknownTarget:
        return
    permit(controller, request, commands, wanted)


def _edit(thing: Editable, shown: Snapshot, path: Path) -> Sequence[Command]:
    """What would set the first of its settings to what it is."""
    row = thing.find(shown, path)
    return thing.commands(row, *next(iter(thing.settings(row).items())))


def _one(verb: str, shown: Snapshot, path: Path) -> Sequence[Command]:
    number = outlet_row(shown, outlet_number(path["n"])).index
    if verb in ("lock", "unlock"):
        return [SetLock(number, Lock.UNLOCKED)]
    return [SwitchOutlet(number, Action.CANCEL)]


def _group(verb: str, shown: Snapshot, path: Path) -> Sequence[Command]:
    row = group_row(shown, group_number(path["n"]))
    if verb in ("lock", "unlock"):
        return [SetLock(number, Lock.UNLOCKED) for number in row.members]
    return [SwitchGroup(row.index, Action.CANCEL)]


def _all(verb: str, shown: Snapshot, _path: Path) -> Sequence[Command]:
    if verb in ("lock", "unlock"):
        return [SetLock(row.index, Lock.UNLOCKED) for row in shown.outlets if row.switched]
    return [SwitchAll(Action.CANCEL)]


def _timer(shown: Snapshot, path: Path) -> Sequence[Command]:
    number = outlet_row(shown, outlet_number(path["n"])).index
    return [SetCountdown(number, Action.CANCEL, None)]


def _trip(shown: Snapshot, path: Path) -> Sequence[Command]:
    return [ResetTrip(outlet_row(shown, outlet_number(path["n"])).index)]


def _cap(shown: Snapshot, path: Path) -> Sequence[Command]:
    rows = [row for row in shown.caps if str(row.number) == path["n"]]
    return [ConfigureCap(row.number, CapSetting.LIMIT, row.limit) for row in rows]


def _alarm(shown: Snapshot, path: Path) -> Sequence[Command]:
    return [AcknowledgeAlarm(row.id, True) for row in shown.alarms if str(row.id) == path["n"]]


def _plan_enabled(shown: Snapshot, path: Path) -> Sequence[Command]:
    return [EnablePlan(row.name, row.enabled) for row in shown.plans if row.name == path["name"]]


def _plan_run(shown: Snapshot, path: Path) -> Sequence[Command]:
    return [RunPlan(row.name) for row in shown.plans if row.name == path["name"]]


def _rule(shown: Snapshot, path: Path) -> Sequence[Command]:
    return [EnableRule(row.name, row.enabled) for row in shown.rules if row.name == path["name"]]


def _new_group(_shown: Snapshot, _path: Path) -> Sequence[Command]:
    return [CreateGroup(LAST_GROUP)]


def _old_group(shown: Snapshot, path: Path) -> Sequence[Command]:
    return [RemoveGroup(group_row(shown, group_number(path["n"])).index)]


_LIKELY: Mapping[tuple[str, str], Likely] = {
    **{("PATCH", each.path): partial(_edit, each) for each in EDITABLES},
    **{("POST", f"outlets/{{n}}/{verb}"): partial(_one, verb) for verb in VERBS},
    **{("POST", f"groups/{{n}}/{verb}"): partial(_group, verb) for verb in VERBS},
    **{("POST", f"outlets/all/{verb}"): partial(_all, verb) for verb in VERBS},
    ("POST", "outlets/{n}/timer"): _timer,
    ("POST", "outlets/{n}/reset-trip"): _trip,
    ("POST", "caps/{n}"): _cap,
    ("POST", "alarms/{n}/acknowledge"): _alarm,
    ("POST", "plans/{name}/enable"): _plan_enabled,
    ("POST", "plans/{name}/disable"): _plan_enabled,
    ("POST", "plans/{name}/run"): _plan_run,
    ("POST", "rules/{name}/enable"): _rule,
    ("POST", "rules/{name}/disable"): _rule,
    ("POST", "groups"): _new_group,
    ("DELETE", "groups/{n}"): _old_group,
}
"""By method and path below the API."""

_SOMEWHERE: Mapping[tuple[str, str], Rights] = {
    ("POST", "commands"): Rights.SWITCH,
    ("POST", "reset"): Rights.WRITE,
    ("POST", "wear/reset"): Rights.WRITE,
    ("PATCH", "priorities"): Rights.WRITE,
}
"""Whose body says what they are about: refused at once where the caller has such rights on
nothing.
"""

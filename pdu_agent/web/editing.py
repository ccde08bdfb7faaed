# SPDX-License-Identifier: Apache-2.0
"""Settings over the API: GET .../settings reads them with a tag, PATCH changes some of them.

If-Match says which settings the change is meant for; who leaves it out, as a short script does,
means whatever is there. Of one request all is changed or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from pdu_agent.model.commands import (
    Command,
    ConfigureGroup,
    Controller,
    CreateGroup,
    GroupSetting,
    RemoveGroup,
    SetMember,
)
from pdu_agent.model.errors import CommandError, InvalidValue
from pdu_agent.model.size import LAST_GROUP
from pdu_agent.web import resources
from pdu_agent.web.asking import Body, refuse_unknown, submit
from pdu_agent.web.caller import caller_of, seen
from pdu_agent.web.editable import EDITABLES, Editable, group_settings
from pdu_agent.web.etags import answer, check_if_match, etag_of
from pdu_agent.web.orders import group_number, group_row


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller, body: Body) -> None:
    """body: reads the JSON object of a request."""
    for each in EDITABLES:
        path = f"{api}/{each.path}"
        router.add_get(f"{path}/settings", partial(_settings, controller, each))
        router.add_patch(path, partial(_change, controller, each, body))
    router.add_get(f"{api}/groups/{{n}}", partial(_group, controller))
    router.add_post(f"{api}/groups", partial(_make_group, controller, body))
    router.add_delete(f"{api}/groups/{{n}}", partial(_remove_group, controller))


async def _settings(controller: Controller, thing: Editable, request: web.Request) -> web.Response:
    row = thing.find(seen(controller, request), request.match_info)
    return answer(request, thing.settings(row))


async def _change(
    controller: Controller, thing: Editable, body: Body, request: web.Request
) -> web.Response:
    given = await body(request)
    name = thing.path.format(**request.match_info)[:60]
    wanted = f"set {', '.join(sorted(given))[:120]} of {name}"
    try:
        row = thing.find(seen(controller, request), request.match_info)
        settings = thing.settings(row)
        check_if_match(request, etag_of(settings))
        commands = _commands(thing, row, settings, given)
    except CommandError as error:
        controller.note_refusal(wanted, caller_of(request).actor, str(error))
        raise
    changed = await submit(controller, request, commands, wanted) if commands else False
    after = thing.settings(thing.find(seen(controller, request), request.match_info))
    plain = {"changed": changed, "settings": after}
    return web.json_response(plain, headers={"ETag": etag_of(after)})


def _commands(
    thing: Editable, row: Any, settings: Mapping[str, Any], given: Mapping[str, Any]
) -> list[Command]:
    """Raises InvalidValue."""
    refuse_unknown(given, tuple(settings))
    if not given:
        raise InvalidValue(f"expected at least one of {', '.join(settings)}")
    return [command for key, value in given.items() for command in thing.commands(row, key, value)]


async def _group(controller: Controller, request: web.Request) -> web.Response:
    number = group_number(request.match_info["n"])
    return web.json_response(resources.group(group_row(seen(controller, request), number)))


async def _make_group(controller: Controller, body: Body, request: web.Request) -> web.Response:
    given = await body(request)
    wanted = "make a group"
    try:
        number, commands = _new_group(controller, given)
    except CommandError as error:
        controller.note_refusal(wanted, caller_of(request).actor, str(error))
        raise
    await submit(controller, request, commands, wanted)
    row = group_row(seen(controller, request), number)
    headers = {"Location": f"{request.path}/{number}", "ETag": etag_of(group_settings(row))}
    plain = {"changed": True, "group": resources.group(row)}
    return web.json_response(plain, status=201, headers=headers)


def _new_group(controller: Controller, given: Mapping[str, Any]) -> tuple[int, list[Command]]:
    """Its number, and what makes it. Raises InvalidValue."""
    refuse_unknown(given, ("number", "name", "outlets"))
    taken = {row.index for row in controller.snapshot.groups}
    free = next(number for number in range(1, LAST_GROUP + 2) if number not in taken)
    number = given.get("number", free)
    if type(number) is not int:
        raise InvalidValue("number: expected a whole number")
    commands: list[Command] = [CreateGroup(number)]
    if "name" in given:
        commands.append(ConfigureGroup(number, GroupSetting.NAME, given["name"]))
    outlets = given.get("outlets", [])
    if not isinstance(outlets, list) or not all(type(each) is int for each in outlets):
        raise InvalidValue("outlets: expected a list of outlet numbers")
    commands += [SetMember(number, outlet, True) for outlet in dict.fromkeys(outlets)]
    return number, commands


async def _remove_group(controller: Controller, request: web.Request) -> web.Response:
    row = group_row(seen(controller, request), group_number(request.match_info["n"]))
    check_if_match(request, etag_of(group_settings(row)))
    changed = await submit(
        controller, request, [RemoveGroup(row.index)], f"remove group {row.index}"
    )
    return web.json_response({"changed": changed})

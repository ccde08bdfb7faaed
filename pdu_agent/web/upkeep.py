# SPDX-License-Identifier: Apache-2.0
"""Looking after the unit over the API: alarms that were seen, resets, relay wear, sequence gaps."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from aiohttp import web

from pdu_agent.core.outlets.sequence_gaps import NOT_TRIPPED, Starter, limit_of, propose
from pdu_agent.model.commands import (
    AcknowledgeAlarm,
    Controller,
    Reset,
    ResetMeter,
    ResetWear,
    Target,
    TargetKind,
)
from pdu_agent.model.errors import CommandError, InvalidValue, UnknownTarget
from pdu_agent.model.quantities import watt_hours
from pdu_agent.model.snapshot import Alarm, Inlet, Meter, Outlet, Snapshot
from pdu_agent.web import resources
from pdu_agent.web.asking import Body, refuse_unknown, submit
from pdu_agent.web.caller import caller_of, seen
from pdu_agent.web.plain import Plain, instant, number

_Read = TypeVar("_Read")
MAX_TARGETS = 64
_RESETTABLE = re.compile(r"(inlet|line|branch|outlet|sensor) ([1-9][0-9]{0,3})")


def add_routes(router: web.UrlDispatcher, api: str, controller: Controller, body: Body) -> None:
    """body: reads the JSON object of a request."""
    router.add_post(f"{api}/alarms/{{n}}/acknowledge", partial(_acknowledge, controller, body))
    router.add_post(f"{api}/reset", partial(_reset, controller, body))
    router.add_get(f"{api}/wear", partial(_wear, controller))
    router.add_post(f"{api}/wear/reset", partial(_reset_wear, controller, body))
    router.add_get(f"{api}/gaps", partial(_gaps, controller))


async def _read(
    controller: Controller,
    request: web.Request,
    asked: str,
    read: Callable[[], _Read],
) -> _Read:
    """What the request asks for. What makes no sense is in the audit log too."""
    try:
        return read()
    except CommandError as error:
        controller.note_refusal(asked, caller_of(request).actor, str(error))
        raise


async def _acknowledge(controller: Controller, body: Body, request: web.Request) -> web.Response:
    given, text = await body(request), request.match_info["n"]
    asked = f"acknowledge alarm {text[:20]}"
    command = await _read(
        controller,
        request,
        asked,
        lambda: _acknowledgement(seen(controller, request), text, given),
    )
    changed = await submit(controller, request, [command], asked)
    row = _alarm(seen(controller, request), str(command.alarm))
    return web.json_response({"changed": changed, "alarm": resources.alarm(row)})


def _acknowledgement(snapshot: Snapshot, text: str, given: Mapping[str, Any]) -> AcknowledgeAlarm:
    refuse_unknown(given, ("acknowledged",))
    seen = given.get("acknowledged", True)
    if not isinstance(seen, bool):
        raise InvalidValue("acknowledged: expected true or false")
    return AcknowledgeAlarm(_alarm(snapshot, text).id, seen)


def _alarm(snapshot: Snapshot, text: str) -> Alarm:
    for row in snapshot.alarms:
        if str(row.id) == text:
            return row
    raise UnknownTarget(f"there is no active alarm {text[:20]!r}")


async def _reset(controller: Controller, body: Body, request: web.Request) -> web.Response:
    given = await body(request)
    commands = await _read(controller, request, "reset", lambda: _resets(given))
    before = seen(controller, request)
    targets = [command.target for command in commands]
    wanted = f"reset {commands[0].what.value} of {', '.join(map(str, targets))}"
    changed = await submit(controller, request, commands, wanted)
    after = seen(controller, request)
    points = [
        {"target": str(each), "was": _counted(before, each), "now": _counted(after, each)}
        for each in targets
    ]
    return web.json_response({"changed": changed, "points": points})


def _resets(given: Mapping[str, Any]) -> list[ResetMeter]:
    refuse_unknown(given, ("targets", "what"))
    targets, what = _targets(given.get("targets")), _what(given.get("what"))
    return [ResetMeter(target, what) for target in targets]


def _targets(given: object) -> list[Target]:
    expected = f'targets: expected a list of 1 to {MAX_TARGETS} such as "outlet 3" or "inlet 1"'
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_TARGETS:
        raise InvalidValue(expected)
    found = []
    for position, text in enumerate(given):
        match = _RESETTABLE.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidValue(expected, position)
        found.append(Target(TargetKind(match[1]), int(match[2])))
    return found


def _what(given: object) -> Reset:
    for each in Reset:
        if each.value == given:
            return each
    raise InvalidValue(f"what: expected one of {', '.join(each.value for each in Reset)}")


def _counted(snapshot: Snapshot, target: Target) -> Plain | None:
    """What a reset starts anew; None for a sensor."""
    rows: Mapping[TargetKind, Sequence[Any]] = {
        TargetKind.INLET: snapshot.inlets,
        TargetKind.LINE: snapshot.lines,
        TargetKind.BRANCH: snapshot.branches,
        TargetKind.OUTLET: snapshot.outlets,
    }
    found = (row.meter for row in rows.get(target.kind, ()) if row.index == target.index)
    meter: Meter | None = next(found, None)
    if meter is None:
        return None
    return {
        "user_energy_wh": watt_hours(meter.user_energy_mj),
        "user_energy_since": instant(meter.user_since_wall_s),
        "peak_power_w": number(meter.peak_power_w),
        "peak_current_a": number(meter.peak_current_a),
        "peak_since": instant(meter.peak_power_since_wall_s),
    }


async def _wear(controller: Controller, request: web.Request) -> web.Response:
    snapshot = seen(controller, request)
    rows = [wear(row) for row in snapshot.outlets if row.switched]
    return web.json_response({"time": instant(snapshot.t_wall_s), "outlets": rows})


def wear(row: Outlet) -> Plain:
    inrush = None
    if row.wear.inrush_peak_a is not None:
        inrush = {
            "peak_a": number(row.wear.inrush_peak_a),
            "lasted_s": number(row.wear.inrush_s),
            "then_a": number(row.wear.inrush_then_a),
        }
    return {
        "number": row.index,
        "name": row.name,
        "worn_percent": number(row.wear.worn_percent),
        "on_s": number(row.wear.on_s),
        "switch_count": row.switch_count,
        "largest_inrush": inrush,
    }


async def _reset_wear(controller: Controller, body: Body, request: web.Request) -> web.Response:
    given = await body(request)
    numbers = await _read(controller, request, "reset wear", lambda: _numbers(given))
    wanted = f"reset the wear of outlets {', '.join(map(str, numbers))}"
    commands = [ResetWear(each) for each in numbers]
    changed = await submit(controller, request, commands, wanted)
    rows = [wear(row) for row in seen(controller, request).outlets if row.index in numbers]
    return web.json_response({"changed": changed, "outlets": rows})


def _numbers(given: Mapping[str, Any]) -> list[int]:
    refuse_unknown(given, ("outlets",))
    numbers = given.get("outlets")
    if (
        not isinstance(numbers, list)
        or not 1 <= len(numbers) <= MAX_TARGETS
        or not all(type(each) is int for each in numbers)
    ):
        raise InvalidValue(f"outlets: expected a list of 1 to {MAX_TARGETS} outlet numbers")
    return numbers


async def _gaps(controller: Controller, request: web.Request) -> web.Response:
    refuse_unknown(request.query, ("limit_a", "breaker"))
    breaker = request.query.get("breaker", "B")
    if breaker not in NOT_TRIPPED:
        raise InvalidValue(f"breaker: expected one of {', '.join(NOT_TRIPPED)}")
    limit_a = _amperes(request.query["limit_a"]) if "limit_a" in request.query else None
    snapshot = seen(controller, request)
    rows = [_gap(snapshot, inlet, limit_a, breaker) for inlet in snapshot.inlets]
    present_s = snapshot.device.sequence_interval_s
    return web.json_response(
        {
            "time": instant(snapshot.t_wall_s),
            "sequence_interval_s": number(present_s),
            "inlets": rows,
        }
    )


def _amperes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1e6:
        raise InvalidValue("limit_a: expected amperes above 0")
    return value


def _gap(snapshot: Snapshot, inlet: Inlet, given_a: float | None, breaker: str) -> Plain:
    fed = [row for row in snapshot.outlets if row.inlet == inlet.index and row.switched]
    rated_a = inlet.meter.rated_current_a
    limit_a, basis = given_a, "as given"
    if limit_a is None and rated_a is not None:
        limit_a = limit_of(rated_a, breaker)
        basis = f"peak of {NOT_TRIPPED[breaker]:g} x {rated_a:g} A, type {breaker}"
    starters = [
        Starter(row.index, wear.inrush_peak_a, wear.inrush_s or 0.0, wear.inrush_then_a or 0.0)
        for row in fed
        if (wear := row.wear).inrush_peak_a is not None
    ]
    found = propose(starters, limit_a) if starters and limit_a is not None else None
    return {
        "number": inlet.index,
        "limit_a": number(limit_a),
        "limit_basis": basis,
        "interval_s": number(found.interval_s) if found else None,
        "is_enough": bool(found and found.interval_s is not None),
        "order": list(found.order) if found else [],
        "worst_a": number(found.worst_a) if found else None,
        "unmeasured": [row.index for row in fed if row.wear.inrush_peak_a is None],
    }

# SPDX-License-Identifier: Apache-2.0
"""GET /api/v1/outlets|inlets|lines/{n}/waveform: what an oscilloscope would show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aiohttp import web

from pdu_agent.model.commands import Controller, Target, TargetKind
from pdu_agent.model.errors import UnknownTarget
from pdu_agent.model.snapshot import Inlet, Line, Outlet, Snapshot
from pdu_agent.model.waves import CYCLES, AskWave, Wave
from pdu_agent.web.caller import seen
from pdu_agent.web.plain import Plain, instant, number

Rows = tuple[Outlet, ...] | tuple[Inlet, ...] | tuple[Line, ...]
_KINDS: dict[str, tuple[TargetKind, Callable[[Snapshot], Rows]]] = {
    "outlets": (TargetKind.OUTLET, lambda snapshot: snapshot.outlets),
    "inlets": (TargetKind.INLET, lambda snapshot: snapshot.inlets),
    "lines": (TargetKind.LINE, lambda snapshot: snapshot.lines),
}
_SECONDS_DECIMALS = 7  # a thousandth of a sample


def add_waveforms(
    router: web.UrlDispatcher, api: str, controller: Controller, ask: AskWave
) -> None:
    for name in _KINDS:
        router.add_get(f"{api}/{name}/{{n}}/waveform", partial(_waveform, controller, ask, name))


async def _waveform(
    controller: Controller, ask: AskWave, name: str, request: web.Request
) -> web.Response:
    kind, rows = _KINDS[name]
    text = request.match_info["n"]
    numbers = {str(row.index): row.index for row in rows(seen(controller, request))}
    if text not in numbers:
        raise UnknownTarget(f"there is no {kind.value} {text[:20]!r}")
    crossing_wall_s, wave = await ask(Target(kind, numbers[text]))
    return web.json_response(_plain(numbers[text], crossing_wall_s, wave))


def _quality(wave: Wave) -> str:
    if wave.clipped:
        return "clipped"
    return "repaired" if wave.repaired else "ok"


def _plain(index: int, crossing_wall_s: float, wave: Wave) -> Plain:
    return {
        "number": index,
        "crossing_at": instant(crossing_wall_s),
        "cycles": CYCLES,
        "frequency_hz": number(wave.frequency_hz),
        "rate_hz": number(wave.rate_hz),
        "first_s": round(wave.first_s, _SECONDS_DECIMALS),
        "quality": _quality(wave),
        "clipped": wave.clipped,
        "voltage_rms_v": number(wave.voltage_rms_v),
        "current_rms_a": number(wave.current_rms_a),
        "voltage_v": [number(value) for value in wave.voltage_v],
        "current_a": [number(value) for value in wave.current_a],
    }

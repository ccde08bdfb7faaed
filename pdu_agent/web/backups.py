# SPDX-License-Identifier: Apache-2.0
"""Backups over the API: what there is, one more, is it whole, and bring it back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from aiohttp import web

from pdu_agent.model.commands import Controller
from pdu_agent.model.errors import StoreError, Unavailable, UnknownTarget
from pdu_agent.store.backup.manifest import Manifest
from pdu_agent.store.backup.settings import BackupSettings
from pdu_agent.web.asking import Body, refuse_unknown
from pdu_agent.web.caller import caller_of
from pdu_agent.web.plain import Plain, instant


class Desk(Protocol):
    """Every method may raise StoreError. trouble: why the last one could not be made."""

    trouble: str

    @property
    def settings(self) -> BackupSettings: ...
    @property
    def folder(self) -> Path: ...
    @property
    def is_restore_ready(self) -> bool: ...
    async def make(self) -> tuple[str, Manifest]: ...
    async def rows(self) -> Sequence[tuple[str, Manifest]]: ...
    async def verify(self, name: str) -> Manifest: ...
    async def stage(self, name: str) -> None: ...


def add_routes(
    router: web.UrlDispatcher, api: str, controller: Controller, body: Body, desk: Desk | None
) -> None:
    """desk: None where nothing is backed up."""
    router.add_get(f"{api}/backups", partial(_list, desk))
    router.add_post(f"{api}/backups", partial(_make, controller, body, desk))
    router.add_post(f"{api}/backups/{{name}}/verify", partial(_verify, body, desk))
    router.add_post(f"{api}/backups/{{name}}/restore", partial(_restore, controller, body, desk))


def _there(desk: Desk | None) -> Desk:
    if desk is None:
        raise Unavailable("this agent makes no backups")
    return desk


async def _list(desk: Desk | None, request: web.Request) -> web.Response:
    caller_of(request).require_admin("looking at backups")
    refuse_unknown(request.query, ())
    if desk is None:
        nothing = {"folder": "", "every_h": 0, "keep": 0, "trouble": "", "restore_ready": False}
        return web.json_response({**nothing, "backups": []})
    rows = [_row(name, manifest) for name, manifest in await desk.rows()]
    return web.json_response(
        {
            "folder": str(desk.folder),
            "every_h": desk.settings.every_h,
            "keep": desk.settings.keep,
            "trouble": desk.trouble,
            "restore_ready": desk.is_restore_ready,
            "backups": rows,
        }
    )


def _row(name: str, manifest: Manifest) -> Plain:
    return {
        "name": name,
        "made_at": instant(manifest.made_wall_s),
        "size_bytes": manifest.size,
        "files": len(manifest.parts),
        "software": manifest.software,
    }


async def _make(
    controller: Controller, body: Body, desk: Desk | None, request: web.Request
) -> web.Response:
    caller = caller_of(request)
    caller.require_admin("making a backup")
    refuse_unknown(await body(request), ())
    try:
        name, manifest = await _there(desk).make()
    except StoreError as error:
        raise Unavailable(str(error)) from error
    controller.note_change(f"make backup {name}", caller.actor)
    return web.json_response(_row(name, manifest))


async def _verify(body: Body, desk: Desk | None, request: web.Request) -> web.Response:
    caller_of(request).require_admin("reading a backup")
    refuse_unknown(await body(request), ())
    name = await _known(_there(desk), request)
    try:
        await _there(desk).verify(name)
    except StoreError as error:
        return web.json_response({"name": name, "is_whole": False, "trouble": str(error)})
    return web.json_response({"name": name, "is_whole": True, "trouble": ""})


async def _restore(
    controller: Controller, body: Body, desk: Desk | None, request: web.Request
) -> web.Response:
    caller = caller_of(request)
    caller.require_admin("restoring a backup")
    refuse_unknown(await body(request), ())
    name = await _known(_there(desk), request)
    asked = f"restore backup {name} at the next start"
    try:
        await _there(desk).stage(name)
    except StoreError as error:
        controller.note_refusal(asked, caller.actor, str(error))
        raise Unavailable(str(error)) from error
    controller.note_change(asked, caller.actor)
    return web.json_response({"name": name, "restore_ready": True})


async def _known(desk: Desk, request: web.Request) -> str:
    """The name in the path. Raises UnknownTarget."""
    name = request.match_info["name"]
    if name not in {known for known, _ in await desk.rows()}:
        raise UnknownTarget(f"there is no backup {name[:40]!r}")
    return name

# SPDX-License-Identifier: Apache-2.0
"""Style sheets and scripts, under a path that names their content: a browser asks once."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web

from pdu_agent.web.packing import takes_gzip

FOLDER = Path(__file__).with_name("static")
ROUTE = "/static/{path:.*}"

MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Only such files are served."""

FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    media_type: str
    packed: bytes
    """gzip; the only form that is kept in memory."""


@cache
def files() -> dict[str, StaticFile]:
    """By name, as in vendor/htmx.min.js; read when first asked for."""
    return {
        path.relative_to(FOLDER).as_posix(): StaticFile(
            MEDIA_TYPES[path.suffix], gzip.compress(path.read_bytes(), mtime=0)
        )
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }


@cache
def digest() -> str:
    """Of all files together: a script loads its neighbours of the same version."""
    known = hashlib.sha256()
    for name, file in files().items():
        known.update(name.encode() + b"\0" + file.packed)
    return known.hexdigest()[:16]


def address(name: str) -> str:
    """The path of a file. Raises KeyError where there is none of the name."""
    files()[name]
    return f"/static/{digest()}/{name}"


def add_routes(router: web.UrlDispatcher) -> None:
    router.add_get(ROUTE, _file)


async def _file(request: web.Request) -> web.Response:
    version, _, name = request.match_info["path"].partition("/")
    file = files().get(name)
    if file is None or version != digest():
        raise web.HTTPNotFound
    etag = f'"{digest()}"'
    headers = {"Cache-Control": FOREVER, "ETag": etag, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=headers)
    if takes_gzip(request):
        body, headers["Content-Encoding"] = file.packed, "gzip"
    else:
        body = gzip.decompress(file.packed)
    return web.Response(body=body, content_type=file.media_type, charset="utf-8", headers=headers)

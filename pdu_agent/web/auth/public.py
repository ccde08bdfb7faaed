# SPDX-License-Identifier: Apache-2.0
"""What is answered to whoever asks: by route, so that no spelling of a path gets around it."""

from __future__ import annotations

from aiohttp import web

PUBLIC = frozenset(
    {
        ("POST", "/api/v1/session"),
        ("GET", "/api/v1/setup"),
        ("POST", "/api/v1/setup"),
        ("GET", "/api/v1/openapi.yaml"),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/api/v1/docs"),
        ("GET", "/api/v1/docs.js"),
        ("GET", "/api/v1/docs.css"),
        ("GET", "/login"),
        ("GET", "/setup"),
        ("GET", "/favicon.ico"),
        ("GET", "/static/{path}"),
        ("GET", "/static/{path:.*}"),
    }
)
"""Method and route; HEAD is as GET. Nothing of it tells anything of the unit."""


def is_public(request: web.Request) -> bool:
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    return resource is not None and (method, resource.canonical) in PUBLIC

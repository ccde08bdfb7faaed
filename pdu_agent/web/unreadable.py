# SPDX-License-Identifier: Apache-2.0
"""Requests that are no HTTP: refused as any other, and never repeated, to nobody.

The line that cannot be read may hold a cookie, a token or the set-up code.
"""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.http import HttpProcessingError

from pdu_agent.web.auth.headers import put_headers
from pdu_agent.web.problems import Problem

log = logging.getLogger(__name__)


class CarefulHandler(web.RequestHandler):
    """One connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Before any handler of ours: aiohttp's own logs the line, and sends it back."""
        if not isinstance(exc, HttpProcessingError) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        log.info("a request from %s cannot be read: %s", request.remote, type(exc).__name__)
        problem = Problem.about_request(status, "the request cannot be read as HTTP")
        response = web.json_response(
            problem.to_plain(), status=status, content_type="application/problem+json"
        )
        put_headers(response.headers)
        response.force_close()
        return response

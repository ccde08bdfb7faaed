# SPDX-License-Identifier: Apache-2.0
"""Entity tags (RFC 9110 section 8.8.3): what was read is what is changed.

A tag stands for the settings of a thing and nothing else: neither its measurements nor its state
are in it, so it changes when somebody changes a setting and at no other time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aiohttp import web

from pdu_agent.web.problems import Problem

_TAG = re.compile(r'\s*(W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


def etag_of(settings: Mapping[str, Any]) -> str:
    """Strong, with its quotes."""
    return etag_of_bytes(json.dumps(settings, sort_keys=True).encode())


def etag_of_bytes(data: bytes) -> str:
    return f'"{sha256(data).hexdigest()[:24]}"'


def check_if_match(request: web.Request, etag: str) -> None:
    """Raises Problem (412) where the request is about other settings than those there are now.

    Without the header the request means whatever is there.
    """
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    # Compared strongly, as RFC 9110 section 13.1.1 wants: a weak tag matches nothing.
    if etag not in [tag for is_weak, tag in _tags(wanted) if not is_weak]:
        raise Problem.about_request(412, f"it is at {etag} now: read it again")


def is_known(request: web.Request, etag: str) -> bool:
    """Does the client have it already? Then 304 is the answer."""
    known = request.headers.get("If-None-Match")
    if known is None:
        return False
    return known.strip() == "*" or etag in [tag for _, tag in _tags(known)]


def answer(request: web.Request, settings: Mapping[str, Any]) -> web.Response:
    """To GET: the settings with their tag, or 304."""
    etag = etag_of(settings)
    if is_known(request, etag):
        return web.Response(status=304, headers={"ETag": etag})
    return web.json_response(settings, headers={"ETag": etag})


def _tags(text: str) -> list[tuple[bool, str]]:
    """(is weak, tag) of each; nothing where it is no list of tags: that matches nothing."""
    found = []
    place = 0
    while place < len(text):
        match = _TAG.match(text, place)
        if match is None:
            return []
        found.append((match[1] is not None, match[2]))
        place = match.end()
    return found

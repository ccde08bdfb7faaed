# SPDX-License-Identifier: Apache-2.0
"""Whether a client unpacks what was packed by gzip (RFC 9110 section 12.5.3)."""

from __future__ import annotations

import re

from aiohttp import web

_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=(?P<weight>[0-9.]+)\s*)?(?:,|$)", re.IGNORECASE)


def takes_gzip(request: web.Request) -> bool:
    """A weight of 0 says that it does not."""
    found = _GZIP.search(request.headers.get("Accept-Encoding", ""))
    return found is not None and (found["weight"] or "1").strip("0.") != ""

# SPDX-License-Identifier: Apache-2.0
"""A page as somebody sees it, without a server: its HTML, its words, its buttons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.commands import Actor
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.caller import Caller
from pdu_agent.web.pages.site import Allowed, html

ADMIN = Caller(Actor("http", "ada"), Grant.everywhere(Rights.WRITE), is_admin=True)
SWITCHER = Caller(Actor("http", "sam"), Grant.everywhere(Rights.SWITCH))
VIEWER = Caller(Actor("http", "vera"), Grant.everywhere(Rights.READ))


def page(
    template: str, snapshot: Snapshot, context: Mapping[str, Any], caller: Caller = ADMIN
) -> str:
    """context: what the page's module makes of the snapshot."""
    return html(template, Allowed(caller), snapshot, "/", "", context)


def words_of(text: str) -> str:
    """What is to be read, each run of blanks as one."""
    reader = _Reader()
    reader.feed(text)
    return re.sub(r"\s+", " ", "".join(reader.words))


def requests_of(text: str) -> list[str]:
    """What buttons and forms ask of the API, as in "POST /api/v1/outlets/3/on"."""
    reader = _Reader()
    reader.feed(text)
    return reader.requests


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.requests: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "data-api" and value is not None:
                self.requests.append(value)

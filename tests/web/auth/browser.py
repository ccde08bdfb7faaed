# SPDX-License-Identifier: Apache-2.0
"""What a browser keeps between two requests: a cookie, and the token of its page."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

from pdu_agent.access.accounts.role import Role
from pdu_agent.access.grant import Rights
from tests.web.fake_agent import ADMIN_HASH, ADMIN_PASSWORD, Answer, RunningAgent


class Browser:
    """csrf: sent wherever it is not empty."""

    def __init__(self, agent: RunningAgent) -> None:
        self._agent = agent
        self.cookie = ""
        self.csrf = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        if self.cookie:
            headers.setdefault("Cookie", f"openpdu_session={self.cookie}")
        if self.csrf and method != "GET":
            headers.setdefault("X_CSRF_Token", self.csrf)
        answer = self._agent.stranger(method, path, body, **headers)
        for text in answer.headers.get_all("Set-Cookie", []):
            self.cookie = SimpleCookie(text)["openpdu_session"].value
        return answer

    def log_in(self, name: str, password: str = ADMIN_PASSWORD, **headers: str) -> Answer:
        given = {"name": name, "password": password}
        answer = self.ask("POST", "/api/v1/session", given, **headers)
        if answer.status == 200:
            self.csrf = answer.json["csrf_token"]
        return answer


def add_user(
    agent: RunningAgent, name: str, role: Role, outlets: dict[str, Rights] | None = None
) -> None:
    """With ADMIN_PASSWORD."""
    agent.accounts.add_user(name, role, ADMIN_HASH, outlets or {})


def logged_in(agent: RunningAgent, name: str) -> Browser:
    browser = Browser(agent)
    assert browser.log_in(name).status == 200
    return browser

# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium as people use it, on a demo of its own; axe-core to judge what it shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

PHONE, DESK = (360, 740), (1280, 900)
PATIENCE_MS = 10_000
"""For what the page does after a click; the machine may be busy."""

ADMIN = "operator"
"""Of the demo's users, by their SNMP names: viewer, switcher, operator."""


def password_of(user: str) -> str:
    return f"{user}-auth-pass"


@cache
def axe_script() -> str:
    """axe-core, as the package for Playwright brings it."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@contextmanager
def chromium() -> Iterator[Any]:
    """A Playwright browser. Without a sandbox, for the tests may run as root; a container has no
    /dev/shm of the size that it would like.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """Somebody with a browser window of their own. complaints: what its console said."""

    demo: Any
    context: Any
    page: Any
    complaints: list[str] = field(default_factory=list)

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.demo.http_port}"

    def open(self, path: str) -> Any:
        """The page, once it has everything that it begins with."""
        self.page.goto(self.home + path, wait_until="load")
        return self.page

    def log_in(self, user: str = ADMIN) -> Any:
        """By the log-in page; where that leads to."""
        page = self.open("/login")
        page.get_by_label("Name").fill(user)
        page.get_by_label("Password").fill(password_of(user))
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{self.home}/")
        return page

    def begin_with(self, link: str) -> None:
        """Becomes the first administrator, by the link of a unit that has no users."""
        self.page.goto(link)
        self.page.get_by_label("Your name").fill("owner")
        self.page.get_by_label("Password").fill("correct horse battery")
        self.page.get_by_role("button", name="Make the administrator").click()
        self.page.wait_for_url(f"{self.home}/")

    def outlet(self, number: int) -> dict[str, Any]:
        """As the API tells of it now."""
        answer = self.context.request.get(f"{self.home}/api/v1/outlets/{number}")
        return dict(answer.json())

    def wait_until(self, number: int, state: str) -> None:
        """AssertionError where the outlet does not get there."""
        for _ in range(100):
            if self.outlet(number)["state"] == state:
                return
            self.page.wait_for_timeout(50)
        answer = self.context.request.get(f"{self.home}/api/v1/outlets/{number}/why")
        raise AssertionError(f"outlet {number} is not {state}: {answer.json()}")

    def judged(self, *rules: str) -> list[str]:
        """Serious and critical findings of axe about what is shown, with where they are.

        rules: of axe, all of them without any.
        """
        self.page.evaluate(axe_script())
        asked: dict[str, Any] = {"resultTypes": ["violations"]}
        if rules:
            asked["runOnly"] = list(rules)
        found = self.page.evaluate("asked => axe.run(asked)", asked)
        return [
            f"{each['id']}: {node['target']}: {node['failureSummary']}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"][:3]
        ]

    def overflow_px(self) -> int:
        """By how much the page is wider than its window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


@contextmanager
def visitor(
    browser: Any,
    demo: Any,
    size: tuple[int, int] = DESK,
    scheme: Literal["light", "dark"] = "light",
    session: Any = None,
) -> Iterator[Visitor]:
    """session: the storage of one who has logged in already."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        has_touch=size == PHONE,
        reduced_motion="reduce",
        storage_state=session,
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    it = Visitor(demo, context, page)
    page.on("pageerror", lambda error: it.complaints.append(f"error: {error}"))
    page.on(
        "console",
        lambda said: (
            it.complaints.append(f"{said.text} {said.location['url']}")
            if said.type == "error"
            else None
        ),
    )
    try:
        yield it
    finally:
        context.close()

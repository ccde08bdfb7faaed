# SPDX-License-Identifier: Apache-2.0
"""The pictures of the README, from a demo and a furnished unit: python -m tests.browser.screenshots

Small PNG files of 256 colours, in docs/screenshots.
"""

from __future__ import annotations

import io
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from tests.browser.browsing import PHONE, chromium, visitor
from tests.browser.furnished import furnish
from tests.browser.owned import owned_unit
from tests.system.demo_process import ROOT, Demo

FOLDER = ROOT / "docs/screenshots"
LAPTOP, TALL = (1180, 760), (1180, 1200)
SETTLED_MS = 2500
"""Until the readings of a fresh demo and its curves are there."""


@dataclass(frozen=True, slots=True)
class Shot:
    name: str
    path: str
    size: tuple[int, int]
    scheme: Literal["light", "dark"] = "light"


SHOTS = (
    Shot("overview", "/", LAPTOP),
    Shot("outlet", "/outlets/1", TALL),
    Shot("phone", "/outlets", PHONE, "dark"),
)


FURNISHED = (Shot("cap", "/cap", (1180, 860)),)


def take(folder: Path) -> None:
    """Writes every picture into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        runs_in = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        demo = Demo(runs_in, "--seed", "1").start()
        stack.callback(demo.stop)
        browser = stack.enter_context(chromium())
        prepare(demo)
        with visitor(browser, demo) as first:
            first.log_in()
            store(folder, browser, demo, SHOTS, first.context.storage_state())
        furnished = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owned = stack.enter_context(owned_unit(furnished, furnish))
        with visitor(browser, owned) as first:
            first.begin_with(owned.setup_link())
            store(folder, browser, owned, FURNISHED, first.context.storage_state())


def store(folder: Path, browser: Any, unit: Any, shots: tuple[Shot, ...], session: Any) -> None:
    for shot in shots:
        (folder / f"{shot.name}.png").write_bytes(picture(browser, unit, shot, session))


def prepare(demo: Demo) -> None:
    """One outlet is off, so that both states are to be seen."""
    demo.api("POST", "/outlets/5/off", {})


def picture(browser: Any, unit: Any, shot: Shot, session: Any) -> bytes:
    """PNG."""
    with visitor(browser, unit, shot.size, shot.scheme, session) as it:
        page = it.open(shot.path)
        page.wait_for_timeout(SETTLED_MS)
        taken = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))
    small = io.BytesIO()
    taken.convert("RGB").quantize(256).save(small, "PNG", optimize=True)
    return small.getvalue()


if __name__ == "__main__":
    take(FOLDER)

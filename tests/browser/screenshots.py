# SPDX-License-Identifier: Apache-2.0
"""The pictures of the README, from a running furnished demo: python -m tests.browser.screenshots

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
from tests.browser.furnished import furnished_demo
from tests.system.demo_process import ROOT

FOLDER = ROOT / "docs/screenshots"
LAPTOP, TALL = (1180, 760), (1180, 1200)
LIVED_MS = 20_000
"""Until alarms of the start are over, at the pace of life: faster, a busy machine loses samples."""
OFF = 5
"""The outlet that is switched off, so that both states are to be seen."""
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
    Shot("outlet", "/outlets/2", TALL),
    Shot("phone", "/outlets", PHONE, "dark"),
    Shot("schedules", "/schedules", LAPTOP),
    Shot("rules", "/rules", (1180, 560)),
    Shot("cap", "/cap", (1180, 860)),
)


def take(folder: Path) -> None:
    """Writes every picture into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        runs_in = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        demo = furnished_demo(runs_in, "--seed", "1").start()
        stack.callback(demo.stop)
        browser = stack.enter_context(chromium())
        with visitor(browser, demo) as first:
            first.log_in()
            first.page.wait_for_timeout(LIVED_MS)
            session = first.context.storage_state()
        demo.api("POST", f"/outlets/{OFF}/off", {})
        for shot in SHOTS:
            taken = picture(browser, demo, shot, session)
            (folder / f"{shot.name}.png").write_bytes(taken)


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

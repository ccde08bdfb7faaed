# SPDX-License-Identifier: Apache-2.0
"""upsd and the agent are killed again and again: does each come back to the other by itself?

    python bench/nut_restarts.py [--kills 20] [--json]

SIGKILL, first for upsd, which is started anew at once, then for the agent, which is started anew
when upsd has told its clients that it is away. Neither is told anything else. The simulated
board writes down each relay that moves, and none may.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report
from nut_demo import NAME, NutDemo

from tests.nut.upsd import Upsd, running_upsd

OUTLETS = "8"
AWAY = ("Error: Data stale", "Error: Driver not connected")
GOAL_S = 10.0


@dataclass
class Tally:
    """Seconds: from the start of the new upsd, from the kill of the agent, from its new start."""

    upsd_back_s: list[float] = field(default_factory=list)
    agent_away_s: list[float] = field(default_factory=list)
    agent_back_s: list[float] = field(default_factory=list)
    words: set[str] = field(default_factory=set)


def run(folder: Path, kills: int) -> tuple[Tally, int]:
    """What was seen, and the relays that moved. AssertionError where one does not come back."""
    tally = Tally()
    (folder / "demo").mkdir()
    with (
        running_upsd(folder / "nut", {NAME: "openpdu"}) as server,
        NutDemo(folder / "demo", server.state_path) as demo,
    ):
        _until_served(server)
        for _ in range(kills):
            server.stop(signal.SIGKILL)
            began_s = time.monotonic()
            server.start()
            _until_served(server)
            tally.upsd_back_s.append(time.monotonic() - began_s)
        for _ in range(kills):
            demo.kill()
            tally.agent_away_s.append(server.until(lambda: _count(server) in AWAY))
            tally.words.add(_count(server))
            began_s = time.monotonic()
            demo.start()
            _until_served(server)
            tally.agent_back_s.append(time.monotonic() - began_s)
        return tally, len(demo.relay_movements())


def _count(server: Upsd) -> str:
    return server.upsc(NAME, "outlet.count")


def _until_served(server: Upsd) -> None:
    server.until(lambda: _count(server) == OUTLETS)


def figures_of(tally: Tally, moved: int) -> Iterator[Figure]:
    yield Figure("kills of each", len(tally.upsd_back_s), "")
    for what, times_s in (
        ("upsd started to unit served", tally.upsd_back_s),
        ("agent killed to upsd says so", tally.agent_away_s),
        ("agent started to unit served", tally.agent_back_s),
    ):
        yield Figure(f"{what}, median", percentile(times_s, 50), "s")
        yield Figure(f"{what}, worst", max(times_s), "s", GOAL_S)
    yield Figure("relays that moved", moved, "", 0, note=", ".join(sorted(tally.words)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openpdu-nut-") as folder:
        tally, moved = run(Path(folder), arguments.kills)
    return report(list(figures_of(tally, moved)), arguments.json)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Does the agent on a fast clock do what `openpdu schedule simulate` says?

    python -m bench.fast_clock [--speed 600] [--seconds 60] [--json]

`openpdu run` with simulated relays and simulator.speed, from now on; its relay log is held against
what `schedule simulate` prints for these days. Outlets are on at first in both, but simulate begins
at midnight: each outlet counts from when it first stands alike in both. A busy machine is late by a
part of a second, times the speed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.figures import Figure, percentile, report

ROOT = Path(__file__).parents[1]
ZONE = ZoneInfo("Europe/Rome")
LATE_REAL_S = 0.5
"""How late the loop may be on a machine with other work."""
EARLY_S = 1.0
"""simulate tells whole seconds."""
CONFIGURATION = """
schema: 1
snmp: {{listen: []}}
http: {{listen: ""}}
simulator: {{speed: {speed}, relay_log: {folder}/relays.log}}
device: {{time_zone: Europe/Rome, latitude: 41.9, longitude: 12.5}}
relays: [{{name: main, driver: mcp23008, bus: sim}}]
outlets:
- {{number: 1, relay: main.0}}
- {{number: 2, relay: main.1, reboot_s: 600}}
- {{number: 3, relay: main.2}}
- {{number: 4, relay: main.3}}
- {{number: 5, relay: main.4, min_off_s: 1800}}
- {{number: 6, relay: main.5}}
groups: [{{number: 1, outlets: [3, 4], gap_s: 600}}]
plans:
- name: presence
  outlets: [1]
  presence: {{from: 00:00, until: 23:30, least: 15, most: 20, least_on_s: 1200, most_on_s: 2400,
              least_off_s: 900}}
- {{name: reboot, outlets: [2], action: reboot, cron: 5 * * * *, random_s: 120}}
- {{name: group-off, group: 1, action: off, cron: 17 */2 * * *}}
- {{name: group-on, group: 1, action: on, cron: 45 */2 * * *}}
- {{name: cold-off, outlets: [5], action: off, cron: 10 * * * *}}
- {{name: cold-on, outlets: [5], action: on, cron: 20 * * * *}}
- {{name: sun-on, outlets: [6], action: on, sun: sunset}}
- {{name: night-off, outlets: [6], action: off, at: [00:30, 12:00]}}
"""

Moves = list[tuple[float, bool]]
"""(wall seconds, closed) of one outlet."""


def configuration(folder: Path, speed: float) -> Path:
    file = folder / "openpdu.yaml"
    text = CONFIGURATION.format(speed=speed, folder=folder)
    for time_of_day in ("00:00", "23:30", "00:30", "12:00"):
        text = text.replace(time_of_day, f'"{time_of_day}"')
    file.write_text(text, encoding="utf-8")
    return file


def run_agent(file: Path, seconds: float) -> dict[int, Moves]:
    """What the relays did, by outlet."""
    folder = file.parent
    environ = {
        **os.environ,
        "OPENPDU_STATE_DIR": str(folder / "state"),
        "OPENPDU_RUNTIME_DIR": str(folder / "run"),
    }
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "pdu_agent", "run", "--config", str(file)]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log)
        time.sleep(seconds)
        process.terminate()
        if process.wait(30) != 0:
            raise RuntimeError((folder / "log").read_text(encoding="utf-8"))
    moves: dict[int, Moves] = {}
    for line in (folder / "relays.log").read_text(encoding="ascii").splitlines():
        wall_s, outlet, closed = line.split()
        moves.setdefault(int(outlet), []).append((float(wall_s), closed == "1"))
    return moves


def simulate(file: Path, first_s: float, days: int) -> dict[int, Moves]:
    """What the command prints for the day of `first_s` and those after it."""
    day = datetime.fromtimestamp(first_s, ZONE).date().isoformat()
    command = [sys.executable, "-m", "pdu_agent", "schedule", "simulate", "--config", str(file)]
    told = subprocess.run(
        [*command, "--from", day, "--days", str(days), "--json"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    moves: dict[int, Moves] = {}
    for row in json.loads(told.stdout)["moves"]:
        local = datetime.fromisoformat(row["at"].rsplit(" ", 1)[0]).replace(tzinfo=ZONE)
        moves.setdefault(row["outlet"], []).append((local.timestamp(), row["state"] == "on"))
    return moves


def compare(real: Moves, told: Moves, end_s: float, late_s: float) -> tuple[list[float], int]:
    """(how late each movement was, how many have no partner), from where both stand alike on."""
    begin_s = real[0][0]  # when it was switched on at start
    joint_s = next(
        (s for s, closed in told if s > begin_s and _state(real, s + late_s) is closed), end_s
    )
    real = [move for move in real if move[0] > joint_s + late_s]
    told = [move for move in told if joint_s + late_s < move[0] < end_s - late_s]
    real = (
        real[: len(told)] if len(real) - len(told) == 1 and real[-1][0] > end_s - late_s else real
    )
    delays_s = [a[0] - b[0] for a, b in zip(real, told, strict=False) if a[1] is b[1]]
    odd = sum(not -EARLY_S <= delay_s <= late_s for delay_s in delays_s)
    return delays_s, odd + max(len(real), len(told)) - len(delays_s)


def _state(moves: Moves, wall_s: float) -> bool:
    return [closed for s, closed in moves if s <= wall_s][-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--speed", type=float, default=600.0)
    parser.add_argument("--seconds", type=float, default=60.0, help="real ones")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    late_s = LATE_REAL_S * arguments.speed
    with tempfile.TemporaryDirectory() as name:
        file = configuration(Path(name), arguments.speed)
        real = run_agent(file, arguments.seconds)
        begin_s = min(moves[0][0] for moves in real.values())
        end_s = max(moves[-1][0] for moves in real.values())
        told = simulate(file, begin_s, 2 + int((end_s - begin_s) / 86_400))
    delays_s: list[float] = []
    lone = 0
    for outlet, moves in real.items():
        found_s, odd = compare(moves, told.get(outlet, []), end_s, late_s)
        delays_s += found_s
        lone += odd
    hours = (end_s - begin_s) / 3600
    note = f"of {len(delays_s)} in {hours:.1f} h at {arguments.speed:g} times the speed"
    figures = [Figure("movements that differ from simulate", lone, "", 0, note)]
    if delays_s:
        real_ms = [1000 * delay_s / arguments.speed for delay_s in delays_s]
        figures.append(
            Figure("real time that they were late, median", percentile(real_ms, 50), "ms")
        )
        figures.append(Figure("  the latest", max(real_ms), "ms", 1000 * LATE_REAL_S))
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())

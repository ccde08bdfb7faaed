# SPDX-License-Identifier: Apache-2.0
"""SIGKILL and power cuts under switching load, judged from outside by the relay log.

    python bench/crash.py [--kills 50] [--power-cuts 10] [--seed N] [--json]

A demo with eight outlets is switched over SNMP at random (on, off, reboot, delayed forms,
several outlets in one SET), killed at a random instant and started again on the same
folders; for a power cut the runtime folder is emptied in between. The judge knows the orders
that were answered and the relay log, nothing of the core. Exit status 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report

from tests.system.crash_rig import CrashRig, Tally

LONG_IDLE_S = 65.0
"""Longer than the interval at which the card is written without a SET."""
CUTS_FOR_A_LONG_IDLE = 3


def run(kills: int, power_cuts: int, seed: int) -> Tally:
    with tempfile.TemporaryDirectory(prefix="openpdu-crash-") as folder:
        rig = CrashRig(Path(folder), seed)
        try:
            rig.begin()
            for _ in range(kills):
                rig.switch_and_kill()
                rig.restart_after_kill()
            if kills:
                rig.settle()
            for number in range(power_cuts):
                if number + 1 == CUTS_FOR_A_LONG_IDLE:
                    rig.stop_switching(LONG_IDLE_S)
                else:
                    rig.switch_and_kill()
                rig.cut_power()
            rig.judge_gaps()
        finally:
            rig.close()
        return rig.tally


def figures_of(tally: Tally) -> list[Figure]:
    answer_s = tally.answer_s
    rows = [
        Figure("kills", tally.kills, ""),
        Figure("power cuts", tally.power_cuts, ""),
        Figure("SETs", tally.sets, "", note=f"{tally.unanswered} cut off by a kill"),
        Figure("breaches (state, energy, relays, gaps)", len(tally.complaints), "", 0),
        Figure("relays moved between kill and rest", tally.moves_at_restart, "", note="all owed"),
        Figure("start to first SNMP answer, median", percentile(answer_s, 50), "s"),
        Figure("start to first SNMP answer, worst", max(answer_s), "s", 5.0),
        Figure("movements whose log line died with the process", tally.unlogged_moves, ""),
    ]
    if tally.kill_loss_s:
        rows.append(Figure("energy lost by a kill, worst", max(tally.kill_loss_s), "s", 2.0))
        rows.append(Figure("energy lost by a kill, median", percentile(tally.kill_loss_s, 50), "s"))
    if tally.cut_loss_s:
        rows.append(Figure("energy lost by a power cut, worst", max(tally.cut_loss_s), "s", 60.5))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--power-cuts", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    tally = run(arguments.kills, arguments.power_cuts, arguments.seed)
    for text in tally.complaints:
        print(text, file=sys.stderr)
    return report(figures_of(tally), arguments.json)


if __name__ == "__main__":
    sys.exit(main())

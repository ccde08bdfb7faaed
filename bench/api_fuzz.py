# SPDX-License-Identifier: Apache-2.0
"""Many examples of every operation of the API, by schemathesis, at a whole agent.

    python -m bench.api_fuzz --examples 500

Meanwhile SNMP is asked all the time. In the end: every answer was one that the contract names, no
relay moved without a successful command, SNMP kept answering, and nothing failed inside the agent.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.system.api_fuzz import Tally, run
from tests.system.demo_process import STATE, Demo

PAUSE_S = 0.5


class Asker:
    """Asks SNMP for a state, again and again, in a thread of its own."""

    def __init__(self, demo: Demo) -> None:
        self.asked = 0
        self.unanswered = 0
        self.slowest_s = 0.0
        self._demo = demo
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._end.wait(PAUSE_S):
            began_s = time.monotonic()
            answer = self._demo.snmp("snmpget", f"{STATE}.1")
            self.asked += 1
            self.unanswered += "INTEGER" not in answer
            self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500, help="of each operation")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Demo(Path(folder)) as demo:
        began_s, rss_mb = time.monotonic(), demo.rss_mb()
        moved_before = len(demo.relay_movements())
        with Asker(demo) as asker:
            tally = run(demo, arguments.examples, arguments.seed)
        moved = len(demo.relay_movements()) - moved_before
        told(tally, asker, moved, time.monotonic() - began_s, demo.rss_mb() - rss_mb)
        faults = list(tally.failures)
        faults += ["a relay moved without a command"] if moved and not tally.commands else []
        faults += ["SNMP did not answer"] if asker.unanswered or not asker.asked else []
        faults += ["the agent failed inside: see its log"] if "Traceback" in demo.log() else []
        faults += [f"status {each}" for each in tally.answers if each >= 500 and each != 503]
    print("\n".join(faults) or "everything as the contract says")
    return 1 if faults else 0


def told(tally: Tally, asker: Asker, moved: int, took_s: float, grew_mb: float) -> None:
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(tally.answers.items()))
    print(f"{tally.operations} operations, {tally.requests} requests in {took_s:.0f} s ({answers})")
    print(f"{tally.commands} successful POSTs, {moved} movements of relays")
    print(
        f"SNMP: {asker.asked} questions, {asker.unanswered} unanswered,"
        f" the slowest {asker.slowest_s:.2f} s; memory grew by {grew_mb:.1f} MB"
    )


if __name__ == "__main__":
    sys.exit(main())

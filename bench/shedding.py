# SPDX-License-Identifier: Apache-2.0
"""How long until outlets go off when a load rises over a cap, in the real agent?

    python -m bench.shedding [--rounds 100] [--hours 24] [--json]

Its meters are simulated. A load that no outlet feeds steps up behind the inlet, again and again.
What is measured runs from the step to the last relay that opens for it: so it holds the wait for
the next window of the meter (0.2 s), the choice, the record, the board and, at times, for a second
round. All outlets have a graceful off, which a cap must not wait for.

Then racks on a clock of their own, whose loads wander around the edges of their cap: how often does
an outlet return only to go again?
"""

from __future__ import annotations

import argparse
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO

from bench.figures import Figure, percentile, report
from bench.rack import Rack, noisy, settings_of
from pdu_agent.app.client import AgentClient, ClientError
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.settings import OutletSettings, RelayRef

ROOT = Path(__file__).parents[1]
HIGH_W = 100_000
STEP_W = 400
ROOM_W = (20.0, 350.0)
"""Between what is drawn and the cap, less than the step."""
ROUND_S = 6.0
HIGH_S = 2.2
START_LIMIT_S = 30.0
GOAL_S = 2.0
FLAP_S = 900.0
"""An outlet that returned and went again sooner has flapped."""


class Steps:
    """Tells when the script of the simulator was played, by what the agent logs."""

    def __init__(self, log: IO[str], copy: Path) -> None:
        self._log = log
        self._copy = copy
        self._up_s: Queue[float] = Queue()
        self._thread = Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        with self._copy.open("w", encoding="utf-8") as copy:
            for line in self._log:
                if f"load of inlet 1, watts {STEP_W}" in line:
                    self._up_s.put(time.time())
                copy.write(line)
                copy.flush()

    def next_s(self) -> float:
        """When the next one began; raises queue.Empty where none comes."""
        while not self._up_s.empty():
            self._up_s.get()
        return self._up_s.get(timeout=3 * ROUND_S)

    def close(self) -> None:
        """Once the process has ended."""
        self._thread.join()
        self._log.close()


def _configured(folder: Path) -> Path:
    text = (ROOT / "etc" / "openpdu.yaml").read_text(encoding="utf-8")
    cap = f"caps:\n- {{number: 1, limit_w: {HIGH_W}, margin: 0, restore_after_s: 1}}"
    text = text.replace("caps: []", cap).replace('relay_log: ""', f"relay_log: {folder}/relays.log")
    text = text.replace('script: ""', f"script: {folder}/steps.yaml")
    text = text.replace("listen: [0.0.0.0:161]", "listen: []")
    text = text.replace(", receptacle: C13}", ", receptacle: C13, graceful: {idle_below_w: 1}}")
    script = (
        f"- {{every: {ROUND_S}s, load: {{of: inlet 1, watts: {STEP_W}}}}}\n"
        f"- {{at: {ROUND_S + HIGH_S}s, every: {ROUND_S}s, load: {{of: inlet 1, watts: 0}}}}\n"
    )
    (folder / "steps.yaml").write_text(script, encoding="utf-8")
    (folder / "openpdu.yaml").write_text(text, encoding="utf-8")
    return folder / "openpdu.yaml"


@contextmanager
def agent(folder: Path) -> Iterator[tuple[AgentClient, Steps]]:
    """The shipped configuration with a cap and a script, run in a process of its own."""
    environ = {
        **os.environ,
        "OPENPDU_STATE_DIR": str(folder / "state"),
        "OPENPDU_RUNTIME_DIR": str(folder / "run"),
        "OPENPDU_SNMP_LISTEN": "",
        "OPENPDU_HTTP_LISTEN": "",
        "OPENPDU_SNMP_CREDENTIALS": "",
    }
    command = [sys.executable, "-m", "pdu_agent", "run", "--config", str(_configured(folder))]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stderr is not None
    steps = Steps(process.stderr, folder / "log")
    try:
        client = AgentClient(folder / "run" / "api.sock")
        _wait_for(client, process, folder)
        yield client, steps
    finally:
        process.terminate()
        process.wait(20)
        steps.close()


def _wait_for(client: AgentClient, process: subprocess.Popen[str], folder: Path) -> None:
    end_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end_s and process.poll() is None:
        try:
            if client.get("caps")["caps"][0]["value"] is not None:
                return
        except ClientError:
            pass
        time.sleep(0.2)
    raise RuntimeError((folder / "log").read_text(encoding="utf-8"))


def reactions_s(folder: Path, rounds: int, chance: random.Random) -> Iterator[float]:
    """Seconds of each round, from the step to the last relay that opened."""
    with agent(folder) as (client, steps):
        client.command([{"outlet": "all", "command": "on"}])
        time.sleep(6.0)
        is_set = False
        for _ in range(rounds):
            began_s = steps.next_s()
            time.sleep(HIGH_S + 0.4)
            opened_s = [at_s for at_s, closed in _moves(folder) if at_s >= began_s and not closed]
            if is_set:
                yield max(opened_s) - began_s if opened_s else float("inf")
            _bring_back(client)
            value_w = client.get("caps")["caps"][0]["value"]
            client.post("caps/1", {"limit": value_w + chance.uniform(*ROOM_W)})
            is_set = time.time() < began_s + ROUND_S - 0.3  # else the step is in the value


def _bring_back(client: AgentClient) -> None:
    """By hand, since a cap lets outlets wait longer each time that they went again soon."""
    client.post("caps/1", {"limit": HIGH_W})
    shed = client.get("caps")["caps"][0]["shed"]
    if shed:
        client.command([{"outlet": number, "command": "off"} for number in shed])
        while client.get("caps")["caps"][0]["shed"]:
            time.sleep(0.1)
        client.command([{"outlet": number, "command": "on"} for number in shed])
    time.sleep(0.8 + 0.2 * len(shed))


def _moves(folder: Path) -> list[tuple[float, bool]]:
    path = folder / "relays.log"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [(float(line.split()[0]), line.split()[2] == "1") for line in lines]


def edges() -> Iterator[tuple[str, Rack]]:
    """Racks at the edges of a cap of 500 W: where an outlet goes, where it returns, and one that
    wanders slowly over both. The noise is smaller than the margin, as it has to be.
    """
    yield "the limit", _rack(noisy(50.0, 5.0, 9))
    at_return = noisy(21.0, 5.0, 9)
    yield "the return", _rack(lambda now_s: at_return(now_s) if now_s > 1060.0 else 60.0)
    yield "both", _rack(_wander)


def _wander(now_s: float) -> float:
    """5 to 65 W of no outlet: two slow waves that hardly meet again in a day."""
    return 35.0 + 15.0 * (math.sin(now_s / 1900.0) + math.sin(now_s / 4700.0))


def _rack(other_w: Callable[[float], float]) -> Rack:
    watts = {1: 160.0, 2: 120.0, 3: 80.0, 4: 60.0, 5: 30.0}
    outlets = [OutletSettings(n, relay=RelayRef("main", n - 1), priority=n) for n in watts]
    cap = CapSettings(1, limit_w=500.0, margin=25.0, restore_after_s=30.0)
    settings = settings_of(outlets, [cap], stale_after_s=2.5)
    loads: dict[int, float | Callable[[float], float]] = {
        n: noisy(w, 4.0, n) for n, w in watts.items()
    }
    return Rack(settings, loads, other_w, window_s=1.0)


def flaps(rack: Rack, hours: float) -> tuple[int, int]:
    """Returns that were taken back within FLAP_S, and all movements of relays."""
    rack.run(hours * 3600.0)
    closed_s: dict[int, float] = {}
    count = 0
    for move in rack.moves:
        if move.closed:
            closed_s[move.outlet] = move.at_s
        elif move.at_s - closed_s.get(move.outlet, -math.inf) < FLAP_S:
            count += 1
    return count, len(rack.moves)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        times_s = list(reactions_s(Path(folder), arguments.rounds, random.Random(1)))
    figures = [
        Figure(f"load step to last relay, p{percent}", percentile(times_s, percent), "s", goal)
        for percent, goal in ((50, None), (99, GOAL_S), (100, None))
    ]
    for name, rack in edges():
        count, moves = flaps(rack, arguments.hours)
        what = f"in {arguments.hours:g} h at the edge of {name}"
        figures.append(Figure(f"flaps {what}", count, "", 0))
        figures.append(Figure(f"relay movements {what}", moves, ""))
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())

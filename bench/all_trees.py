# SPDX-License-Identifier: Apache-2.0
"""What all the MIBs together cost beside OPENPDU-MIB alone: walk, memory, publication.

    python bench/all_trees.py [--outlets 48] [--walks 10] [--json]

The agents are snmp_agent.py: face, core and store, readings at 5 Hz. Walked by Debian's
snmpbulkwalk at 25 repetitions; CPU is the agent's, from the scheduler. Memory is RSS after
the walks.

Publication is timed in this process, on a core whose every reading is new: until there is a
snapshot, and until every object of every MIB has been encoded anew from it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import repository  # noqa: F401
from figures import Figure, percentile, report
from snmp_agent import assemble, readings
from snmp_load import cpu_of
from snmp_peers import COMMUNITY, SETTLE_S, running_agent

from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.mib_impl.identity import OWN
from pdu_agent.mib_impl.names import USUAL_MIBS
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.clock import SystemClock
from pdu_agent.snmp.face import served_modules
from pdu_agent.snmp.image import Image
from pdu_agent.store.record_store import RecordStore

PUBLICATIONS = 50


def walk_figures(outlets: int, walks: int) -> Iterator[Figure]:
    own = _walked(outlets, (OWN,), walks)
    everything = _walked(outlets, USUAL_MIBS, walks)
    yield Figure("varbinds, all trees", everything.varbinds, "")
    yield Figure("varbinds, OPENPDU-MIB and the agent's own", own.varbinds, "")
    yield Figure("CPU of a walk, all trees, median", everything.cpu_ms, "ms")
    yield Figure("CPU per varbind", 1000 * everything.cpu_ms / everything.varbinds, "us")
    yield Figure("time of a walk by snmpbulkwalk, median", everything.wall_ms, "ms")
    yield Figure("RSS, OPENPDU-MIB only", own.rss_mb, "MB")
    growth_mb = everything.rss_mb - own.rss_mb
    yield Figure("memory growth with all trees on", growth_mb, "MB", goal=10)


class _Walked:
    """Medians over some walks of one agent, and its memory after them."""

    def __init__(self, pid: int, port: int, walks: int) -> None:
        runs = [_walk(pid, port) for _ in range(walks)]
        self.varbinds = runs[-1][0]
        self.cpu_ms = 1000 * percentile([cpu_s for _, cpu_s, _ in runs], 50)
        self.wall_ms = 1000 * percentile([wall_s for _, _, wall_s in runs], 50)
        self.rss_mb = _rss_bytes(pid) / 1e6


def _walked(outlets: int, mibs: Sequence[str], walks: int) -> _Walked:
    with running_agent(outlets, mibs) as (port, pid):
        time.sleep(SETTLE_S)
        return _Walked(pid, port, walks)


def _walk(pid: int, port: int) -> tuple[int, float, float]:
    """Varbinds, CPU seconds of the agent, wall seconds."""
    cpu_s, begin_s = cpu_of([pid]), time.monotonic()
    done = subprocess.run(
        ["snmpbulkwalk", "-v2c", "-c", COMMUNITY, "-Cr25", "-On", f"127.0.0.1:{port}", "1"],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={"PATH": "/usr/bin:/bin", "MIBS": "", "LC_ALL": "C"},
    )
    varbinds = sum(line.startswith(".") for line in done.stdout.splitlines())
    return varbinds, cpu_of([pid]) - cpu_s, time.monotonic() - begin_s


def _rss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has no memory")


async def publication_figures(outlets: int) -> list[Figure]:
    """In a loop, because the runtime wants one."""
    with tempfile.TemporaryDirectory(prefix="openpdu-bench-") as folder:
        options = DemoOptions(outlets=outlets)
        settings = demo_settings(options, Path(folder) / "state", Path(folder) / "run")
        clock = SystemClock()
        store = RecordStore(settings.runtime_dir, settings.state_dir, lambda _error: None)
        core = assemble(settings, store).core
        image = Image(MibView(served_modules(settings.snmp, core)))
        published, encoded = [], []
        for window in islice(readings(settings, clock), PUBLICATIONS):
            begin_s = time.perf_counter()
            for reading in window:
                core.on_reading(reading)
            snapshot = core.snapshot
            published.append(time.perf_counter() - begin_s)
            for number in range(len(image.columns)):
                image.run(number, snapshot)
            encoded.append(time.perf_counter() - begin_s)
        store.close()
    published_ms, encoded_ms = (1000 * percentile(each, 50) for each in (published, encoded))
    return [
        Figure("publication, everything changed, median", published_ms, "ms", goal=20),
        Figure("publication and all trees encoded, median", encoded_ms, "ms"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outlets", type=int, default=48)
    parser.add_argument("--walks", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = [
        *walk_figures(arguments.outlets, arguments.walks),
        *asyncio.run(publication_figures(arguments.outlets)),
    ]
    return report(figures, arguments.json)


if __name__ == "__main__":
    sys.exit(main())

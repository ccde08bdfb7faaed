# SPDX-License-Identifier: Apache-2.0
"""Console transcripts in Markdown: read them, run them again, compare or rewrite them.

`python -m tests.docs.transcripts docs/snmp.md` rewrites the page from a demo of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.system.demo_process import ROOT, Demo

DOCUMENTED_SNMP = "127.0.0.1:1161"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_UNITS = (
    r"millivolts|milliamperes|milliwatts|millivolt-amperes|millivars|thousandths|millihertz|"
    r"milliwatt-hours|watt-hours|tenths of kilowatt-hours|millivar-hours|hundredths of a percent|"
    r"seconds"
)
# What differs from run to run: quantities, times, and the port of the replaying demo.
_VOLATILE = [
    (re.compile(r"(?<=from 127\.0\.0\.1:)\d+"), "#"),
    (re.compile(rf"-?\d+(?= (?:{_UNITS})\b)"), "#"),
    (re.compile(r"\(\d+\) \d+:\d\d:\d\d\.\d\d"), "(#) #"),
    (re.compile(r"\d+:\d+:\d\d:\d\d\.\d\d"), "#"),
    (re.compile(r"\d{4}-\d+-\d+,\d+:\d+:\d+\.\d,[-+]\d+:\d+"), "#"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "#"),
    (re.compile(r"-?\d+\.\d+\b(?!\.)"), "#"),
    (re.compile(r"up \d+ ?s"), "up #"),
    (re.compile(r"(?<=opduSysConfigLock\.0 = INTEGER: )\d+"), "#"),
    (re.compile(r"\d+(?= W is at)"), "#"),
    (re.compile(r"[ \t]+"), " "),
]


def commands(page: str) -> Iterator[tuple[str, str]]:
    """(command, documented output) in the order of the page."""
    for block in _BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output.strip()


def comparable(output: str) -> str:
    """The output without what may differ."""
    for pattern, stand_in in _VOLATILE:
        output = pattern.sub(stand_in, output)
    return "\n".join(line.strip() for line in output.splitlines() if line.strip())


def runner(demo: Demo) -> Callable[[str], str]:
    """Runs a documented command against `demo`; output and errors as a terminal shows them."""
    environment = {
        **os.environ,
        "MIBDIRS": "mibs/base:mibs",
        "MIBS": "OPENPDU-MIB:SNMPv2-MIB",
        "OPENPDU_SOCKET": str(demo.runtime_dir / "api.sock"),
    }
    environment.pop("PYTHONUNBUFFERED", None)  # people's shells do not set it

    address = f"127.0.0.1:{demo.snmp_port}"
    openpdu = f"{sys.executable} -m pdu_agent"

    def run(command: str) -> str:
        if " why " in command:
            wait_for_proofs(demo)
        result = subprocess.run(
            ["sh", "-c", command.replace(DOCUMENTED_SNMP, address).replace("./openpdu", openpdu)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=30,
            check=False,
        )
        output = result.stdout.decode("utf-8", "replace")
        return output.replace(address, DOCUMENTED_SNMP).strip()

    return run


def rewritten(page: str, run: Callable[[str], str]) -> str:
    """The page with every output as `run` gives it now."""

    def again(block: re.Match[str]) -> str:
        lines: list[str] = []
        for command, _ in commands(block[0]):
            output = run(command)
            lines += [f"$ {command}", *([output] if output else [])]
        return "```console\n" + "\n".join(lines) + "\n```"

    return _BLOCK.sub(again, page)


def wait_for_readings(demo: Demo) -> None:
    """Until every outlet has a measured power and a peak, which appears with the first save, and
    the inlet what not every window brings: on a busy machine the first ones have lost samples.
    """
    while any(outlet["meter"]["peak_power_w"] is None for outlet in demo.outlets()):
        time.sleep(0.05)
    while not all(_is_complete(inlet) for inlet in demo.api("GET", "/inlets")[1]["inlets"]):
        time.sleep(0.05)


def _is_complete(inlet: Mapping[str, Any]) -> bool:
    meter = inlet["meter"]
    return None not in (
        meter["voltage_thd_percent"],
        meter["current_thd_percent"],
        meter["inductive_varh"],
        meter["demand"] and meter["demand"]["power_w"],
        inlet["unaccounted_w"],
    )


def wait_for_proofs(demo: Demo) -> None:
    """Until the meters have told of every movement, as they have for whoever types a command."""
    while any(
        outlet["pending"] or ((proof := outlet["last_proof"]) and proof["current_after_a"] is None)
        for outlet in demo.outlets()
    ):
        time.sleep(0.05)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, Demo(Path(folder)) as running:
        wait_for_readings(running)
        page = rewritten(target.read_text(encoding="utf-8"), runner(running))
    target.write_text(page, encoding="utf-8")

# SPDX-License-Identifier: Apache-2.0
"""`openpdu demo --furnished` for tests: nothing comes and goes, but the aquarium's thermometer."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.system.demo_process import ROOT, Demo

GONE_AFTER_S = 15.0
"""Since the start: the sensor of the aquarium falls silent."""


def furnished_demo(folder: Path, *options: str) -> Demo:
    """Not started yet; with the script that a furnished demo plays."""
    return Demo(folder, "--furnished", *options)


def calm_demo(folder: Path) -> Demo:
    """The same without what its script does again and again."""
    shipped = (ROOT / "etc/scripts/homelab.yaml").read_text(encoding="utf-8")
    steps = [step for step in yaml.safe_load(shipped) if "every" not in step]
    steps.append({"at": f"{GONE_AFTER_S:g}s", "device": {"name": "sensor 1", "dead": True}})
    script = folder / "script.yaml"
    script.write_text(yaml.safe_dump(steps), encoding="utf-8")
    return furnished_demo(folder, "--script", str(script))

# SPDX-License-Identifier: Apache-2.0
"""What the documentation shows is there: settings, maps, links, files, commands, drivers."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pdu_agent.app.cli import build_parser
from pdu_agent.app.config.load import check_file
from pdu_agent.hw import registry
from pdu_agent.hw.modbus.map_file import read_map
from tests.system.demo_process import ROOT

PAGES = sorted(
    str(page.relative_to(ROOT))
    for pattern in ("*.md", "docs/*.md", "contrib/*/*.md", "snmpd-passthrough/*.md")
    for page in ROOT.glob(pattern)
)
ANYWHERE = (
    "",
    "pdu_agent",
    "pdu_agent/hw",
    "pdu_agent/mib_impl",
    "pdu_agent/web",
)  # where a path in the text may begin
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|ya?ml|md|txt|rules|service|sysusers|initd))`")
_COMMAND = re.compile(r"(?:^ *(?:\$ )?|`)(?:\./)?openpdu ([a-z][^`\n#<]*)", re.MULTILINE)
_OF_THE_LAUNCHER = {"test", "coverage", "lint"}
REST = {
    "relays": "[{name: main, driver: mcp23008, bus: /dev/i2c-1, address: 0x24}]",
    "meters": "[{name: house, driver: ecm1240, port: /dev/ttyS9, channels: {ch1: inlet 1}}]",
    "outlets": "[{number: 1, relay: main.0}, {number: 2}, {number: 3}, {number: 4}]",
    "inlets": "[{number: 1}, {number: 2}]",
}
"""What a page takes for granted where it shows a part of a configuration."""
SECRETS = """\
users:
  - {name: admin, rights: write, auth_pass: "auth passphrase", priv_pass: "priv passphrase"}
  - {name: to-nms, rights: none, auth_pass: "auth passphrase", priv_pass: "priv passphrase"}
communities:
  - {name: site, rights: none, community: "site passphrase"}
"""


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def mappings() -> list[Any]:
    """Every YAML block with its page and line, but for scripts of the simulator, which are lists,
    and whole files, which the tests of their pages run.
    """
    found = []
    for page in PAGES:
        text = text_of(page)
        for block in _BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            shown = yaml.safe_load(block[1])
            is_part = isinstance(shown, dict) and "schema" not in shown
            if is_part and "driver: devantech" not in block[1]:
                found.append(pytest.param(block[1], id=f"{page}:{line}"))
    return found


@pytest.mark.parametrize("text", mappings())
def test_settings_and_register_maps_are_taken(text: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.yaml"
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text(f"schema: 1\n{SECRETS}", encoding="utf-8")
    secrets.chmod(0o600)
    prices = "time,price\n2026-03-01T00:00:00Z,0.1\n2026-03-01T01:00:00Z,0.2\n"
    (tmp_path / "spot.csv").write_text(prices, encoding="utf-8")
    if "channels" in yaml.safe_load(text):
        file.write_text(text, encoding="utf-8")
        assert read_map(str(file)).channels
        return
    if "users" in yaml.safe_load(text):
        secrets.write_text(f"schema: 1\n{text}", encoding="utf-8")
        text = "snmp: {credentials: secrets.yaml}"
    rest = [f"{name}: {value}" for name, value in REST.items() if name not in yaml.safe_load(text)]
    file.write_text("\n".join(["schema: 1", *rest, text]), encoding="utf-8")
    assert [str(problem) for problem in check_file(file, {}) if not problem.warning] == []


def anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    broken = []
    for path, place in _LINK.findall(text_of(page)):
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists():
            broken.append(path)
        elif place and anchor(place) not in map(
            anchor, _HEADING.findall(target.read_text("utf-8"))
        ):
            broken.append(f"{path}#{place}")
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_files_that_are_named_are_there(page: str) -> None:
    missing = [
        path
        for path in _PATH.findall(text_of(page))
        if not any((ROOT / start / path).exists() for start in ANYWHERE)
        and not ((ROOT / page).parent / path).exists()
    ]
    assert missing == []


def subcommands() -> dict[str, argparse.ArgumentParser]:
    for action in build_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("no subcommands")


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """Its own, and those of its verbs."""
    verbs = [
        verb
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for verb in action.choices.values()
    ]
    return set(parser._option_string_actions).union(*map(options_of, verbs))


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_their_options_are_known(page: str) -> None:
    known = subcommands()
    unknown = []
    for shown in _COMMAND.findall(text_of(page)):
        name, *words = shlex.split(shown)
        if name in _OF_THE_LAUNCHER:
            continue
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        if name not in known or not options <= options_of(known[name]):
            unknown.append(shown)
    assert unknown == []


def named(cells: Iterable[str]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_table_of_what_was_tried_has_every_driver() -> None:
    _, _, section = text_of("docs/drivers.md").partition("## What has met real hardware")
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    assert named(first) >= {name for kind in registry.KINDS for name in registry.known(kind)}

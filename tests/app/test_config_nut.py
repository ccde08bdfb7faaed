# SPDX-License-Identifier: Apache-2.0
"""The `nut` section: what upsd could not find or take is refused where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.app.config.changes import needing_restart
from pdu_agent.app.config.load import ConfigErrors, load_settings
from pdu_agent.app.config.schema import AgentSettings

UNIT = """\
schema: 1
relays: [{name: main, driver: mcp23008, bus: sim}]
outlets: [{number: 1, relay: main.0}, {number: 3, relay: main.1}]
"""


def load(folder: Path, nut: str) -> AgentSettings:
    path = folder / "openpdu.yaml"
    path.write_text(f"{UNIT}nut: {{{nut}}}\n", encoding="utf-8")
    return load_settings(path, {})


@pytest.mark.parametrize(
    ("nut", "complaint"),
    [
        ("state_path: run/nut", "state_path 'run/nut' is no path from the root on"),
        ('state_path: "/run/\\0nut"', "expected text"),
        ("driver: open pdu", "driver 'open pdu': expected letters, digits, - and _"),
        ("name: ''", "name '': expected letters"),
        ("name: ../pdu", "name '../pdu': expected letters"),
        ("name: outlet7", "is kept for the UPS of that outlet"),
        (f"state_path: /{'x' * 79}, driver: {'d' * 20}", "107 at most"),
        ("outlets: {1-3: read, 2: none}", "2 is named twice"),
        ("outlets: {outlet 1: read}", "a range such as 4-6, or others"),
        ("rights: all", "none, read, switch"),
    ],
)
def test_what_upsd_could_not_find_or_take_is_refused(
    tmp_path: Path, nut: str, complaint: str
) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(tmp_path, nut)
    assert complaint in str(caught.value)
    assert "openpdu.yaml:4:" in str(caught.value)


def test_rights_on_outlets_that_are_not_there_are_unwise(tmp_path: Path) -> None:
    settings = load(tmp_path, "rights: read, outlets: {1-3: switch, others: none}")
    assert settings.nut.outlets == {"1-3": Rights.SWITCH, "others": Rights.NONE}
    (warning,) = [text for text in settings.warnings if "nut.outlets" in text]
    assert warning.endswith("nut.outlets.1-3: there is no outlet 2")


def test_rights_are_taken_and_sockets_need_a_restart(tmp_path: Path) -> None:
    before = load(tmp_path, "state_path: /run/nut")
    after = load(tmp_path, "state_path: /run/nut, rights: switch, outlets: {1: write}")
    assert needing_restart(before, after) == []
    moved = load(tmp_path, "state_path: /run, name: a, driver: b, group: c")
    assert needing_restart(before, moved) == [
        "nut driver",
        "nut group",
        "nut name",
        "nut state_path",
    ]

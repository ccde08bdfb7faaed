# SPDX-License-Identifier: Apache-2.0
"""The section `hooks` and what outlets say of it: what is taken, what is wrong, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.app.config.hooks import CommandHook, HttpHook
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.core.shutdown.settings import OnHang

UNIT = """\
schema: 1
snmp: {listen: []}
relays: [{name: main, driver: mcp23008, bus: sim}]
meters:
  - name: adc
    driver: ads130e08
    bus: sim:0
    voltage: {channel: 1, divider: 200}
    currents: [{channel: 2, feeds: outlet 1}]
"""


def complaints(folder: Path, text: str) -> list[str]:
    path = folder / "openpdu.yaml"
    path.write_text(UNIT + text, encoding="utf-8")
    return [str(problem).replace(f"{path}:", "") for problem in check_file(path, {})]


def test_the_section_is_read(tmp_path: Path) -> None:
    path = tmp_path / "openpdu.yaml"
    path.write_text(
        UNIT
        + "hooks:\n"
        + "- {name: bye, kind: command, command: [/bin/echo, down], ignore_errors: true}\n"
        + "- {name: tell, kind: http, url: 'https://nas/off', headers: {Accept: text/plain}}\n"
        + "outlets:\n"
        + "- number: 1\n"
        + "  relay: main.0\n"
        + "  before_off: bye\n"
        + "  after_on: tell\n"
        + "  graceful: {idle_below_w: 5, on_hang: force}\n",
        encoding="utf-8",
    )
    settings = load_settings(path, {})
    bye, tell = settings.hooks
    assert bye.options == CommandHook(("/bin/echo", "down"))
    assert (bye.time_limit_s, bye.ignore_errors) == (30.0, True)
    assert tell.options == HttpHook("https://nas/off", headers={"Accept": "text/plain"})
    (outlet,) = settings.outlets
    assert outlet.graceful is not None
    assert outlet.graceful.on_hang is OnHang.FORCE


HOOK = "hooks: [{name: bye, kind: command, command: [/bin/true]}]\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            HOOK + "outlets: [{number: 1, relay: main.0, before_off: bey}]\n",
            "11:50: outlets[0].before_off: no hook in `hooks` is called 'bey' (did you mean bye?)",
        ),
        (
            "hooks: [{name: bye, kind: command, command: [bin/ssh]}]\n",
            "10:46: hooks[0].command[0]: 'bin/ssh' is no absolute path",
        ),
        (
            "hooks: [{name: bye, kind: command, command: [/nowhere/ssh]}]\n",
            "10:46: warning: hooks[0].command[0]: /nowhere/ssh is not there",
        ),
        (
            "hooks: [{name: bye, kind: command, command: [/etc/passwd]}]\n",
            "warning: hooks[0].command[0]: /etc/passwd cannot be executed",
        ),
        ("hooks: [{name: bye, kind: command, command: []}]\n", "hooks[0].command: it is empty"),
        (
            "hooks: [{name: bye, kind: shell, command: []}]\n",
            "hooks[0].kind: 'shell' is no kind of hook; expected one of command, http",
        ),
        (
            "hooks: [{name: bye, kind: http, url: 'http://n/', command: [/bin/true]}]\n",
            "unknown key 'command'",
        ),
        ("hooks: [{name: bye, kind: http, url: nas/off}]\n", "hooks[0].url: 'nas/off' is no"),
        (
            "hooks: [{name: bye, kind: http, url: 'http://me:secret@nas/'}]\n",
            "hooks[0].url: it holds a user or a password",
        ),
        (
            "hooks: [{name: b, kind: http, url: 'http://n/', header_files: {A: token}}]\n",
            "hooks[0].header_files.A: 'token' is no absolute path",
        ),
        (
            "hooks: [{name: b, kind: http, url: 'http://n/', header_files: {A: /no/token}}]\n",
            "warning: hooks[0].header_files.A: /no/token cannot be read",
        ),
        (
            'hooks: [{name: b, kind: http, url: \'http://n/\', headers: {"A": "x\\r\\nB: y"}}]\n',
            "has a control character in it",
        ),
        (HOOK + HOOK.replace("hooks:", "groups: []\n#"), ""),
        (
            "outlets: [{number: 1}, {number: 2, relay: main.1, graceful: {idle_below_w: 5}}]\n",
            "10:61: outlets[1].graceful: no meter in `meters` feeds outlet 2",
        ),
        (
            HOOK + "outlets: [{number: 1, before_off: bye}]\n",
            "outlets[0].before_off: this outlet has no relay",
        ),
        (
            "outlets: [{number: 1, relay: main.0, graceful: {}}]\n",
            "outlets[0].graceful: expected one of idle_below_w and idle_below_a",
        ),
        (
            "hooks: [{name: b, kind: command, command: [/bin/true]},"
            " {name: b, kind: command, command: [/bin/true]}]\n",
            "hooks[1].name: 'b' is given to two hooks",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    outlets = "" if "outlets" in text else "outlets: [{number: 1, relay: main.0}]\n"
    told = complaints(tmp_path, text + outlets)
    if complaint:
        assert len(told) == 1, told
        assert complaint in told[0]
    else:
        assert told == []


NUT = "nut: {state_path: /run/nut}\n"
FSD = "hooks: [{name: tell, kind: fsd, time_limit_s: 40, wait_s: 20}]\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (NUT + FSD + "outlets: [{number: 1, relay: main.0, before_off: tell}]\n", ""),
        (FSD + "outlets: [{number: 1, relay: main.0}]\n", "hooks[0].kind: fsd tells servers"),
        (
            NUT + FSD + "outlets: [{number: 1, relay: main.0, after_off: tell}]\n",
            "outlets[0].after_off: tell is of kind fsd; expected one that can be run there",
        ),
        (
            NUT
            + FSD
            + "outlets: [{number: 1, relay: main.0}]\n"
            + "plans: [{name: p, at: [07:00], hook: tell}]\n",
            "plans[0].hook: tell is of kind fsd",
        ),
        (
            NUT
            + FSD
            + "outlets: [{number: 1, relay: main.0}]\n"
            + "rules: [{name: r, when: {outlet: 1, state: on}, then: [{hook: tell}]}]\n",
            "rules[0].then[0].hook: tell is of kind fsd",
        ),
        (
            NUT
            + "hooks: [{name: tell, kind: fsd, wait_s: 30}]\n"
            + "outlets: [{number: 1, relay: main.0}]\n",
            "hooks[0].wait_s: 30 s cannot pass within time_limit_s, 30 s",
        ),
        (
            NUT
            + "hooks: [{name: tell, kind: fsd}]\n"
            + "outlets: [{number: 1, relay: main.0, before_off: tell}]\n",
            "warning: outlets[0].before_off: tell only tells the server",
        ),
        (
            NUT
            + "hooks: [{name: tell, kind: fsd}]\n"
            + "outlets: [{number: 1, relay: main.0, before_off: tell,"
            + " graceful: {idle_below_w: 5}}]\n",
            "",
        ),
    ],
)
def test_a_hook_that_tells_a_server_is_for_the_off_of_its_outlet(
    tmp_path: Path, text: str, complaint: str
) -> None:
    told = complaints(tmp_path, text)
    assert len(told) == bool(complaint), told
    assert not complaint or complaint in told[0]


def test_a_secret_that_everybody_may_read_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x", encoding="utf-8")
    file.chmod(0o644)
    text = f"hooks: [{{name: b, kind: http, url: 'http://n/', header_files: {{A: {file}}}}}]\n"
    (told,) = complaints(tmp_path, text + "outlets: [{number: 1, relay: main.0}]\n")
    assert "everybody may read" in told

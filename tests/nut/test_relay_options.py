# SPDX-License-Identifier: Apache-2.0
"""The command line and the section of ups.conf that NUT gives to the driver program."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.nut.relay.main import plan_of
from pdu_agent.nut.relay.options import Options, Stay, UsageError, parse
from pdu_agent.nut.relay.ups_conf import ConfError, read_ups_conf

CONF = """
# of the machine
user = nut   # who
maxretry = 3

[rack]
    driver = usbhid-ups
    port = auto
[pdu]
    driver = openpdu
    port = "/run/open pdu/openpdu-pdu"
    desc = "the \\"strip\\" # 1"
    nolock
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ups.conf").write_text(CONF, encoding="utf-8")
    return tmp_path


def test_upsdrvctl_s_command_line() -> None:
    options = parse(["-D", "-a", "pdu", "-u", "nut"])
    assert (options.name, options.user, options.debug) == ("pdu", "nut", 1)
    assert options.is_in_foreground  # as NUT's own, where more is to be told


@pytest.mark.parametrize(
    ("arguments", "stay", "is_in_foreground"),
    [
        ([], Stay.AS_USUAL, False),
        (["-F"], Stay.FOREGROUND, True),
        (["-FF"], Stay.FOREGROUND_PID, True),
        (["-B", "-D"], Stay.BACKGROUND, False),
    ],
)
def test_where_it_stays(arguments: list[str], stay: Stay, is_in_foreground: bool) -> None:
    options = parse(["-a", "pdu", *arguments])
    assert (options.stay, options.is_in_foreground) == (stay, is_in_foreground)


def test_what_it_does_not_know_is_ignored_and_named() -> None:
    assert parse(["-a", "pdu", "-Z", "-i", "5", "-q"]).ignored == ["-Z", "-i", "-q"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "expected -a NAME"),
        (["-a"], "argument"),
        (["-a", "pdu", "-r", "/srv"], "chroot"),
        (["-a", "pdu", "start"], "'start'"),
        (["-a", "pdu", "-d", "1"], "upsc"),
    ],
)
def test_what_it_cannot_do_is_refused_with_a_reason(arguments: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(arguments)


def test_its_section_is_read_and_other_keys_do_no_harm(folder: Path) -> None:
    conf = read_ups_conf(folder / "ups.conf", "pdu")
    assert conf.common == {"user": "nut", "maxretry": "3"}
    assert conf.device["port"] == "/run/open pdu/openpdu-pdu"
    assert conf.device["desc"] == 'the "strip" # 1'
    assert conf.device["nolock"] == ""


def test_where_everything_is(folder: Path) -> None:
    environ = {"NUT_CONFPATH": str(folder), "NUT_STATEPATH": "/s"}
    plan = plan_of("openpdu", parse(["-a", "pdu"]), environ)
    assert plan.socket == Path("/s/openpdu-pdu")
    assert plan.pid_file == Path("/s/openpdu-pdu.pid")
    assert plan.agent_socket == Path("/run/open pdu/openpdu-pdu")
    assert plan.user == "nut"
    assert plan_of("x", parse(["-a", "pdu", "-u", "me"]), environ).user == "me"
    given = plan_of("x", parse(["-a", "pdu", "-x", "port=/y"]), environ)
    assert given.agent_socket == Path("/y")


def test_auto_is_the_agent_s_own_folder() -> None:
    plan = plan_of("openpdu", parse(["-s", "outlet2", "-x", "port=auto"]), {})
    assert plan.agent_socket == Path("/run/openpdu/nut/openpdu-outlet2")
    assert plan.socket == Path("/run/nut/openpdu-outlet2")


@pytest.mark.parametrize("port", ["", "ttyS0", "port", "/s/openpdu-pdu"])
def test_a_port_that_cannot_be_is_refused(port: str) -> None:
    options = Options(name="pdu", reads_conf=False, given={"port": port})
    with pytest.raises(ConfError, match=r"port: .*expected"):
        plan_of("openpdu", options, {"NUT_STATEPATH": "/s"})


@pytest.mark.parametrize("name", ["other", ""])
def test_a_device_without_a_section_is_named(folder: Path, name: str) -> None:
    with pytest.raises(ConfError, match=rf"no section \[{name}\]"):
        read_ups_conf(folder / "ups.conf", name)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfError, match=r"ups\.conf: No such file"):
        read_ups_conf(tmp_path / "ups.conf", "pdu")
    (tmp_path / "ups.conf").write_text('[pdu]\nport = "x\n', encoding="utf-8")
    with pytest.raises(ConfError, match=r"ups\.conf:2: a quote"):
        read_ups_conf(tmp_path / "ups.conf", "pdu")

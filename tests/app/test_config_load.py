# SPDX-License-Identifier: Apache-2.0
"""The file as a whole: contradictions, the environment, CSV, secrets, versions, folders."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.app.config import versions
from pdu_agent.app.config.directories import (
    default_runtime_dir,
    default_state_dir,
    prepare_directory,
)
from pdu_agent.app.config.load import ConfigErrors, check_file, load_settings
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.tree import MapNode
from pdu_agent.core.settings import RelayRef
from pdu_agent.model.commands import PowerUp
from pdu_agent.model.errors import ConfigError

FIXTURES = Path(__file__).parents[1] / "fixtures"

TWO_OUTLETS = """\
schema: 1
relays: [{name: main, driver: mcp23008, bus: sim}]
outlets:
  - {number: 1, relay: main.0}
  - {number: 3, relay: main.2, name: router}
"""

SECRETS = """\
schema: 1
users: [{name: admin, rights: write, auth_pass: "correct horse", priv_pass: "battery staple"}]
communities: [{name: old, community: "hunter2hunter2"}]
"""


def write(folder: Path, text: str, name: str = "openpdu.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> AgentSettings:
    return load_settings(write(folder, text), environ or {})


def complaints(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """Errors only, the path of the folder taken off."""
    problems = check_file(write(folder, text), environ or {})
    return [str(p).replace(f"{folder}/", "") for p in problems if not p.warning]


def plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return str(value)


def assert_holds(found: Any, expected: Any, path: str = "") -> None:
    """`found` says what `expected` says; settings that came later may stand beside it."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert_holds(found[key], value, f"{path}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), path
        for position, value in enumerate(expected):
            assert_holds(found[position], value, f"{path}[{position}]")
    else:
        assert found == expected, path


# the whole file


def test_version_1_is_read_with_equal_meaning() -> None:
    settings = load_settings(FIXTURES / "config-v1.yaml", {})
    expected = (FIXTURES / "config-v1.expected.json").read_text(encoding="utf-8")
    found = dataclasses.asdict(settings)
    del found["warnings"]
    assert_holds(json.loads(json.dumps(found, default=plain)), json.loads(expected))


def test_words_that_yaml_1_1_would_change_stay_what_they_are() -> None:
    settings = load_settings(FIXTURES / "config-v1.yaml", {})
    outlet = settings.outlets[0]
    assert (outlet.name, outlet.note, outlet.device) == ("on", "12:30", "switch 012")
    assert (outlet.power_up, settings.outlets[1].power_up) == (PowerUp.OFF, PowerUp.ON)
    assert settings.device.serial_number == "0042"
    assert outlet.relay == RelayRef("main", 3)


def test_contradictions_are_all_reported_each_at_its_place(tmp_path: Path) -> None:
    text = """\
schema: 1
relays:
  - {name: main, driver: mcp23008, bus: sim, relay_count: 4}
  - {name: main, driver: mcp23008, bus: sim, address: 0x21}
  - {name: aux, driver: mcp23008, bus: sim, address: 0x21}
inlets: [{number: 1}, {number: 1}]
meters:
  - name: a
    driver: ads130e08
    bus: sim:0
    used_channels: 3
    voltage: {channel: 1, divider: 200}
    currents:
      - {channel: 1, feeds: outlet 1}
      - {channel: 2, feeds: outlet 9}
      - {channel: 4, feeds: inlet 1}
  - name: a
    driver: ads130e08
    bus: sim:0
    voltage: {channel: 1, divider: 200}
    currents: [{channel: 2, feeds: inlet 1}]
  - {name: e, driver: ecm1240, port: /dev/ttyX, channels: {ch3: inlet 3, aux1: outlet 1}}
outlets:
  - {number: 1, relay: aux.0, off_delay_s: 99999}
  - {number: 1, relay: aux.8}
  - {number: 2, relay: aus.0, inlet: 2}
  - {number: 3, relay: aux.0}
"""
    assert complaints(tmp_path, text) == [
        "openpdu.yaml:4:12: relays[1].name: 'main' is given to two entries;"
        " the first is at openpdu.yaml:3:12",
        "openpdu.yaml:5:54: relays[2].address: two devices are at 0x21 on sim;"
        " the first is at openpdu.yaml:4:55",
        "openpdu.yaml:6:32: inlets[1].number: 1 is given to two entries;"
        " the first is at openpdu.yaml:6:19",
        "openpdu.yaml:14:19: meters[0].currents[0].channel: channel 1 is used twice;"
        " the first is at openpdu.yaml:12:24",
        "openpdu.yaml:15:29: meters[0].currents[1].feeds: there is no outlet 9",
        "openpdu.yaml:16:19: meters[0].currents[2].channel: 4 exceeds used_channels, 3",
        "openpdu.yaml:17:11: meters[1].name: 'a' is given to two entries;"
        " the first is at openpdu.yaml:8:11",
        "openpdu.yaml:19:10: meters[1].bus: two devices are at sim:0;"
        " the first is at openpdu.yaml:10:10",
        "openpdu.yaml:21:36: meters[1].currents[0].feeds: inlet 1 is metered twice;"
        " the first is at openpdu.yaml:16:29",
        "openpdu.yaml:22:65: meters[2].channels.ch3: there is no inlet 3",
        "openpdu.yaml:22:65: meters[2].channels.ch3: ecm1240 has no channel 'ch3'"
        " (did you mean ch2?)",
        "openpdu.yaml:22:80: meters[2].channels.aux1: outlet 1 is metered twice;"
        " the first is at openpdu.yaml:14:29",
        "openpdu.yaml:24:44: outlets[0].off_delay_s: 99999 exceeds 7200;"
        " expected a whole number from 0 to 7200: wait of a delayed off or reboot",
        "openpdu.yaml:25:14: outlets[1].number: 1 is given to two entries;"
        " the first is at openpdu.yaml:24:14",
        "openpdu.yaml:25:24: outlets[1].relay: board 'aux' has relays 0 to 7, not 8",
        "openpdu.yaml:26:24: outlets[2].relay: no board in `relays` is called 'aus'"
        " (did you mean aux?)",
        "openpdu.yaml:26:38: outlets[2].inlet: there is no inlet 2",
        "openpdu.yaml:27:24: outlets[3].relay: relay aux.0 switches two outlets;"
        " the first is at openpdu.yaml:24:24",
    ]


def test_an_entry_with_an_error_of_its_own_causes_no_others(tmp_path: Path) -> None:
    text = """\
schema: 1
relays: [{name: main, driver: mcp23008, bus: sim, address: 99}]
inlets: [{number: 1}, {number: 2, rated_current_a: -1}]
outlets: [{number: 1, relay: main.0, inlet: 2}]
"""
    assert len(complaints(tmp_path, text)) == 2


def test_the_address_of_lcd_backpacks_is_a_warning_only(tmp_path: Path) -> None:
    text = "schema: 1\nrelays: [{name: main, driver: mcp23008, bus: sim, address: 0x27}]\n"
    assert any("LCD backpacks" in line for line in load(tmp_path, text).warnings)


def test_a_device_file_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    text = "schema: 1\nrelays: [{name: main, driver: mcp23008, bus: /dev/i2c-77}]\n"
    assert load(tmp_path, text).relays[0].bus == "/dev/i2c-77"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("relays: [{name: a, driver: mcp23008, bus: i2c}]", "relays[0].bus: 'i2c' is no bus"),
        (
            "meters: [{name: a, driver: ads130e08, bus: sim, voltage: {channel: 1, divider: 200}}]",
            "meters[0]: bus: 'sim' is no bus; expected /dev/spidevB.C, or sim:0",
        ),
        ("relays: [{name: a, driver: mcp2308}]", "did you mean 'mcp23008'?"),
        ("snmp: {listen: [nowhere]}", "openpdu.yaml:2:17: snmp.listen[0]: "),
        ("snmp: {base_oid: 1.x}", "openpdu.yaml:2:18: snmp.base_oid: "),
        ("http: {listen: 8080}", "openpdu.yaml:2:16: http.listen: "),
        ("snmp: {users: []}", "snmp.users: belongs in the file that snmp.credentials names"),
        ("outlest: []", "unknown key 'outlest' (did you mean outlets?)"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, part: str) -> None:
    found = complaints(tmp_path, f"schema: 1\n{text}\n")
    assert any(part in line for line in found), found


def test_a_file_that_is_not_there_is_a_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(ConfigErrors) as caught:
        load_settings(path, {})
    assert caught.value.problems == [f"{path}: cannot be read: No such file or directory"]
    assert isinstance(caught.value, ConfigError)


# versions


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("log: {}", "openpdu.yaml:1:1: schema is missing; write `schema: 1` at the top"),
        ("schema: 2", "openpdu.yaml:1:9: schema: 2 is newer than 1"),
        ("schema: 0", "schema: expected a whole number from 1 to 1"),
        ("schema: one", "schema: expected a whole number"),
        ("- schema", "expected settings"),
    ],
)
def test_a_version_that_cannot_be_read_is_told(tmp_path: Path, text: str, part: str) -> None:
    found = complaints(tmp_path, text)
    assert len(found) == 1
    assert part in found[0]


def test_an_older_file_goes_through_every_upgrade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renamed(old: str, new: str, root: MapNode) -> MapNode:
        entries = {new if key == old else key: entry for key, entry in root.entries.items()}
        return MapNode(root.place, entries)

    monkeypatch.setattr(
        versions,
        "UPGRADES",
        (
            lambda root: renamed("sockets", "plugs", root),
            lambda root: renamed("plugs", "outlets", root),
        ),
    )
    assert load(tmp_path, "schema: 1\nsockets: [{number: 5}]").outlets[0].number == 5
    assert load(tmp_path, "schema: 2\nplugs: [{number: 6}]").outlets[0].number == 6
    assert load(tmp_path, "schema: 3\noutlets: [{number: 7}]").outlets[0].number == 7
    assert "newer than 3" in complaints(tmp_path, "schema: 4\n")[0]


# environment


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("OPENPDU_SNMP_BASE_OID", "1.3.6.1.4.1.4", lambda s: s.snmp.base_oid == "1.3.6.1.4.1.4"),
        ("OPENPDU_SNMP_LISTEN", "[::1]:161, 127.0.0.1:161", lambda s: len(s.snmp.listen) == 2),
        ("OPENPDU_DEVICE_NAME", "012", lambda s: s.device.name == "012"),
        ("OPENPDU_LOG_LEVEL", "debug", lambda s: s.log.level == "debug"),
        ("OPENPDU_HTTP_LISTEN", "", lambda s: s.http.listen == ""),
        ("OPENPDU_OUTLETS_3_NAME", "switch", lambda s: s.outlets[1].name == "switch"),
        ("OPENPDU_OUTLETS_1_POWER_UP", "on", lambda s: s.outlets[0].power_up is PowerUp.ON),
        ("OPENPDU_OUTLETS_1_RELAY", "main.7", lambda s: s.outlets[0].relay.relay == 7),
        ("OPENPDU_RELAYS_MAIN_ADDRESS", "0x22", lambda s: s.relays[0].options.address == 0x22),
        ("OPENPDU_STATE_DIR", "/srv/x", lambda s: s.state_dir == Path("/srv/x")),
        ("OPENPDU_SIMULATOR_SPEED", "12", lambda s: s.simulator.speed == 12.0),
    ],
)
def test_a_variable_wins_over_the_file(tmp_path: Path, name: str, value: str, found: Any) -> None:
    assert found(load(tmp_path, TWO_OUTLETS, {name: value}))


def test_variables_of_meters_go_by_name_and_channel() -> None:
    environ = {
        "OPENPDU_METERS_ADC_VOLTAGE_GAIN": "1.5",
        "OPENPDU_METERS_ADC_CURRENTS_3_GAIN": "0.5",
        "OPENPDU_METERS_ADC_GAIN": "2",
        "OPENPDU_METERS_HOUSE_CHANNELS_CH1": "outlet 64",
        "OPENPDU_METERS_HOUSE_PORT": "/dev/ttyUSB9",
    }
    adc, house = load_settings(FIXTURES / "config-v1.yaml", environ).meters
    assert adc.wiring.voltage.gain == 1.5  # type: ignore[union-attr]
    assert [current.gain for current in adc.wiring.currents] == [-1.01, 0.5]  # type: ignore[union-attr]
    assert adc.options.gain.value == 2
    assert house.options.port == "/dev/ttyUSB9"
    assert str(house.targets[0]) == "outlet 64"


def test_a_wrong_value_names_the_variable_as_its_place(tmp_path: Path) -> None:
    assert complaints(tmp_path, TWO_OUTLETS, {"OPENPDU_OUTLETS_3_REBOOT_S": "0"}) == [
        "OPENPDU_OUTLETS_3_REBOOT_S: outlets[1].reboot_s: 0 is below 1;"
        " expected a whole number from 1 to 600: off time of a reboot"
    ]


def test_a_misspelt_variable_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    environ = {
        "OPENPDU_LOG_LEVLE": "debug",
        "OPENPDU_OUTLETS_9_NAME": "x",
        "OPENPDU_SOCKET": "/x",
        "OPENPDU_CONFIG": "/y",
        "HOME": "/",
    }
    assert complaints(tmp_path, TWO_OUTLETS, environ) == [
        "OPENPDU_LOG_LEVLE: no setting has this variable (did you mean OPENPDU_LOG_LEVEL?)",
        "OPENPDU_OUTLETS_9_NAME: no setting has this variable"
        " (did you mean OPENPDU_OUTLETS_3_NAME?)",
    ]


# CSV


def test_outlets_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    write(
        tmp_path,
        '\ufeffnumber,name,relay,note,power_up\r\n1, on ,main.0,"a, ""b""",off\r\n\r\n12,,,,\r\n',
        "o.csv",
    )
    text = "schema: 1\nrelays: [{name: main, driver: mcp23008, bus: sim}]\noutlets_csv: o.csv\n"
    first, second = load(tmp_path, text, {"OPENPDU_OUTLETS_12_NAME": "spare"}).outlets
    assert (first.number, first.name, first.note) == (1, "on", 'a, "b"')
    assert (first.relay, first.power_up) == (RelayRef("main", 0), PowerUp.OFF)
    assert (second.number, second.name, second.relay) == (12, "spare", None)


def test_complaints_about_a_spreadsheet_name_its_cells(tmp_path: Path) -> None:
    write(tmp_path, 'number,nmae,note,note\n1,x,"ab",c\n99,y\n1,"z\n2,a,b,c,d\n', "o.csv")
    assert complaints(tmp_path, "schema: 1\noutlets_csv: o.csv\n") == [
        "o.csv:1:8: unknown column 'nmae' (did you mean name?)",
        "o.csv:1:18: column 'note' is there twice",
        "o.csv:3:1: outlets[1].number: 99 exceeds 64; expected a whole number from 1 to 64",
        "o.csv:4:1: outlets[2].number: 1 is given to two entries; the first is at o.csv:2:1",
        'o.csv:4:3: a quote that is not closed or not doubled; write "" for one',
        "o.csv:5:9: 5 cells; the first line names 4 columns",
    ]


def test_a_spreadsheet_beside_outlets_is_refused(tmp_path: Path) -> None:
    found = complaints(tmp_path, TWO_OUTLETS + "outlets_csv: o.csv\n")
    assert found == ["openpdu.yaml:6:14: outlets_csv: give either this or `outlets`, not both"]


def test_a_spreadsheet_that_is_not_there_is_named_where_the_file_names_it(tmp_path: Path) -> None:
    found = complaints(tmp_path, "schema: 1\noutlets_csv: none.csv\n")
    assert found[0].startswith("openpdu.yaml:2:14: cannot be read")


# secrets


def with_secrets(folder: Path, text: str = SECRETS, mode: int = 0o600) -> Path:
    path = write(folder, text, "s.yaml")
    path.chmod(mode)
    return write(folder, "schema: 1\nsnmp: {credentials: s.yaml}\n")


def test_credentials_come_from_the_file_beside_the_configuration(tmp_path: Path) -> None:
    settings = load_settings(with_secrets(tmp_path), {})
    (user,), (community,) = settings.snmp.users, settings.snmp.communities
    assert (user.name, user.rights, user.auth_pass) == ("admin", Rights.WRITE, "correct horse")
    assert (community.name, community.rights) == ("old", Rights.READ)
    assert set(settings.secrets) == {"correct horse", "battery staple", "hunter2hunter2"}
    assert not settings.warnings


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_secrets_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    (problem,) = check_file(with_secrets(tmp_path, mode=mode), {})
    secret_file = tmp_path / "s.yaml"
    assert str(problem) == (
        f"{secret_file}: others may read it (mode {mode:04o}); chmod 600 {secret_file}"
    )


def test_a_credential_from_systemd_may_show_its_access_list_as_group_bits(tmp_path: Path) -> None:
    path = with_secrets(tmp_path, mode=0o440)
    assert load_settings(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}).snmp.users
    (tmp_path / "s.yaml").chmod(0o444)
    with pytest.raises(ConfigErrors):
        load_settings(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_secrets_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = with_secrets(tmp_path)
    os.chown(tmp_path / "s.yaml", 12345, -1)
    (problem,) = check_file(path, {})
    assert "belongs to uid 12345" in str(problem)


def test_a_secrets_file_that_is_a_fifo_does_not_stop_the_start(tmp_path: Path) -> None:
    path = with_secrets(tmp_path)
    (tmp_path / "s.yaml").unlink()
    os.mkfifo(tmp_path / "s.yaml", 0o600)
    (problem,) = check_file(path, {})
    assert "expected a regular file" in str(problem)


def test_a_missing_secrets_file_says_what_makes_one(tmp_path: Path) -> None:
    path = with_secrets(tmp_path)
    (tmp_path / "s.yaml").unlink()
    (problem,) = check_file(path, {})
    assert "No such file or directory; `openpdu init` makes one" in str(problem)


@pytest.mark.parametrize(
    "text",
    [
        SECRETS.replace("users: [", "usres: ["),
        SECRETS.replace("auth_pass", "hunter2"),
        SECRETS.replace('"correct horse"', "hunter2"),
        SECRETS.replace("rights: write", "rights: hunter2"),
        SECRETS.replace('"correct horse"', "*hunter2"),
        SECRETS.replace("schema: 1", "schema: hunter2"),
        SECRETS.replace('{name: old, community: "hunter2hunter2"}', "hunter2"),
        SECRETS.replace(
            "]\ncomm", ", {name: admin, auth_pass: hunter2x, priv_pass: hunter2x}]\ncomm"
        ),
        "hunter2",
    ],
)
def test_complaints_about_secrets_never_repeat_them(tmp_path: Path, text: str) -> None:
    problems = check_file(with_secrets(tmp_path, text), {})
    assert [problem for problem in problems if not problem.warning]
    shown = "\n".join(map(str, problems)) + repr(problems)
    for secret in ("hunter2", "correct horse", "battery staple"):
        assert secret not in shown


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    shown = repr(load_settings(with_secrets(tmp_path), {}))
    for secret in ("hunter2", "correct horse", "battery staple"):
        assert secret not in shown


def test_without_credentials_nobody_is_served_and_it_says_so(tmp_path: Path) -> None:
    settings = load(tmp_path, "schema: 1\n")
    assert settings.snmp.users == settings.snmp.communities == ()
    assert "run `openpdu init`" in settings.warnings[0]


# folders


@pytest.mark.parametrize(
    ("environ", "uid", "state", "runtime"),
    [
        ({}, 0, "/var/lib/openpdu", "/run/openpdu"),
        ({"HOME": "/home/a"}, 7, "/home/a/.local/state/openpdu", "/tmp/openpdu-7"),
        ({"XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r"}, 7, "/s/openpdu", "/r/openpdu"),
        ({"STATE_DIRECTORY": "/a:/b", "RUNTIME_DIRECTORY": "/c"}, 7, "/a", "/c"),
        ({"XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r"}, 0, "/var/lib/openpdu", "/run/openpdu"),
    ],
)
def test_the_usual_places_follow_systemd_then_the_user(
    environ: dict[str, str], uid: int, state: str, runtime: str
) -> None:
    assert default_state_dir(environ, uid) == Path(state)
    assert default_runtime_dir(environ, uid) == Path(runtime)


def test_the_socket_lies_in_the_runtime_folder(tmp_path: Path) -> None:
    settings = load(tmp_path, f"schema: 1\nruntime_dir: {tmp_path}\n")
    assert settings.http.socket == str(tmp_path / "api.sock")


def test_a_missing_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    prepare_directory(path)
    assert path.stat().st_mode & 0o777 == 0o700
    prepare_directory(path)


def test_a_folder_that_others_may_change_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d"
    path.mkdir()
    path.chmod(0o770)
    with pytest.raises(ConfigError, match=r"others may write there; chmod 700"):
        prepare_directory(path)
    link = tmp_path / "link"
    path.chmod(0o700)
    link.symlink_to(path)
    with pytest.raises(ConfigError, match="not a link"):
        prepare_directory(link)
    file = write(tmp_path, "", "file")
    with pytest.raises(ConfigError, match="cannot be made or used"):
        prepare_directory(file / "below")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, -1)
    with pytest.raises(ConfigError, match="belongs to uid 12345"):
        prepare_directory(tmp_path)

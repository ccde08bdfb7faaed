# SPDX-License-Identifier: Apache-2.0
"""The shipped file: it runs as it is, is its own reference, and fits the simulator."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.app import demo
from pdu_agent.app.config.hooks import CommandHook, FsdHook, HookEntry, HttpHook
from pdu_agent.app.config.init import shipped_text, write_initial
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.app.config.panel import ButtonSettings, DisplayEntry, IoEntry, LedSettings
from pdu_agent.app.config.schema import (
    ConfigFile,
    FanEntry,
    LogSettings,
    MeterSettings,
    RelayBoardSettings,
    SensorEntry,
    SimulatorSettings,
    SnmpSection,
)
from pdu_agent.app.config.shape import Member, members
from pdu_agent.app.config.wiring import (
    CurrentChannel,
    ResidualWiring,
    SampledWiring,
    VoltageChannel,
)
from pdu_agent.core.costs.settings import PriceSettings
from pdu_agent.core.outage.settings import LowSettings, OutageSettings, ReturnSettings, ShedStep
from pdu_agent.core.protection.settings import CapSettings
from pdu_agent.core.rules.settings import (
    ActionSettings,
    HostSettings,
    MissingSettings,
    RuleSettings,
    TriggerSettings,
)
from pdu_agent.core.settings import (
    BranchSettings,
    DeviceSettings,
    GroupSettings,
    InletSettings,
    OutletSettings,
    ThresholdSettings,
)
from pdu_agent.core.shutdown.settings import GracefulSettings
from pdu_agent.hw import ads1x15, registry
from pdu_agent.model.errors import ConfigError
from pdu_agent.nut.settings import NutSettings, UpsSettings
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol
from pdu_agent.snmp.passthrough_settings import AgentxSettings, PassPersistSettings
from pdu_agent.snmp.settings import SnmpSettings, TargetSettings, ViewSettings
from pdu_agent.store.backup.settings import BackupSettings
from pdu_agent.web.settings import HttpSettings

SHIPPED = Path(__file__).parents[2] / "etc" / "openpdu.yaml"

SECTIONS = (
    ConfigFile,
    LogSettings,
    DeviceSettings,
    SnmpSection,
    SnmpSettings,
    ViewSettings,
    TargetSettings,
    AgentxSettings,
    PassPersistSettings,
    HttpSettings,
    SimulatorSettings,
    RelayBoardSettings,
    MeterSettings,
    SampledWiring,
    VoltageChannel,
    CurrentChannel,
    ResidualWiring,
    InletSettings,
    BranchSettings,
    OutletSettings,
    GracefulSettings,
    HookEntry,
    CommandHook,
    HttpHook,
    FsdHook,
    SensorEntry,
    FanEntry,
    GroupSettings,
    ThresholdSettings,
    HostSettings,
    NutSettings,
    UpsSettings,
    OutageSettings,
    ShedStep,
    LowSettings,
    ReturnSettings,
    RuleSettings,
    TriggerSettings,
    ActionSettings,
    MissingSettings,
    CapSettings,
    PriceSettings,
    BackupSettings,
    *(registry.settings_class("sensors", name) for name in registry.known("sensors")),
    *(registry.settings_class("fans", name) for name in registry.known("fans")),
    *(registry.settings_class("relays", name) for name in registry.known("relays")),
    *(registry.settings_class("meters", name) for name in registry.known("meters")),
    ads1x15.CurrentInput,
    ads1x15.VoltageInput,
    IoEntry,
    ButtonSettings,
    LedSettings,
    DisplayEntry,
    *(registry.settings_class("io", name) for name in registry.known("io")),
    *(registry.settings_class("displays", name) for name in registry.known("displays")),
)
NOT_SET_HERE = {
    "SnmpSettings.communities",  # in the secrets file
    "SnmpSettings.users",
}


def test_it_has_nothing_to_complain_about_but_missing_credentials() -> None:
    (problem,) = check_file(SHIPPED, {})
    assert problem.warning
    assert "openpdu init" in problem.text


def test_there_is_one_copy_of_it() -> None:
    assert shipped_text() == SHIPPED.read_text(encoding="utf-8")


def test_it_is_a_simulated_unit_of_eight_switched_and_metered_outlets() -> None:
    settings = load_settings(SHIPPED, {})
    assert [outlet.number for outlet in settings.outlets] == list(range(1, 9))
    assert all(outlet.relay is not None for outlet in settings.outlets)
    targets = {str(target) for meter in settings.meters for target in meter.targets}
    assert targets == {"inlet 1", *(f"outlet {number}" for number in range(1, 9))}


def test_its_wiring_is_that_of_the_demo() -> None:
    settings = load_settings(SHIPPED, {})
    assert [meter.wiring.bus for meter in settings.meters] == ["sim:0", "sim:1"]
    measured = demo.currents_of(len(settings.outlets))
    for meter, targets in zip(settings.meters, measured, strict=True):
        wiring = meter.wiring
        assert isinstance(wiring, SampledWiring)
        assert (wiring.voltage.channel, wiring.voltage.divider) == (1, demo.VOLTAGE_DIVIDER)
        assert meter.options.used_channels == 1 + len(targets)
        assert [current.channel for current in wiring.currents] == list(range(2, 2 + len(targets)))
        assert [current.feeds for current in wiring.currents] == targets
        for current in wiring.currents:
            assert (current.ct_ratio, current.burden_ohm) == (1000.0, 50.0)
    (relay_board,) = settings.relays
    assert relay_board.options.address == demo.FIRST_ADDRESS
    assert relay_board.options.relay_count == demo.RELAYS_PER_CHIP


def documented() -> Iterator[tuple[type, Member]]:
    for cls in SECTIONS:
        for member in members(cls):
            if member.inline is None and f"{cls.__name__}.{member.name}" not in NOT_SET_HERE:
                yield cls, member


@pytest.mark.parametrize(
    ("cls", "member"), [pytest.param(c, m, id=f"{c.__name__}.{m.name}") for c, m in documented()]
)
def test_every_setting_stands_in_it_with_its_range(cls: type, member: Member) -> None:
    """A line of the file has the name, and where there are bounds the same line has them."""
    lines = [
        line
        for line in SHIPPED.read_text(encoding="utf-8").splitlines()
        if re.match(rf"[#\s-]*{member.name}(:|\s+#|$)", line)
    ]
    assert lines, f"{cls.__name__}.{member.name} is not explained"
    minimum, maximum = member.limits.get("minimum"), member.limits.get("maximum")
    if minimum is not None and maximum is not None:
        spelled = {
            f"{_number(minimum)} to {_number(maximum)}",
            f"0x{int(minimum):x} to 0x{int(maximum):x}",
        }
        assert any(text in line for line in lines for text in spelled), (lines, spelled)
    for word in member.limits.get("choices") or ():
        assert any(word in line for line in lines), (lines, word)


@pytest.mark.parametrize(
    ("cls", "member"), [pytest.param(c, m, id=f"{c.__name__}.{m.name}") for c, m in documented()]
)
def test_the_values_it_shows_are_the_defaults(cls: type, member: Member) -> None:
    """Where a value is written beside an optional setting, one such line has the default."""
    by_name = {item.name: item for item in fields(cls)}
    default = by_name[member.name].default
    lines = re.findall(
        rf"^[#\s-]*{member.name}: ([^\s#{{]+)", SHIPPED.read_text(encoding="utf-8"), re.MULTILINE
    )
    shown = {line.strip('"') for line in lines}
    if member.required or not shown or not isinstance(default, (int, float, str)):
        return
    spelled = {str(default), str(default).lower()}
    if isinstance(default, float):
        spelled.add(_number(default))
    elif isinstance(default, int):
        spelled.add(f"0x{default:x}")
    assert shown & spelled


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def test_it_holds_no_secret_and_no_well_known_community() -> None:
    text = SHIPPED.read_text(encoding="utf-8").lower()
    for word in ("public", "private", "password", "passphrase", "_pass:"):
        assert word not in text


# openpdu init


def test_init_writes_a_configuration_that_loads_with_one_random_admin(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    result = write_initial(folder)
    settings = load_settings(result.config, {})
    (user,) = settings.snmp.users
    assert (user.name, user.rights) == ("admin", Rights.WRITE)
    assert (user.auth, user.priv) == (AuthProtocol.SHA256, PrivProtocol.AES128)
    assert min(len(user.auth_pass), len(user.priv_pass)) >= 24
    assert user.auth_pass != user.priv_pass
    assert (user.auth_pass + user.priv_pass).isalnum()  # a shell takes them as they are
    assert not settings.snmp.communities
    assert not settings.warnings
    assert user.auth_pass in result.text
    assert user.priv_pass in result.text


def test_init_keeps_secrets_out_of_the_configuration_and_away_from_others(tmp_path: Path) -> None:
    result = write_initial(tmp_path)
    assert stat.S_IMODE(result.secrets.stat().st_mode) == 0o600
    (user,) = load_settings(result.config, {}).snmp.users
    assert user.auth_pass not in result.config.read_text(encoding="utf-8")
    assert user.auth_pass not in repr(load_settings(result.config, {}))


def test_init_makes_other_secrets_each_time(tmp_path: Path) -> None:
    first, second = write_initial(tmp_path / "a"), write_initial(tmp_path / "b")
    assert first.secrets.read_bytes() != second.secrets.read_bytes()


@pytest.mark.parametrize("name", ["openpdu.yaml", "secrets.yaml"])
def test_init_overwrites_nothing_and_leaves_nothing_half_done(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="is there already; it was not changed"):
        write_initial(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_init_says_where_it_may_not_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be made"):
        write_initial(tmp_path / "file")


def test_reading_it_does_not_load_drivers_that_it_does_not_name(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("schema: 1\n", encoding="utf-8")
    code = (
        "import sys; from pathlib import Path;"
        "from pdu_agent.app.config.load import load_settings;"
        f"load_settings(Path({str(path)!r}), {{}});"
        "print(sorted(name for name in sys.modules if name.startswith('pdu_agent.hw.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pdu_agent.hw.registry']"

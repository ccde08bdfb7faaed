# SPDX-License-Identifier: Apache-2.0
"""`openpdu demo`: the whole agent on a simulated power strip, for this machine only."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pdu_agent.access.accounts.role import Role
from pdu_agent.access.grant import Rights
from pdu_agent.app.accounts import Person
from pdu_agent.app.agent import Occasion, run_agent
from pdu_agent.app.config.hooks import CommandHook, HookEntry
from pdu_agent.app.config.schema import (
    AgentSettings,
    LogSettings,
    MeterSettings,
    RelayBoardSettings,
    SensorEntry,
    SimulatorSettings,
)
from pdu_agent.app.config.wiring import CurrentChannel, SampledWiring, VoltageChannel
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.paths import SOCKET_NAME, announced_demo_socket, memory_folder, temporary_folder
from pdu_agent.core.outage.settings import LowSettings, OutageSettings, ReturnSettings, ShedStep
from pdu_agent.core.settings import DeviceSettings, InletSettings, OutletSettings, RelayRef
from pdu_agent.core.shutdown.settings import GracefulSettings
from pdu_agent.hw.ads130e08 import Ads130e08Settings
from pdu_agent.hw.hwmon import HwmonSettings
from pdu_agent.hw.mcp23008 import Mcp23008Settings
from pdu_agent.hw.sim.loads import default_loads
from pdu_agent.hw.sim.machines import FOLDER
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.nut.settings import SIMULATED, NutSettings, UpsSettings
from pdu_agent.snmp.credentials import AuthProtocol, Community, PrivProtocol, User
from pdu_agent.snmp.settings import SnmpSettings
from pdu_agent.web.settings import HttpSettings

# These exist in demo mode only, which listens on this machine only.
COMMUNITIES = (
    Community("reader", "public", rights=Rights.READ),
    Community("writer", "private", rights=Rights.WRITE),
)
USERS = (
    User(
        "viewer",
        AuthProtocol.SHA256,
        "viewer-auth-pass",
        PrivProtocol.NONE,
    ),
    User(
        "switcher",
        AuthProtocol.SHA256,
        "switcher-auth-pass",
        PrivProtocol.NONE,
        rights=Rights.WRITE,
    ),
    User(
        "operator",
        AuthProtocol.SHA256,
        "operator-auth-pass",
        PrivProtocol.AES128,
        "operator-priv-pass",
        rights=Rights.WRITE,
    ),
    User(
        "compat",
        AuthProtocol.SHA,
        "compat-auth-pass",
        PrivProtocol.AES128,
        "compat-priv-pass",
        rights=Rights.WRITE,
    ),
    User(
        "tenant",
        AuthProtocol.SHA256,
        "tenant-auth-pass",
        PrivProtocol.AES128,
        "tenant-priv-pass",
        rights=Rights.READ,
        outlets={"1-2": Rights.SWITCH, "others": Rights.NONE},
    ),
)
PEOPLE = tuple(
    Person(user.name, role, user.auth_pass)
    for user, role in zip(USERS, (Role.VIEWER, Role.OPERATOR, Role.ADMIN), strict=False)
)
"""Who logs in on the page: viewer, switcher and operator, as over SNMP."""
RELAYS_PER_CHIP = 8
FIRST_ADDRESS = 0x20
CURRENTS_PER_CONVERTER = 7
SHUT_DOWN = "shut-down"
GRACEFUL = GracefulSettings(idle_below_w=5.0, idle_for_s=5.0, time_limit_s=120.0)
VOLTAGE_DIVIDER = 200.0  # 330 V peak gives 1.65 V; the comparators trip above 2.25 V
LOOPBACK = ("127.0.0.0/8", "::1")


def run_demo(options: DemoOptions) -> None:
    """Run until Ctrl-C. Raises OpenPduError when the agent cannot start."""
    memory = memory_folder(os.environ)
    with (
        _folder(options.state_dir, temporary_folder(os.environ)) as state_dir,
        _folder(options.runtime_dir, memory) as runtime_dir,
    ):
        settings = demo_settings(options, state_dir, runtime_dir)
        socket = Path(settings.http.socket)
        with announced_demo_socket(socket, os.environ, os.getuid()):
            occasion = Occasion(
                first_board_on=True, on_ready=lambda: _greet(options), people=PEOPLE
            )
            try:
                run_agent(settings, occasion)
            finally:
                if options.ready_file is not None:
                    options.ready_file.unlink(missing_ok=True)


def demo_settings(options: DemoOptions, state_dir: Path, runtime_dir: Path) -> AgentSettings:
    """The agent that the demo runs: one inlet, `options.outlets` outlets, all of it simulated."""
    settings = _plain_settings(options, state_dir, runtime_dir)
    if not options.furnished:
        return settings
    # Loaded here: a plain demo has none of it.
    from pdu_agent.app.demo_furnished import furnished

    return furnished(settings)


def _plain_settings(options: DemoOptions, state_dir: Path, runtime_dir: Path) -> AgentSettings:
    outlets, script = options.outlets, options.played
    loads = default_loads(outlets, options.seed)
    machines, upses = _machines(script), _upses(script)
    return AgentSettings(
        state_dir=state_dir,
        runtime_dir=runtime_dir,
        log=LogSettings(),
        device=DeviceSettings(name="openpdu-demo", model=f"OpenPDU demo, {outlets} outlets"),
        snmp=SnmpSettings(
            listen=(options.snmp,),
            identity=options.identity,
            unlimited_networks=LOOPBACK,
            communities=COMMUNITIES,
            users=USERS,
        ),
        http=HttpSettings(listen=options.http, socket=str(runtime_dir / SOCKET_NAME)),
        nut=_nut(options.nut),
        simulator=SimulatorSettings(
            seed=options.seed,
            speed=options.speed,
            relay_log=str(options.relay_log) if options.relay_log is not None else "",
            script=script,
        ),
        relays=tuple(
            _board(number, min(RELAYS_PER_CHIP, outlets - RELAYS_PER_CHIP * number))
            for number in range(-(-outlets // RELAYS_PER_CHIP))
        ),
        meters=tuple(
            _converter(number, currents) for number, currents in enumerate(currents_of(outlets))
        ),
        inlets=(InletSettings(1),),
        upses=tuple(UpsSettings(name, SIMULATED, inlets=(1,), poll_s=1.0) for name in upses),
        outage=_outage(outlets, machines) if upses else OutageSettings(),
        hooks=(_shut_down(runtime_dir),) if machines else (),
        outlets=tuple(
            OutletSettings(
                number,
                device=loads[number].name,
                receptacle="C13",
                relay=RelayRef(*_relay_of(number)),
                before_off=SHUT_DOWN if number in machines else "",
                graceful=GRACEFUL if number in machines else None,
            )
            for number in range(1, outlets + 1)
        ),
        sensors=(
            SensorEntry(number=1, name="Board", driver="hwmon", options=HwmonSettings("sim")),
        ),
    )


def _nut(folder: Path | None) -> NutSettings:
    """Root serves the upsd of the system, which is of the group nut; anybody else their own one."""
    if folder is None:
        return NutSettings()
    group = NutSettings().group if os.geteuid() == 0 else ""
    return NutSettings(str(folder.absolute()), group=group, rights=Rights.WRITE)


def _shut_down(runtime_dir: Path) -> HookEntry:
    """Tells the machine of the outlet, as ssh would tell a real one."""
    folder = runtime_dir / f"sim-{FOLDER}"
    tell = ': > "$0/$OPENPDU_OUTLET"'
    command = CommandHook(("/bin/sh", "-c", tell, str(folder.absolute())))
    return HookEntry(name=SHUT_DOWN, kind="command", time_limit_s=10.0, options=command)


def _outage(outlets: int, machines: frozenset[int]) -> OutageSettings:
    """What cannot be told to shut down goes first; mains has to stay for a little."""
    lamps = tuple(number for number in range(1, outlets + 1) if number not in machines)
    return OutageSettings(
        enabled=True,
        shed=(ShedStep(after_s=20.0, outlets=lamps),),
        low=LowSettings(stage_s=10.0),
        back=ReturnSettings(after_s=15.0, gap_s=2.0),
    )


def _upses(script: str) -> tuple[str, ...]:
    if not script:
        return ()
    # Loaded here so that a demo without a script does not carry a YAML parser.
    from pdu_agent.app.script_file import upses_in

    return upses_in(script)


def _machines(script: str) -> frozenset[int]:
    if not script:
        return frozenset()
    # Loaded here so that a demo without a script does not carry a YAML parser.
    from pdu_agent.app.script_file import machines_in

    return machines_in(script)


def _relay_of(outlet: int) -> tuple[str, int]:
    board, relay = divmod(outlet - 1, RELAYS_PER_CHIP)
    return f"board{board + 1}", relay


def _board(number: int, relays: int) -> RelayBoardSettings:
    options = Mcp23008Settings(address=FIRST_ADDRESS + number, relay_count=relays)
    return RelayBoardSettings(
        name=f"board{number + 1}", driver="mcp23008", bus="sim", options=options
    )


def currents_of(outlets: int) -> list[list[Target]]:
    """What each converter measures: the inlet first, then the outlets, seven to a converter.

    Each converter has the mains voltage too, so that power never spans two oscillators.
    """
    targets = [
        Target(TargetKind.INLET, 1),
        *(Target(TargetKind.OUTLET, number) for number in range(1, outlets + 1)),
    ]
    return [
        targets[first : first + CURRENTS_PER_CONVERTER]
        for first in range(0, len(targets), CURRENTS_PER_CONVERTER)
    ]


def _converter(number: int, currents: list[Target]) -> MeterSettings:
    wiring = SampledWiring(
        bus=f"sim:{number}",
        voltage=VoltageChannel(channel=1, divider=VOLTAGE_DIVIDER),
        currents=tuple(
            CurrentChannel(channel=channel, feeds=target)
            for channel, target in enumerate(currents, start=2)
        ),
    )
    options = Ads130e08Settings(used_channels=1 + len(currents))
    return MeterSettings(
        name=f"converter{number + 1}", driver="ads130e08", wiring=wiring, options=options
    )


@contextmanager
def _folder(given: Path | None, place: Path) -> Iterator[Path]:
    """The given folder, or a temporary one in `place` that goes with the demo."""
    if given is not None:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="openpdu-demo-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _greet(options: DemoOptions) -> None:
    mibs = "-M mibs/base:mibs -m OPENPDU-MIB"
    print(
        f"OpenPDU demo: {options.outlets} simulated outlets; nothing here switches real mains.\n"
        "Four things to try in another terminal, from this folder:\n"
        "  ./openpdu status\n"
        f"  snmpwalk {mibs} -v2c -c public {options.snmp} opduOutletState\n"
        f"  snmpset {mibs} -v2c -c private {options.snmp} opduOutletCommand.3 i off\n"
        f"  http://{options.http} in a browser: user operator, password operator-auth-pass\n"
        "Ctrl-C stops it.",
        flush=True,
    )
    if options.ready_file is not None:
        options.ready_file.touch()

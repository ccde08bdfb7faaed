# SPDX-License-Identifier: Apache-2.0
"""From a YAML file and the environment to the agent's settings, or to all complaints at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pdu_agent.access.networks import parse_network
from pdu_agent.app.config import calibration, environment, outlets_csv, versions, yaml12
from pdu_agent.app.config.access_check import check_access
from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.credentials import read_secrets
from pdu_agent.app.config.crosscheck import crosscheck
from pdu_agent.app.config.directories import default_runtime_dir, default_state_dir
from pdu_agent.app.config.http_check import beside
from pdu_agent.app.config.outage_check import hard_cuts
from pdu_agent.app.config.plan_check import plan_conflicts
from pdu_agent.app.config.price_check import price_series
from pdu_agent.app.config.schema import (
    BUS_OF_BOARD,
    AgentSettings,
    ConfigFile,
    SecretsFile,
    SimulatorSettings,
)
from pdu_agent.app.config.shape import members
from pdu_agent.app.config.time_zone import zone_of
from pdu_agent.app.config.tree import (
    Entry,
    ListNode,
    MapNode,
    Place,
    Problem,
    Problems,
    Scalar,
    node_at,
)
from pdu_agent.core.costs.settings import PriceList
from pdu_agent.core.settings import OutletSettings
from pdu_agent.model.errors import ConfigError
from pdu_agent.nut.settings import SIMULATED, parse_server
from pdu_agent.snmp.settings import parse_listen, parse_oid, parse_subtree, parse_target

SOCKET_NAME = "api.sock"


class ConfigErrors(ConfigError):
    """Everything that is wrong with a configuration; `problems` has one line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_settings(
    path: Path, environ: Mapping[str, str], text: bytes | None = None
) -> AgentSettings:
    """The settings of the agent. Raises ConfigErrors, with every error and warning in it.

    text: what would be in the file, in place of what is.
    """
    problems = Problems()
    settings = _settings(path, environ, problems, text=text)
    told = [str(problem) for problem in problems.in_order()]
    if settings is None or problems.errors:
        raise ConfigErrors(told)
    return replace(settings, warnings=tuple(told))


def check_file(path: Path, environ: Mapping[str, str], text: bytes | None = None) -> list[Problem]:
    """All complaints, warnings among them, in the order of the file. text: as of load_settings."""
    problems = Problems()
    settings = _settings(path, environ, problems, is_thorough=True, text=text)
    if settings is not None:
        # Loaded here: the agent itself finds the same when it makes its simulator.
        from pdu_agent.app.config.simulation_check import simulation_check

        simulation_check(settings, Place(str(path)), problems)
    return problems.in_order()


def _settings(
    path: Path,
    environ: Mapping[str, str],
    problems: Problems,
    is_thorough: bool = False,
    text: bytes | None = None,
) -> AgentSettings | None:
    """is_thorough: also look for what takes a while to find, and stops nobody."""
    raw = _read_bytes(path, Place(str(path)), problems) if text is None else text
    root = yaml12.parse(raw, str(path), problems) if raw is not None else None
    tree = versions.upgraded(root, str(path), problems) if root is not None else None
    if tree is None:
        return None
    tree = _complete(tree, path, environ, problems)
    checker = Checker(problems, judges=_JUDGES)
    file = checker.record(ConfigFile, tree)
    crosscheck(tree, checker, problems)
    if is_thorough:
        plan_conflicts(checker, problems)
        hard_cuts(checker, problems)
    secrets = _secrets(tree, path, environ, checker, problems)
    prices_file, series = price_series(checker, path.parent, problems)
    if file is None or secrets is None or problems.errors:
        return None
    trims = path.parent / (file.calibration or calibration.DEFAULT_NAME)
    settings = _assembled(file, secrets, environ)
    settings = replace(settings, simulator=_with_script(settings.simulator, path.parent))
    settings = replace(settings, http=beside(settings.http, path.parent))
    meters = calibration.calibrated(settings.meters, trims, problems)
    prices = PriceList(file.prices, series, prices_file)
    return replace(settings, meters=meters, calibration=trims, prices=prices, backup=file.backup)


def _read_bytes(path: Path, place: Place, problems: Problems) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(yaml12.MAX_FILE_BYTES + 1)
    except OSError as exc:
        problems.error(place, f"cannot be read: {exc.strerror}")
        return None


def _complete(tree: MapNode, path: Path, environ: Mapping[str, str], problems: Problems) -> MapNode:
    """The tree with the environment and the CSV file in it.

    The environment comes twice: it may name the CSV file, and it may change an outlet
    that the CSV file brought.
    """
    tree = _with_environment(tree, environ)
    tree = _with_csv(tree, path, problems)
    environment.report_unknown(ConfigFile, tree, environ, problems)
    return _with_environment(tree, environ)


def _with_environment(tree: MapNode, environ: Mapping[str, str]) -> MapNode:
    changed = environment.apply(ConfigFile, tree, environ)
    return changed if isinstance(changed, MapNode) else tree


def _with_csv(tree: MapNode, path: Path, problems: Problems) -> MapNode:
    name = node_at(tree, ["outlets_csv"])
    if not isinstance(name, Scalar) or not name.text or name.value is None:
        return tree
    if "outlets" in tree.entries:
        problems.error(name.place, "outlets_csv: give either this or `outlets`, not both")
        return tree
    file = path.parent / name.text
    raw = _read_bytes(file, name.place, problems)
    if raw is None:
        return tree
    known = [member.name for member in members(OutletSettings)]
    outlets = outlets_csv.parse(raw, str(file), known, problems)
    return MapNode(tree.place, {**tree.entries, "outlets": Entry(name.place, outlets)})


def _secrets(
    tree: MapNode, path: Path, environ: Mapping[str, str], checker: Checker, problems: Problems
) -> SecretsFile | None:
    for key in ("communities", "users"):
        misplaced = node_at(tree, ["snmp", key])
        if misplaced is not None:
            problems.error(
                misplaced.place, f"snmp.{key}: belongs in the file that snmp.credentials names"
            )
    name = node_at(tree, ["snmp", "credentials"])
    if isinstance(name, Scalar) and name.text and name.value is not None:
        secrets = read_secrets(path.parent / name.text, environ, problems)
        if secrets is None:
            return None
        check_access(tree, checker, secrets.checker, problems)
        return secrets.file
    listen = node_at(tree, ["snmp", "listen"])
    if not (isinstance(listen, ListNode) and not listen.items):
        section = node_at(tree, ["snmp"]) or tree
        problems.warn(
            section.place, "snmp.credentials: none, so SNMP serves nobody; run `openpdu init`"
        )
    check_access(tree, checker, None, problems)
    return SecretsFile(schema=versions.newest())


def _assembled(file: ConfigFile, secrets: SecretsFile, environ: Mapping[str, str]) -> AgentSettings:
    uid = os.geteuid()
    state_dir = Path(file.state_dir) if file.state_dir else default_state_dir(environ, uid)
    runtime_dir = Path(file.runtime_dir) if file.runtime_dir else default_runtime_dir(environ, uid)
    socket = file.http.socket or str(runtime_dir / SOCKET_NAME)
    return AgentSettings(
        state_dir=state_dir,
        runtime_dir=runtime_dir,
        log=file.log,
        device=file.device,
        snmp=replace(file.snmp.settings, communities=secrets.communities, users=secrets.users),
        http=replace(file.http, socket=socket),
        simulator=file.simulator,
        relays=file.relays,
        meters=file.meters,
        inlets=file.inlets,
        branches=file.branches,
        outlets=file.outlets,
        sensors=file.sensors,
        fans=file.fans,
        io=file.io,
        buttons=file.buttons,
        leds=file.leds,
        displays=file.displays,
        groups=file.groups,
        thresholds=file.thresholds,
        caps=file.caps,
        lines=file.lines,
        tariffs=file.tariffs,
        plans=file.plans,
        hosts=file.hosts,
        rules=file.rules,
        hooks=file.hooks,
        nut=file.nut,
        upses=file.upses,
        outage=file.outage,
        history=file.history,
    )


def _with_script(simulator: SimulatorSettings, folder: Path) -> SimulatorSettings:
    if not simulator.script:
        return simulator
    # Loaded here so that an agent without a script does not carry it.
    from pdu_agent.app.script_file import script_path

    return replace(simulator, script=script_path(simulator.script, folder))


def _time_zone(text: str) -> None:
    try:
        zone_of(text)
    except ConfigError as exc:
        raise ConfigError(f"{exc}; expected a name such as Europe/Berlin") from exc


def _http_listen(text: str) -> None:
    if text:
        try:
            parse_listen(text)
        except ConfigError:
            raise ConfigError(
                f'{text!r} is no address; expected host:port, or "" for none'
            ) from None


def _board_bus(text: str) -> None:
    if not BUS_OF_BOARD.fullmatch(text):
        raise ConfigError(f"{text!r} is no bus; expected a device such as /dev/i2c-1, or sim")


def _ups_server(text: str) -> None:
    if text != SIMULATED:
        parse_server(text)


def _meter_port(text: str) -> None:
    if "://" not in text and not BUS_OF_BOARD.fullmatch(text):
        raise ConfigError(f"{text!r} is no port; expected a device such as /dev/ttyUSB0, or sim")


_JUDGES: dict[str, Any] = {
    "device.time_zone": _time_zone,
    "snmp.listen": parse_listen,
    "snmp.base_oid": parse_oid,
    "snmp.views.include": parse_subtree,
    "snmp.views.exclude": parse_subtree,
    "snmp.targets.address": parse_target,
    "snmp.trusted_networks": parse_network,
    "snmp.unlimited_networks": parse_network,
    "http.listen": _http_listen,
    "relays.bus": _board_bus,
    "meters.bus": _board_bus,
    "meters.port": _meter_port,
    "sensors.bus": _board_bus,
    "fans.bus": _board_bus,
    "displays.bus": _board_bus,
    "io.bus": _board_bus,
    "io.chip": _board_bus,
    "upses.server": _ups_server,
}

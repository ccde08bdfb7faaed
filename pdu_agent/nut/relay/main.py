# SPDX-License-Identifier: Apache-2.0
"""`openpdu-nut-driver`: what upsdrvctl and nut-driver@.service run as the driver `openpdu`."""

from __future__ import annotations

import os
import signal
import sys
import syslog
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pdu_agent import __version__
from pdu_agent.nut.relay.options import USAGE, Options, Stay, UsageError, parse
from pdu_agent.nut.relay.process import (
    ProcessError,
    become,
    go_to_background,
    listen,
    signal_running,
    tell_service_manager,
    write_pid,
)
from pdu_agent.nut.relay.server import RelayServer
from pdu_agent.nut.relay.ups_conf import ConfError, UpsConf, read_ups_conf

AGENT_FOLDER = "/run/openpdu/nut"
STATE_PATH, CONF_PATH = "/run/nut", "/etc/nut"
"""Debian's, where neither NUT_STATEPATH nor NUT_CONFPATH names another."""
USER = "nut"
_SIGNALS = {
    "exit": signal.SIGTERM,
    "reload": signal.SIGHUP,
    "reload-or-error": signal.SIGHUP,
    "reload-or-exit": signal.SIGUSR1,
    "reload-or-restart": signal.SIGUSR1,
}
_REFUSED = (
    "-k: refused, nothing is switched. NUT's shutdown of the UPS would cut what this unit feeds; "
    "`sdorder = -1` in the device's section of ups.conf keeps upsdrvctl from asking"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything is, and who it belongs to."""

    socket: Path
    pid_file: Path
    agent_socket: Path
    user: str
    group: str


def main() -> None:
    program = os.path.basename(sys.argv[0])
    try:
        sys.exit(_run(program, sys.argv[1:], os.environ))
    except (UsageError, ConfError, ProcessError) as exc:
        print(f"{program}: {exc}", file=sys.stderr)
        sys.exit(1)


def _run(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    options = parse(arguments)
    print(f"OpenPDU - driver of NUT {__version__}")
    if options.question == "h":
        print(USAGE.format(program=program, folder=AGENT_FOLDER), end="")
    if options.question:
        return 0
    if options.shuts_down:
        raise UsageError(_REFUSED)
    for letter in options.ignored:
        print(f"{program}: {letter} means nothing here, and is ignored", file=sys.stderr)
    plan = plan_of(program, options, environ)
    if options.command:
        if options.command not in _SIGNALS:
            raise UsageError(f"-c {options.command}: expected one of {', '.join(_SIGNALS)}")
        signal_running(plan.pid_file, options.pid, _SIGNALS[options.command])
        return 0
    return _serve(program, plan, options, environ.get("NOTIFY_SOCKET", ""))


def plan_of(program: str, options: Options, environ: Mapping[str, str]) -> Plan:
    """Raises ConfError and UsageError."""
    state_path = environ.get("NUT_STATEPATH") or STATE_PATH
    conf = UpsConf({}, {})
    if options.reads_conf:
        place = Path(environ.get("NUT_CONFPATH") or CONF_PATH) / "ups.conf"
        conf = read_ups_conf(place, options.name)
    settings = {**conf.device, **options.given}
    driver = settings.get("driver") or program
    port = settings.get("port", "")
    file_name = f"{driver}-{options.name}"
    if port == "auto":
        port = f"{AGENT_FOLDER}/{file_name}"
    if not port.startswith("/"):
        raise ConfError(
            f"port: {port!r}; expected the path of the agent's socket, as "
            f"{AGENT_FOLDER}/{file_name}, or auto for just that"
        )
    own = Path(state_path) / file_name
    if own == Path(port):
        raise ConfError(f"port: {port} is this driver's own socket; expected that of the agent")
    return Plan(
        socket=own,
        pid_file=Path(environ.get("NUT_ALTPIDPATH") or state_path) / f"{file_name}.pid",
        agent_socket=Path(port),
        user=options.user or settings.get("user") or conf.common.get("user") or USER,
        group=options.group or settings.get("group") or conf.common.get("group", ""),
    )


def _serve(program: str, plan: Plan, options: Options, notify: str) -> int:
    group = become(plan.user, plan.group)
    listener = listen(plan.socket, group)
    is_daemon = not options.is_in_foreground
    has_pid_file = is_daemon or options.stay is Stay.FOREGROUND_PID
    try:
        if is_daemon:
            go_to_background(plan.pid_file)
        elif has_pid_file:
            write_pid(plan.pid_file, os.getpid())
        server = RelayServer(listener, plan.agent_socket, _teller(program, is_daemon))
        _obey_signals(server)
        tell_service_manager(notify)
        server.run()
        server.close()
    finally:
        listener.close()
        plan.socket.unlink(missing_ok=True)
        if has_pid_file:
            plan.pid_file.unlink(missing_ok=True)
    return 0


def _obey_signals(server: RelayServer) -> None:
    signal.set_wakeup_fd(server.wake_descriptor, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
        signal.signal(number, lambda *_: server.stop_soon())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # reload: there is nothing to read anew


def _teller(program: str, is_daemon: bool) -> Callable[[str], None]:
    if not is_daemon:
        return lambda text: print(f"{program}: {text}", file=sys.stderr, flush=True)
    syslog.openlog(program, syslog.LOG_PID, syslog.LOG_DAEMON)
    return lambda text: syslog.syslog(syslog.LOG_NOTICE, text)


if __name__ == "__main__":
    main()

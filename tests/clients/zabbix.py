# SPDX-License-Identifier: Apache-2.0
"""A Zabbix server of one's own, from Debian's packages: database, server and the API of the
frontend, all in one folder and on ports of 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import glob
import gzip
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.clients.stage import daemon
from tests.system.demo_process import free_port

PACKAGES = "postgresql zabbix-server-pgsql zabbix-frontend-php php-pgsql php-cli php-curl"
FRONTEND = Path("/usr/share/zabbix")
SCHEMA = Path("/usr/share/zabbix-server-pgsql")
_DATABASE_USER = "postgres"
_LOGIN = {"username": "Admin", "password": "zabbix"}  # what a new database has
_FRONTEND_CONFIG = """<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '127.0.0.1';
$DB['PORT'] = '{port}';
$DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'zabbix';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true;
$ZBX_SERVER_NAME = '';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
"""
_SERVER_CONFIG = """
ListenIP=127.0.0.1
ListenPort={server_port}
DBHost=127.0.0.1
DBPort={database_port}
DBName=zabbix
DBUser=zabbix
LogType=console
PidFile={folder}/zabbix.pid
SocketDir={folder}
AllowRoot=1
CacheUpdateFrequency=1
StartPollers=2
StartHTTPPollers=0
StartPingers=0
StartDiscoverers=0
StartVMwareCollectors=0
"""


def postgres_folder() -> Path | None:
    """Where PostgreSQL's programs are, None where it is not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    return Path(found[-1]) if found else None


class Api:
    """JSON-RPC of the frontend."""

    def __init__(self, address: str) -> None:
        self._url = f"http://{address}/api_jsonrpc.php"
        self._token: str | None = None

    def log_in(self) -> None:
        self._token = self.call("user.login", _LOGIN)

    def call(self, method: str, parameters: Any) -> Any:
        """The result; AssertionError with what the API complains of."""
        question: dict[str, Any] = {
            "jsonrpc": "2.0",
            "method": method,
            "params": parameters,
            "id": 1,
        }
        headers = {"Content-Type": "application/json-rpc"}
        if self._token is not None:
            question["auth"] = self._token
        request = urllib.request.Request(self._url, json.dumps(question).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "error" not in answer, answer["error"]
        return answer["result"]


@contextmanager
def zabbix(folder: Path) -> Iterator[Api]:
    """A server with an empty configuration; the API is logged in."""
    programs = postgres_folder()
    assert programs is not None
    with ExitStack() as stack:
        port = stack.enter_context(_database(folder, programs))
        config = _SERVER_CONFIG.format(
            folder=folder, database_port=port, server_port=_trapper_port()
        )
        (folder / "server.conf").write_text(config, encoding="utf-8")
        server = ("zabbix_server", "-f", "-c", str(folder / "server.conf"))
        stack.enter_context(daemon(folder / "server.log", *server))
        root = _frontend(folder, port)
        address = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
        limits = ("-d", "memory_limit=256M", "-d", "max_execution_time=120")
        php = ("php", *limits, "-S", address, "-t", str(root))
        stack.enter_context(daemon(folder / "php.log", *php))
        api = Api(address)
        _until(lambda: _answers(api.log_in), 60, folder / "php.log")
        yield api


def _frontend(folder: Path, database_port: int) -> Path:
    """A copy of the frontend that knows this database: Debian's looks in /etc/zabbix only."""
    root = shutil.copytree(FRONTEND, folder / "frontend")
    config = folder / "zabbix.conf.php"
    config.write_text(_FRONTEND_CONFIG.format(port=database_port), encoding="utf-8")
    looks = root / "include" / "classes" / "core" / "CConfigFile.php"
    text = looks.read_text(encoding="utf-8")
    looks.write_text(text.replace("/etc/zabbix/zabbix.conf.php", str(config)), encoding="utf-8")
    return root


@contextmanager
def _database(folder: Path, programs: Path) -> Iterator[int]:
    """The port of a PostgreSQL with Zabbix's tables, without a password."""
    port = free_port(socket.SOCK_STREAM)
    prefix = _as_database_user()

    def run(program: str, *arguments: str, feed: bytes | None = None) -> None:
        command = [*prefix, str(programs / program), *arguments]
        subprocess.run(command, input=feed, check=True, capture_output=True, cwd="/")

    with ExitStack() as stack:
        # Not in pytest's folders, which are closed to other users.
        cluster = stack.enter_context(tempfile.TemporaryDirectory())
        if prefix:
            shutil.chown(cluster, _DATABASE_USER)
        run("initdb", "-D", cluster, "-A", "trust", "-U", "zabbix", "-E", "UTF8", "--no-locale")
        options = ("-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", f"port={port}")
        sockets = ("-c", f"unix_socket_directories={cluster}")
        postgres = (*prefix, str(programs / "postgres"), "-D", cluster, *options, *sockets)
        stack.enter_context(daemon(folder / "postgres.log", *postgres))
        at = ("-h", "127.0.0.1", "-p", str(port), "-U", "zabbix")
        ready = [str(programs / "pg_isready"), *at, "-q"]
        _until(
            lambda: subprocess.run(ready, check=False).returncode == 0, 30, folder / "postgres.log"
        )
        run("createdb", *at, "zabbix")
        for part in ("schema", "images", "data"):
            statements = gzip.decompress((SCHEMA / f"{part}.sql.gz").read_bytes())
            run("psql", *at, "-q", "-v", "ON_ERROR_STOP=1", "zabbix", feed=statements)
        yield port


def _trapper_port() -> int:
    """A free port: the server takes none above 32767 to listen at, where those of tests are."""
    for port in range(20051, 32768):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def _as_database_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return []
    identity = ("--reuid", _DATABASE_USER, "--regid", _DATABASE_USER, "--clear-groups")
    return ["setpriv", *identity, "--"]


def _answers(question: Callable[[], None]) -> bool:
    try:
        question()
    except (OSError, urllib.error.URLError):
        return False
    return True


def _until(condition: Callable[[], bool], limit_s: float, log: Path) -> None:
    end_s = time.monotonic() + limit_s
    while not condition():
        told = log.read_text("utf-8", "replace") if log.is_file() else log
        assert time.monotonic() < end_s, told
        time.sleep(0.2)

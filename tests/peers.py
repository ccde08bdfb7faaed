# SPDX-License-Identifier: Apache-2.0
"""What tests need of the machine: real foreign programs, and terminals.

Mark a test that runs a foreign program with `@pytest.mark.peer`.
"""

from __future__ import annotations

import os
import shutil
import socket
from typing import NoReturn

import pytest

DEBIAN_PACKAGES = {
    "smilint": "smitools",
    "snmpbulkwalk": "snmp",
    "snmpd": "snmpd",
    "snmpget": "snmp",
    "snmpgetnext": "snmp",
    "snmpset": "snmp",
    "snmptable": "snmp",
    "snmptranslate": "snmp",
    "snmptrapd": "snmptrapd",
    "snmpwalk": "snmp",
    "setpriv": "util-linux",
    "systemd-analyze": "systemd",
    "unshare": "util-linux",
}


def require(*tools: str) -> None:
    """Skip the running test if a tool is missing; with CI=true fail it.

    The reason names the Debian package that brings the tool.
    """
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # Debian's place for daemons
    missing = [tool for tool in tools if shutil.which(tool, path=path) is None]
    if not missing:
        return
    packages = " ".join(sorted({DEBIAN_PACKAGES.get(tool, tool) for tool in missing}))
    reason = f"{', '.join(missing)} not found: apt-get install {packages}"
    _skip(reason)


def require_terminals() -> None:
    """Skip the running test where no pseudo terminal can be made; with CI=true fail it."""
    try:
        descriptors = os.openpty()
    except OSError as exc:
        _skip(f"no pseudo terminals ({exc.strerror}): mount -t devpts devpts /dev/pts")
    for descriptor in descriptors:
        os.close(descriptor)


def knows_localhost() -> bool:
    """A minimal system has no /etc/hosts, and then not even that name."""
    try:
        return bool(socket.getaddrinfo("localhost", None))
    except socket.gaierror:
        return False


def _skip(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

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
    "apcsmart": "nut-server",
    "certutil": "libnss3-tools",
    "chromium": "chromium",
    "dummy-ups": "nut-server",
    "fence_apc_snmp": "fence-agents",
    "pk12util": "libnss3-tools",
    "powerman": "powerman",
    "powermand": "powerman",
    "prometheus-snmp-exporter": "prometheus-snmp-exporter",
    "smilint": "smitools",
    "snmp-ups": "nut-snmp",
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
    "upsc": "nut-client",
    "upscmd": "nut-client",
    "upsd": "nut-server",
    "upsdrvctl": "nut-server",
    "upsmon": "nut-client",
    "upsrw": "nut-client",
    "usbhid-ups": "nut-server",
}

# Where Debian keeps daemons that are not in a user's PATH.
DAEMON_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:/lib/nut:/usr/lib/nut"


def require(*tools: str) -> None:
    """Skip the running test if a tool is missing; with CI=true fail it.

    The reason names the Debian package that brings the tool.
    """
    missing = [tool for tool in tools if shutil.which(tool, path=DAEMON_PATH) is None]
    if not missing:
        return
    packages = " ".join(sorted({DEBIAN_PACKAGES.get(tool, tool) for tool in missing}))
    reason = f"{', '.join(missing)} not found: apt-get install {packages}"
    _skip(reason)


def require_second_tier() -> None:
    """Skip the running test unless the slow ones, with packages of their own, are asked for."""
    if os.environ.get("OPENPDU_SECOND_TIER") != "1":
        pytest.skip("second tier: set OPENPDU_SECOND_TIER=1")


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

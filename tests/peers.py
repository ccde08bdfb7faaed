# SPDX-License-Identifier: Apache-2.0
"""Real foreign programs that tests run. Mark such tests with `@pytest.mark.peer`."""

from __future__ import annotations

import os
import shutil

import pytest

DEBIAN_PACKAGES = {
    "smilint": "smitools",
    "snmpbulkwalk": "snmp",
    "snmpget": "snmp",
    "snmpgetnext": "snmp",
    "snmpset": "snmp",
    "snmptable": "snmp",
    "snmptranslate": "snmp",
    "snmpwalk": "snmp",
    "systemd-analyze": "systemd",
}


def require(*tools: str) -> None:
    """Skip the running test if a tool is missing; with CI=true fail it.

    The reason names the Debian package that brings the tool.
    """
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if not missing:
        return
    packages = " ".join(sorted({DEBIAN_PACKAGES.get(tool, tool) for tool in missing}))
    reason = f"{', '.join(missing)} not found: apt-get install {packages}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

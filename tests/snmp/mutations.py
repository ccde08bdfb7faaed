# SPDX-License-Identifier: Apache-2.0
"""Every class of broken SNMP messages, by name."""

from __future__ import annotations

from tests.snmp.faults import ENGINE_ID, SYS_DESCR, Fault
from tests.snmp.mutations_encoding import ENCODING
from tests.snmp.mutations_requests import REQUESTS
from tests.snmp.mutations_v3 import UNAUTHENTICATED
from tests.snmp.mutations_v3_authentic import AUTHENTIC

CLASSES: dict[str, Fault] = {**ENCODING, **REQUESTS, **UNAUTHENTICATED, **AUTHENTIC}

__all__ = ["CLASSES", "ENGINE_ID", "SYS_DESCR"]

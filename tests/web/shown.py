# SPDX-License-Identifier: Apache-2.0
"""What the API's collections say of a snapshot, without a server."""

from __future__ import annotations

import json
from typing import Any

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.model.snapshot import Snapshot
from pdu_agent.web.collected import Bodies


def status(snapshot: Snapshot) -> dict[str, Any]:
    """To somebody who may read everything."""
    body = Bodies().of("status", snapshot, Grant.everywhere(Rights.READ))
    read: dict[str, Any] = json.loads(body.text)
    return read

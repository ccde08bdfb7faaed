# SPDX-License-Identifier: Apache-2.0
"""Who is served, from which security level on, and who may write."""

from __future__ import annotations

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.snmp.access import AccessPolicy, Credential
from tests.snmp.rig import COMMUNITIES, USERS

POLICY = AccessPolicy(COMMUNITIES, USERS)
HOST = "192.0.2.9"


def test_a_community_is_known_by_its_name() -> None:
    readers = Credential("readers", Grant.everywhere(Rights.READ))
    writers = Credential("writers", Grant.everywhere(Rights.WRITE))
    assert POLICY.for_community(b"public", HOST) == readers
    assert POLICY.for_community(b"private", HOST) == writers


@pytest.mark.parametrize("guess", [b"", b"publi", b"publicc", b"Public", b"readers", b"\xff"])
def test_a_wrong_community_is_nobody(guess: bytes) -> None:
    assert POLICY.for_community(guess, HOST) is None


@pytest.mark.parametrize(
    ("user", "level", "served"),
    [
        ("viewer", 1, False),
        ("viewer", 2, True),
        ("viewer", 3, True),
        ("operator", 1, False),
        ("operator", 2, False),
        ("operator", 3, True),
        ("nobody", 3, False),
        ("", 3, False),
    ],
)
def test_a_user_is_served_from_the_configured_level_on(user: str, level: int, served: bool) -> None:
    assert (POLICY.for_user(user, level, HOST) is not None) == served

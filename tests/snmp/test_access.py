# SPDX-License-Identifier: Apache-2.0
"""Who is served, from which security level on, and who may write."""

from __future__ import annotations

import pytest

from pdu_agent.snmp.access import AccessPolicy, Credential
from pdu_agent.snmp.settings import Rights
from tests.snmp.rig import COMMUNITIES, USERS

POLICY = AccessPolicy(COMMUNITIES, USERS)
ANY_OID = (1, 3, 6, 1, 2, 1, 1, 5, 0)


def test_a_community_is_known_by_its_name() -> None:
    assert POLICY.for_community(b"public") == Credential("readers", Rights.READ)
    assert POLICY.for_community(b"private") == Credential("writers", Rights.WRITE)


@pytest.mark.parametrize("guess", [b"", b"publi", b"publicc", b"Public", b"readers", b"\xff"])
def test_a_wrong_community_is_nobody(guess: bytes) -> None:
    assert POLICY.for_community(guess) is None


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
    assert (POLICY.for_user(user, level) is not None) == served


def test_reading_is_for_all_and_writing_for_those_with_the_right() -> None:
    for credential in (Credential("r", Rights.READ), Credential("w", Rights.WRITE)):
        assert POLICY.may_read(credential, ANY_OID)
        assert POLICY.may_write(credential, ANY_OID) == (credential.name == "w")

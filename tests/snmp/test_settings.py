# SPDX-License-Identifier: Apache-2.0
"""What a credential or an address may be, and that secrets do not show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.credentials import Community, PrivProtocol, SecurityLevel, User
from pdu_agent.snmp.settings import SnmpSettings, parse_listen, parse_oid


def test_secrets_stay_out_of_every_repr() -> None:
    settings = SnmpSettings(
        communities=(Community("monitoring", "s3cret-community"),),
        users=(User("ops", auth_pass="s3cret-auth", priv_pass="s3cret-priv"),),
    )
    assert "s3cret" not in repr(settings)
    assert "monitoring" in repr(settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:1161", ("127.0.0.1", 1161)),
        ("0.0.0.0:161", ("0.0.0.0", 161)),
        ("[::1]:1161", ("::1", 1161)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_listen_addresses(text: str, expected: tuple[str, int]) -> None:
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    "text", ["", "1161", ":1161", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "h:70000", "::1:1161"]
)
def test_a_bad_listen_address_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected host:port|brackets") as caught:
        SnmpSettings(listen=(text,))
    assert repr(text) in str(caught.value)


def test_oids() -> None:
    assert parse_oid(".1.3.6.1") == (1, 3, 6, 1)
    for text in ("", "1", "1.3.x", "1..3", "3.1", "1.40", f"1.3.{2**32}", "1.3.-1"):
        with pytest.raises(ConfigError, match="OID"):
            parse_oid(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: User("ops", auth_pass="seven77", priv_pass="long enough"), "auth_pass has 7"),
        (lambda: User("ops", auth_pass="long enough", priv_pass="short"), "priv_pass has 5"),
        (lambda: User("", auth_pass="long enough", priv=PrivProtocol.NONE), "1 to 32 octets"),
        (lambda: User("é" * 17, auth_pass="long enough", priv=PrivProtocol.NONE), "32 octets"),
        (lambda: Community("", "x"), "name is empty"),
        (lambda: Community("ops", ""), "ops: the community string is empty"),
        (
            lambda: SnmpSettings(communities=(Community("a", "x"), Community("a", "y"))),
            "'a' is used twice",
        ),
        (
            lambda: SnmpSettings(communities=(Community("a", "twin"), Community("b", "twin"))),
            "the same community string",
        ),
    ],
)
def test_a_credential_that_cannot_be_used_is_refused(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        make()
    assert "twin" not in str(caught.value)


def test_privacy_decides_the_level_of_a_user() -> None:
    quiet = User("a", auth_pass="long enough", priv=PrivProtocol.NONE)
    secret = User("b", auth_pass="long enough", priv_pass="long enough")
    assert (quiet.level, secret.level) == (SecurityLevel.AUTH_NO_PRIV, SecurityLevel.AUTH_PRIV)

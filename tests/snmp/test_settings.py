# SPDX-License-Identifier: Apache-2.0
"""What a credential or an address may be, and that secrets do not show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.access.outlet_rights import outlet_span
from pdu_agent.model.errors import ConfigError
from pdu_agent.snmp.credentials import (
    AuthProtocol,
    Community,
    PrivProtocol,
    SecurityLevel,
    User,
)
from pdu_agent.snmp.settings import (
    SnmpSettings,
    TargetSettings,
    TargetVersion,
    ViewSettings,
    parse_listen,
    parse_oid,
    parse_subtree,
    parse_target,
)


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
    assert parse_oid(f"2.999.{2**32 - 1}") == (2, 999, 2**32 - 1)
    assert len(parse_oid("1.3" + ".1" * 126)) == 128
    for text in (
        *("", "1", "1.3.x", "1..3", "3.1", "1.40", f"1.3.{2**32}", "1.3.-1", "1.3.\u0663"),
        *("1.3" + ".1" * 127, "1.3." + "9" * 5000, f"2.{2**32}"),
    ):
        with pytest.raises(ConfigError, match="OID"):
            parse_oid(text)


def test_a_subtree_may_be_a_single_number() -> None:
    assert (parse_subtree(".1"), parse_subtree("1.3")) == ((1,), (1, 3))
    for text in ("", ".", "3", "x"):
        with pytest.raises(ConfigError, match="OID"):
            parse_subtree(text)


def test_a_name_in_place_of_an_oid_is_told_where_its_numbers_are() -> None:
    for text in ("opduOutletTable", "iso.3.6.1", "1.3.6.1.2.mib"):
        with pytest.raises(ConfigError, match="snmptranslate -On MODULE::name"):
            parse_subtree(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: User("ops", auth_pass="seven77", priv_pass="long enough"), "auth_pass has 7"),
        (lambda: User("ops", auth_pass="long enough", priv_pass="short"), "priv_pass has 5"),
        (lambda: User("", auth_pass="long enough", priv=PrivProtocol.NONE), "1 to 32 octets"),
        (lambda: User("é" * 17, auth_pass="long enough", priv=PrivProtocol.NONE), "32 octets"),
        (lambda: Community("", "x"), "name is empty"),
        (lambda: Community("ops", ""), "ops: the community string is empty"),
    ],
)
def test_a_credential_that_cannot_be_used_is_refused(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_privacy_decides_the_level_of_a_user() -> None:
    quiet = User("a", auth_pass="long enough", priv=PrivProtocol.NONE)
    secret = User("b", auth_pass="long enough", priv_pass="long enough")
    assert (quiet.level, secret.level) == (SecurityLevel.AUTH_NO_PRIV, SecurityLevel.AUTH_PRIV)


def test_without_authentication_a_user_has_no_privacy() -> None:
    plain = User("a", AuthProtocol.NONE, priv=PrivProtocol.NONE)
    assert plain.level is SecurityLevel.NO_AUTH_NO_PRIV
    with pytest.raises(ConfigError, match="privacy needs authentication"):
        User("a", AuthProtocol.NONE, priv_pass="long enough")


# outlets of a credential


@pytest.mark.parametrize(
    ("text", "outlets"),
    [("3", [3]), ("4-6", [4, 5, 6]), ("4 - 6", [4, 5, 6]), ("255", [255]), ("others", [])],
)
def test_outlets_are_named_by_number_or_range(text: str, outlets: list[int]) -> None:
    assert list(outlet_span(text)) == outlets


@pytest.mark.parametrize(
    "text", ["", "0", "256", "6-4", "1-256", "1,2", "-1", "1-", "x", "Others", "\u0663", "1-2-3"]
)
def test_a_bad_outlet_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="a range such as 4-6, or others") as caught:
        Community("ops", "x", outlets={text: Rights.READ})
    assert repr(text) in str(caught.value)
    assert "ops" in str(caught.value)


def test_an_outlet_has_its_rights_from_one_entry_only() -> None:
    with pytest.raises(ConfigError, match="outlets: 5 is named twice"):
        Community("ops", "x", outlets={"4-6": Rights.READ, "5": Rights.SWITCH})
    with pytest.raises(ConfigError, match="outlets: 3 is named twice"):
        Community("ops", "x", outlets={"3": Rights.READ, "03": Rights.SWITCH})


def test_ranges_become_the_grant_of_each_outlet() -> None:
    tenant = Community(
        "tenant",
        "x",
        outlets={"3": Rights.SWITCH, "5-6": Rights.WRITE, "others": Rights.NONE},
    )
    outlets = {3: Rights.SWITCH, 5: Rights.WRITE, 6: Rights.WRITE}
    assert tenant.grant() == Grant(Rights.READ, Rights.NONE, outlets)
    assert tenant.highest is Rights.WRITE
    plain = Community("reader", "x", rights=Rights.SWITCH)
    assert plain.grant() == Grant.everywhere(Rights.SWITCH)
    assert plain.highest is Rights.SWITCH


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match=r"network '192\.0\.2\.1/24': expected an address"):
        User("ops", auth_pass="long enough", priv_pass="long enough", networks=("192.0.2.1/24",))
    for setting in ("trusted_networks", "unlimited_networks"):
        with pytest.raises(ConfigError, match="network 'lan': expected an address"):
            SnmpSettings(**{setting: ("lan",)})


# views and targets


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ViewSettings("", ("1.3",)), "name is empty"),
        (lambda: ViewSettings("v", ()), "v: it includes nothing"),
        (lambda: ViewSettings("v", ("1.3", ".1.3.6"), ("1.3.6",)), "both included and excluded"),
        (lambda: ViewSettings("v", ("1.x",)), r"OID '1\.x'"),
        (lambda: TargetSettings("", "h", "c"), "name is empty"),
        (lambda: TargetSettings("t", "h", "c", TargetVersion.V1, inform=True), "no informs"),
        (lambda: TargetSettings("t", "::1", "c"), r"\[ipv6\]:port"),
    ],
)
def test_a_view_or_target_that_cannot_be_used_is_refused(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nms.example", ("nms.example", 162)),
        ("192.0.2.1:1162", ("192.0.2.1", 1162)),
        ("[2001:db8::1]", ("2001:db8::1", 162)),
        ("[::1]:1162", ("::1", 1162)),
    ],
)
def test_target_addresses(text: str, expected: tuple[str, int]) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize(
    "text", ["", ":162", "h:", "h:0", "h:65536", "h:x", "::1", "[::1", "a:b:1"]
)
def test_a_bad_target_address_is_named(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_target(text)
    assert repr(text) in str(caught.value)

# SPDX-License-Identifier: Apache-2.0
"""Views, targets, networks and rights in the files: how they read, and each complaint's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pdu_agent.access.grant import Grant, Rights
from pdu_agent.app.config.load import check_file, load_settings
from pdu_agent.snmp.access import AccessPolicy
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, SecurityLevel
from pdu_agent.snmp.settings import SnmpSettings, TargetVersion

MAIN = """\
schema: 1
snmp:
  credentials: s.yaml
  trusted_networks: [192.0.2.0/28, "2001:db8::/64"]
  unlimited_networks: [127.0.0.0/8]
  requests_per_s: 50
  request_burst: 100
  views:
    - name: states
      include: [1.3.6.1.2.1.1, 1.3.6.1.4.1.8072.9999.9999.6738.1.3]
      exclude: [.1.3.6.1.2.1.1.4]
    - {name: all, include: [1]}
  targets:
    - {name: nms, address: nms.example, credential: traps}
    - name: second
      address: "[2001:db8::1]:1162"
      credential: tenant
      version: v3
      inform: true
      timeout_s: 5
      retries: 0
outlets:
  - {number: 1}
  - {number: 3}
  - {number: 4}
  - {number: 5}
"""

SECRETS = """\
schema: 1
users:
  - name: tenant
    rights: read
    outlets: {1: switch, 3-4: write, others: none}
    view: states
    networks: [192.0.2.0/24, "fe80::/10"]
    auth_pass: "correct horse"
    priv: aes256c
    priv_pass: "battery staple"
communities:
  - {name: traps, community: "hunter2", rights: none}
"""


def write(folder: Path, main: str, secrets: str) -> Path:
    (folder / "s.yaml").write_text(secrets, encoding="utf-8")
    (folder / "s.yaml").chmod(0o600)
    path = folder / "openpdu.yaml"
    path.write_text(main, encoding="utf-8")
    return path


def snmp(folder: Path, main: str = MAIN, secrets: str = SECRETS) -> SnmpSettings:
    settings = load_settings(write(folder, main, secrets), {})
    assert settings.warnings == ()
    return settings.snmp


def complaints(folder: Path, main: str = MAIN, secrets: str = SECRETS) -> list[str]:
    problems = check_file(write(folder, main, secrets), {})
    return [str(problem).replace(f"{folder}/", "") for problem in problems]


def test_everything_is_read(tmp_path: Path) -> None:
    settings = snmp(tmp_path)
    assert settings.trusted_networks == ("192.0.2.0/28", "2001:db8::/64")
    assert settings.unlimited_networks == ("127.0.0.0/8",)
    assert (settings.requests_per_s, settings.request_burst) == (50.0, 100)
    states, everything = settings.views
    assert (states.name, states.exclude) == ("states", (".1.3.6.1.2.1.1.4",))
    assert everything.include == ("1",)
    nms, second = settings.targets
    assert (nms.version, nms.inform, nms.timeout_s, nms.retries) == (
        TargetVersion.V2C,
        False,
        1.5,
        3,
    )
    assert (second.version, second.inform, second.timeout_s, second.retries) == (
        TargetVersion.V3,
        True,
        5.0,
        0,
    )
    (tenant,) = settings.users
    outlets = {1: Rights.SWITCH, 3: Rights.WRITE, 4: Rights.WRITE}
    assert tenant.grant() == Grant(Rights.READ, Rights.NONE, outlets)
    assert tenant.priv is PrivProtocol.AES256C
    policy = AccessPolicy(settings.communities, settings.users, settings.views)
    assert policy.for_user("tenant", SecurityLevel.AUTH_PRIV, "192.0.2.77") is not None
    assert policy.for_user("tenant", SecurityLevel.AUTH_PRIV, "203.0.113.7") is None


@pytest.mark.parametrize("word", ["none", "read", "switch", "write"])
def test_every_word_for_rights(tmp_path: Path, word: str) -> None:
    secrets = SECRETS.replace("rights: none", f"rights: {word}, networks: [10.0.0.0/8]")
    (community,) = snmp(tmp_path, secrets=secrets).communities
    assert community.rights is Rights(word)


def test_credentials_written_before_there_was_more_than_read_and_write(tmp_path: Path) -> None:
    secrets = """\
schema: 1
users: [{name: a, rights: write, auth: sha, auth_pass: "12345678", priv: none}]
communities: [{name: b, community: "x", rights: read}, {name: c, community: "y"}]
"""
    main = "schema: 1\nsnmp: {credentials: s.yaml}\n"
    settings = snmp(tmp_path, main, secrets)
    assert settings.users[0].grant() == Grant.everywhere(Rights.WRITE)
    assert settings.users[0].auth is AuthProtocol.SHA
    assert [entry.grant() for entry in settings.communities] == [Grant.everywhere(Rights.READ)] * 2
    assert (settings.views, settings.targets, settings.trusted_networks) == ((), (), ())


def test_the_environment_reaches_views_and_targets_by_name(tmp_path: Path) -> None:
    environ = {
        "OPENPDU_SNMP_VIEWS_STATES_INCLUDE": "1.3.6,1.3.7",
        "OPENPDU_SNMP_TARGETS_NMS_ADDRESS": "192.0.2.5:1162",
        "OPENPDU_SNMP_TRUSTED_NETWORKS": "10.0.0.0/8",
    }
    settings = load_settings(write(tmp_path, MAIN, SECRETS), environ).snmp
    assert settings.views[0].include == ("1.3.6", "1.3.7")
    assert settings.targets[0].address == "192.0.2.5:1162"
    assert settings.trusted_networks == ("10.0.0.0/8",)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "1.3.6.1.2.1.1, ",
            "1.3.6.1.2.1.1, opduOutletTable, ",
            "openpdu.yaml:10:32: snmp.views[0].include[1]: OID 'opduOutletTable': expected numbers"
            " with dots, such as 1.3.6.1.4.1.8072; `snmptranslate -On MODULE::name` tells the"
            " numbers of a name",
        ),
        (
            ".1.3.6.1.2.1.1.4",
            "3.1",
            "openpdu.yaml:11:17: snmp.views[0].exclude[0]: OID '3.1': not an object identifier"
            " (RFC 2578 section 3.5)",
        ),
        (
            ".1.3.6.1.2.1.1.4",
            "1.3.6.1.2.1.1",
            "openpdu.yaml:9:7: snmp.views[0]: snmp view states: 1.3.6.1.2.1.1 is both included"
            " and excluded",
        ),
        (
            "name: all",
            "name: states",
            "openpdu.yaml:12:14: snmp.views[1].name: 'states' is given to two entries; the first"
            " is at openpdu.yaml:9:13",
        ),
        (
            "name: second",
            "name: nms",
            "openpdu.yaml:15:13: snmp.targets[1].name: 'nms' is given to two entries; the first"
            " is at openpdu.yaml:14:14",
        ),
        (
            "192.0.2.0/28",
            "192.0.2.1/28",
            "openpdu.yaml:4:22: snmp.trusted_networks[0]: network '192.0.2.1/28': expected an"
            " address, or a network such as 192.0.2.0/24 or 2001:db8::/32 with nothing but zeros"
            " after the prefix",
        ),
        (
            "[127.0.0.0/8]",
            "[lan]",
            "openpdu.yaml:5:24: snmp.unlimited_networks[0]: network 'lan': expected an address, or"
            " a network such as 192.0.2.0/24 or 2001:db8::/32 with nothing but zeros after the"
            " prefix",
        ),
        (
            "requests_per_s: 50",
            "requests_per_s: 0",
            "openpdu.yaml:6:19: snmp.requests_per_s: 0 is below 1; expected a number from 1 to"
            " 100000: of one source, on average; more is dropped",
        ),
        (
            "address: nms.example",
            'address: "nms:0"',
            "openpdu.yaml:14:28: snmp.targets[0].address: snmp target 'nms:0': port 0 is outside"
            " 1 to 65535",
        ),
        (
            "version: v3",
            "version: v4",
            "openpdu.yaml:18:16: snmp.targets[1].version: 'v4' is none of them; expected one of"
            " v1, v2c, v3: v1, v2c or v3",
        ),
        (
            "credential: traps",
            "credential: trap",
            "openpdu.yaml:14:53: snmp.targets[0].credential: none of `communities` in the secrets"
            " file is called 'trap' (did you mean traps?)",
        ),
        (
            "version: v3\n      inform: true",
            "version: v1",
            "openpdu.yaml:17:19: snmp.targets[1].credential: none of `communities` in the secrets"
            " file is called 'tenant'; it is one of `users`, and version is v1",
        ),
        (
            "version: v3",
            "version: v1",
            "openpdu.yaml:15:7: snmp.targets[1]: snmp target second: SNMPv1 knows no informs",
        ),
    ],
)
def test_what_is_wrong_in_the_file(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in MAIN
    assert complaints(tmp_path, MAIN.replace(old, new, 1)) == [complaint]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "rights: read",
            "rights: reed",
            "s.yaml:4:13: users[0].rights: this value is none of them; expected one of none, read,"
            " switch, write: none, read, switch, or write; each includes those before it",
        ),
        (
            "1: switch",
            "1: swich",
            "s.yaml:5:18: users[0].outlets.1: this value is none of them; expected one of none,"
            " read, switch, write",
        ),
        (
            "1: switch",
            "one: switch",
            "s.yaml:5:15: users[0].outlets: this key does not fit; expected a number from 1 to 255,"
            " a range such as 4-6, or others",
        ),
        (
            "{1: switch, 3-4: write, others: none}",
            "[1, 3]",
            "s.yaml:5:14: users[0].outlets: a list; expected settings, each as `name: value`",
        ),
        (
            "1: switch",
            "4: switch",
            "s.yaml:3:5: users[0]: snmp user tenant: outlets: 4 is named twice",
        ),
        (
            "1: switch",
            "2: switch",
            "s.yaml:5:18: users[0].outlets.2: there is no outlet 2",
        ),
        (
            "3-4: write",
            "3-14: write",
            "s.yaml:5:32: users[0].outlets.3-14: there is no outlet 6, 7, 8, 9, 10, 11, 12, 13,"
            " ...",
        ),
        (
            "view: states",
            "view: state",
            "s.yaml:6:11: users[0].view: none of `snmp.views` is called so (did you mean states?)",
        ),
        (
            "192.0.2.0/24",
            "192.0.2.9/24",
            "s.yaml:7:16: users[0].networks[0]: this value does not fit; expected an address, or a"
            " network such as 192.0.2.0/24 or 2001:db8::/32 with nothing but zeros after the"
            " prefix",
        ),
        (
            "rights: none}",
            'rights: none}\n  - {name: traps, community: "y"}',
            "s.yaml:13:12: communities[1].name: is given to two entries; the first is at"
            " s.yaml:12:12",
        ),
        (
            "rights: none}",
            'rights: none}\n  - {name: b, community: "hunter2"}',
            "s.yaml:13:26: communities[1].community: is given to two entries; the first is at"
            " s.yaml:12:30",
        ),
        (
            "rights: none}",
            "rights: none, networks: [192.0.2.0/24, hunter2]}",
            "s.yaml:12:80: communities[0].networks[1]: this value does not fit; expected an"
            " address, or a network such as 192.0.2.0/24 or 2001:db8::/32 with nothing but zeros"
            " after the prefix",
        ),
        (
            "rights: none}",
            "outlets: {hunter2: read}}",
            "s.yaml:12:51: communities[0].outlets: this key does not fit; expected a number from 1"
            " to 255, a range such as 4-6, or others",
        ),
        (
            "rights: none}",
            "view: hunter2}",
            "s.yaml:12:47: communities[0].view: none of `snmp.views` is called so",
        ),
    ],
)
def test_what_is_wrong_with_a_credential_and_nothing_of_it_repeated(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in SECRETS
    found = complaints(tmp_path, secrets=SECRETS.replace(old, new, 1))
    assert found == [complaint]
    assert "hunter2" not in "".join(found)


def test_contradictions_are_found_beside_other_errors(tmp_path: Path) -> None:
    secrets = SECRETS.replace("rights: read", "rights: reed").replace("hunter2", "")
    found = complaints(tmp_path, MAIN.replace("credential: traps", "credential: trap"), secrets)
    assert sorted(line.split(": ")[0] for line in found) == [
        "openpdu.yaml:14:53",
        "s.yaml:12:5",
        "s.yaml:4:13",
    ]


def test_outlets_that_could_not_be_read_are_not_missed(tmp_path: Path) -> None:
    found = complaints(tmp_path, MAIN.replace("{number: 1}", "{number: 0}"))
    assert [line.split(": ")[1] for line in found] == ["outlets[0].number"]
    csv = MAIN[: MAIN.index("outlets:")] + "outlets_csv: none.csv\n"
    found = complaints(tmp_path, csv)
    assert [line.split(": ")[1] for line in found] == ["cannot be read"]


def test_outlets_from_a_spreadsheet_count(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("number\n1\n3\n5\n", encoding="utf-8")
    found = complaints(tmp_path, MAIN[: MAIN.index("outlets:")] + "outlets_csv: o.csv\n")
    assert found == ["s.yaml:5:31: users[0].outlets.3-4: there is no outlet 4"]


def test_without_a_port_of_its_own_no_secrets_file_is_missed(tmp_path: Path) -> None:
    """As in snmpd-passthrough/README.md: managers prove who they are to snmpd."""
    main = "schema: 1\nsnmp:\n  listen: []\n  agentx: {master: /m}\noutlets: [{number: 1}]\n"
    assert not any("credentials" in found for found in complaints(tmp_path, main))
    assert any(
        "credentials" in found for found in complaints(tmp_path, main.replace("[]", "[':1']"))
    )


def test_targets_need_a_secrets_file(tmp_path: Path) -> None:
    main = MAIN.replace("credentials: s.yaml", 'credentials: ""')
    warning, *found = complaints(tmp_path, main)
    assert warning.startswith("openpdu.yaml:3:3: warning: snmp.credentials: none")
    assert found == [
        "openpdu.yaml:14:53: snmp.targets[0].credential: no secrets file is named in"
        " snmp.credentials",
        "openpdu.yaml:17:19: snmp.targets[1].credential: no secrets file is named in"
        " snmp.credentials",
    ]


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        (
            "rights: none}",
            "rights: switch}",
            "s.yaml:12:5: warning: communities[0]: may switch from anywhere, and can be read on"
            " its way; give it `networks`, or use an SNMPv3 user",
        ),
        (
            "rights: none}",
            "outlets: {3: write}}",
            "s.yaml:12:5: warning: communities[0]: may write from anywhere, and can be read on"
            " its way; give it `networks`, or use an SNMPv3 user",
        ),
        (
            "auth_pass:",
            "auth: md5\n    auth_pass:",
            "s.yaml:8:11: warning: users[0].auth: md5 is broken; use sha256 where the manager"
            " knows it",
        ),
        (
            "priv: aes256c",
            "priv: des",
            "s.yaml:9:11: warning: users[0].priv: des is broken; use aes128 where the manager"
            " knows it",
        ),
        (
            'auth_pass: "correct horse"\n    priv: aes256c\n    priv_pass: "battery staple"',
            "auth: none\n    priv: none",
            "s.yaml:8:11: warning: users[0].auth: none: whoever knows the name is taken for this"
            " user",
        ),
    ],
)
def test_what_is_unwise_is_said_and_works(tmp_path: Path, old: str, new: str, warning: str) -> None:
    assert old in SECRETS
    secrets = SECRETS.replace(old, new, 1)
    assert complaints(tmp_path, secrets=secrets) == [warning]
    assert load_settings(write(tmp_path, MAIN, secrets), {}).snmp.communities


@pytest.mark.parametrize(
    "new",
    [
        "rights: write, networks: [192.0.2.0/24]}",
        "rights: read}",
        "rights: read, outlets: {3: none}}",
    ],
)
def test_a_community_that_only_reads_or_is_bound_to_a_network_is_in_order(
    tmp_path: Path, new: str
) -> None:
    assert complaints(tmp_path, secrets=SECRETS.replace("rights: none}", new)) == []

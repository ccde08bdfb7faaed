# SPDX-License-Identifier: Apache-2.0
"""net-snmp's tools as managers, in every version and with every kind of credential."""

from __future__ import annotations

import asyncio
from itertools import product
from pathlib import Path

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.model.commands import Action, ConfigureOutlet, OutletSetting, SwitchOutlet
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from tests.peers import require
from tests.snmp.mutations import ENGINE_ID
from tests.snmp.rig import (
    COMMAND,
    LOCKED_OUTLET,
    NAME,
    ON_DELAY,
    OUTLET,
    STATE,
    Rig,
    Run,
    run,
    serving,
)

pytestmark = [pytest.mark.peer, pytest.mark.asyncio]

SHA_256 = ("-a", "SHA-256")
AS = {
    "v1 reader": ("-v1", "-cpublic"),
    "v1 writer": ("-v1", "-cprivate"),
    "v2c reader": ("-v2c", "-cpublic"),
    "v2c writer": ("-v2c", "-cprivate"),
    "viewer": ("-v3", "-lauthNoPriv", "-uviewer", *SHA_256, "-Aviewer-auth-pass"),
    "switcher": ("-v3", "-lauthNoPriv", "-uswitcher", *SHA_256, "-Aswitcher-auth-pass"),
    "operator": (
        *("-v3", "-lauthPriv", "-uoperator", *SHA_256, "-Aoperator-auth-pass"),
        *("-x", "AES", "-Xoperator-priv-pass"),
    ),
    "compat": (
        *("-v3", "-lauthPriv", "-ucompat", "-a", "SHA", "-Acompat-auth-pass"),
        *("-x", "AES", "-Xcompat-priv-pass"),
    ),
}
READERS = ("v1 reader", "v2c reader", "viewer")
WRITERS = ("v1 writer", "v2c writer", "switcher", "operator", "compat")
OPTIONS = ("-On", "-Oe", "-t5", "-r0")


def text(oid: tuple[int, ...]) -> str:
    return "." + ".".join(map(str, oid))


def cell(column: int, row: int) -> str:
    return text((*OUTLET, column, row))


async def snmp(tool: str, who: str, address: str, *arguments: str) -> Run:
    require(tool)
    return await run(tool, *AS[who], *OPTIONS, address, *arguments)


@pytest.mark.parametrize("who", AS)
async def test_everyone_reads(who: str) -> None:
    async with serving(Rig()) as address:
        got = await snmp("snmpget", who, address, cell(NAME, 1), cell(STATE, 2))
        assert got.out.splitlines() == [
            f'{cell(NAME, 1)} = STRING: "Outlet 1"',
            f"{cell(STATE, 2)} = INTEGER: 1",
        ]
        after = await snmp("snmpgetnext", who, address, cell(NAME, 1))
        assert after.out == f'{cell(NAME, 2)} = STRING: "Outlet 2"\n'


async def test_all_walks_see_the_same() -> None:
    rig = Rig()
    root = text(OUTLET)
    async with serving(rig) as address:
        expected = (await snmp("snmpbulkwalk", "operator", address, "-Cr50", root)).out
        assert [line.partition(" = ")[0] for line in expected.splitlines()] == [
            text(oid) for oid in rig.instances() if oid[: len(OUTLET)] == OUTLET
        ]
        for tool, who in (
            ("snmpwalk", "v1 reader"),
            ("snmpwalk", "v2c reader"),
            ("snmpbulkwalk", "v2c reader"),
            ("snmpbulkwalk", "compat"),
        ):
            assert (await snmp(tool, who, address, root)).out == expected


async def test_a_walk_of_everything_ends() -> None:
    async with serving(Rig()) as address:
        done = await snmp("snmpbulkwalk", "v2c reader", address, ".1")
        assert done.status == 0
        assert done.out.splitlines()[-1].endswith(
            "No more variables left in this MIB View (It is past the end of the MIB tree)"
        )
        v1 = await snmp("snmpwalk", "v1 reader", address, ".1")
        assert v1.out.splitlines()[-1] == "End of MIB"
        assert "Counter64" not in v1.out
        assert "Counter64" in done.out


async def test_a_set_of_three_is_echoed_and_submitted_once() -> None:
    for who in WRITERS:
        rig = Rig()
        async with serving(rig) as address:
            done = await snmp(
                "snmpset",
                who,
                address,
                *(cell(COMMAND, 1), "i", "2"),
                *(cell(NAME, 2), "s", "pump"),
                *(cell(ON_DELAY, 2), "u", "9"),
            )
        assert done.out.splitlines() == [
            f"{cell(COMMAND, 1)} = INTEGER: 2",
            f'{cell(NAME, 2)} = STRING: "pump"',
            f"{cell(ON_DELAY, 2)} = Gauge32: 9",
        ]
        assert rig.core.submitted == [
            [
                SwitchOutlet(1, Action.OFF),
                ConfigureOutlet(2, OutletSetting.NAME, "pump"),
                ConfigureOutlet(2, OutletSetting.ON_DELAY_S, 9),
            ]
        ]
        assert rig.core.actors[-1].who == (who if " " not in who else "writers")
        assert rig.core.actors[-1].address.startswith("127.0.0.1:")


REFUSED = [
    ((COMMAND, 99, "i", "2"), "noCreation", "noSuchName"),
    ((COMMAND, LOCKED_OUTLET, "i", "2"), "inconsistentValue", "badValue"),
    ((COMMAND, 1, "s", "2"), "wrongType", "badValue"),
    ((COMMAND, 1, "i", "11"), "wrongValue", "badValue"),
    ((ON_DELAY, 1, "u", "7201"), "wrongValue", "badValue"),
    ((NAME, 1, "s", "x" * 33), "wrongLength", "badValue"),
    ((STATE, 1, "i", "2"), "notWritable", "noSuchName"),
]


@pytest.mark.parametrize(("change", "reason", "v1_reason"), REFUSED)
async def test_a_refused_set_names_its_reason_and_its_place(
    change: tuple[int, int, str, str], reason: str, v1_reason: str
) -> None:
    column, row, kind, value = change
    rig = Rig()
    async with serving(rig) as address:
        for who in ("v1 writer", "v2c writer", "operator"):
            done = await snmp(
                "snmpset",
                who,
                address,
                *(cell(COMMAND, 2), "i", "2"),
                *(cell(column, row), kind, value),
                *(cell(COMMAND, 4), "i", "2"),
            )
            assert done.status == 2
            assert (v1_reason if who.startswith("v1") else reason) in done.err
            assert f"Failed object: {cell(column, row)}\n" in done.err
    assert rig.core.submitted == []


@pytest.mark.parametrize("who", READERS)
async def test_readers_cannot_set(who: str) -> None:
    rig = Rig()
    async with serving(rig) as address:
        done = await snmp("snmpset", who, address, cell(COMMAND, 1), "i", "2")
    assert ("noSuchName" if who.startswith("v1") else "noAccess") in done.err
    assert (rig.core.checked, rig.core.submitted) == ([], [])


async def test_absent_things() -> None:
    async with serving(Rig()) as address:
        v2c = await snmp("snmpget", "v2c reader", address, cell(STATE, 99), ".1.3.6.1.9.9.0")
        assert [line.partition(" = ")[2] for line in v2c.out.splitlines()] == [
            "No Such Instance currently exists at this OID",
            "No Such Object available on this agent at this OID",
        ]
        v1 = await snmp("snmpget", "v1 reader", address, "-Cf", cell(STATE, 1), cell(STATE, 99))
        assert "noSuchName" in v1.err
        assert f"Failed object: {cell(STATE, 99)}\n" in v1.err


async def test_a_wrong_community_is_met_with_silence() -> None:
    rig = Rig()
    async with serving(rig) as address:
        for version in ("-v1", "-v2c"):
            done = await run("snmpget", version, "-cguess", "-t1", "-r0", address, cell(STATE, 1))
            assert "Timeout: No Response" in done.err
    assert rig.counters.in_bad_community_names == 2


V3 = ("-v3", "-t2", "-r0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-lnoAuthNoPriv", "-uviewer"), "Unsupported security level"),
        (("-lnoAuthNoPriv", "-uoperator"), "Unsupported security level"),
        (
            ("-lauthNoPriv", "-uoperator", *SHA_256, "-Aoperator-auth-pass"),
            "Unsupported security level",
        ),
        (("-lauthNoPriv", "-unobody", *SHA_256, "-Aviewer-auth-pass"), "Unknown user name"),
        (
            ("-lauthNoPriv", "-uswitcher", *SHA_256, "-Aa-wrong-password"),
            "Authentication failure",
        ),
        (
            ("-lauthNoPriv", "-uswitcher", "-aSHA-512", "-Aswitcher-auth-pass"),
            "Authentication failure",
        ),
    ],
)
async def test_who_does_not_prove_enough_gets_a_report_and_nothing_else(
    arguments: tuple[str, ...], message: str
) -> None:
    require("snmpset")
    rig = Rig()
    async with serving(rig) as address:
        done = await run("snmpset", *V3, *arguments, address, cell(COMMAND, 1), "i", "2")
    assert message in done.err
    assert done.out == ""
    assert (rig.core.checked, rig.core.submitted) == ([], [])


async def test_a_wrong_privacy_password_gets_nothing() -> None:
    require("snmpset")
    rig = Rig()
    arguments = (*V3, *AS["operator"][1:-1], "-Xsome-other-pass")
    async with serving(rig) as address:
        done = await run("snmpset", *arguments, address, cell(COMMAND, 1), "i", "2")
    assert "Decryption error" in done.err
    assert rig.core.submitted == []


AUTH_NAMES = {
    AuthProtocol.MD5: "MD5",
    AuthProtocol.SHA: "SHA",
    AuthProtocol.SHA224: "SHA-224",
    AuthProtocol.SHA256: "SHA-256",
    AuthProtocol.SHA384: "SHA-384",
    AuthProtocol.SHA512: "SHA-512",
}
PRIV_NAMES = {
    PrivProtocol.DES: "DES",
    PrivProtocol.AES128: "AES",
    PrivProtocol.AES256: "AES-256",
    PrivProtocol.AES256C: "AES-256-C",
}
NAME_1 = cell(NAME, 1)


def pair(auth: AuthProtocol, priv: PrivProtocol) -> User:
    auth_pass = "" if auth is AuthProtocol.NONE else "auth-pass-of-pair"
    priv_pass = "" if priv is PrivProtocol.NONE else "priv-pass-of-pair"
    return User("pair", auth, auth_pass, priv, priv_pass, rights=Rights.WRITE)


def as_pair(user: User) -> list[str]:
    level = ("noAuthNoPriv", "authNoPriv", "authPriv")[user.level - 1]
    options = ["-v3", "-upair", f"-l{level}"]
    if user.auth_pass:
        options += ["-a", AUTH_NAMES[user.auth], "-A", user.auth_pass]
    if user.priv_pass:
        options += ["-x", PRIV_NAMES[user.priv], "-X", user.priv_pass]
    return options


PAIRS = [
    (AuthProtocol.NONE, PrivProtocol.NONE),
    *product(AUTH_NAMES, (PrivProtocol.NONE, *PRIV_NAMES)),
]


@pytest.mark.parametrize(("auth", "priv"), PAIRS)
async def test_every_pair_of_protocols(auth: AuthProtocol, priv: PrivProtocol) -> None:
    require("snmpget", "snmpbulkwalk", "snmpset")
    user = pair(auth, priv)
    rig = Rig(users=(user,))
    options = (*as_pair(user), *OPTIONS)
    async with serving(rig) as address:
        got, walked, done = await asyncio.gather(
            run("snmpget", *options, address, NAME_1),
            run("snmpbulkwalk", *options, address, text((*OUTLET, NAME))),
            run("snmpset", *options, address, cell(COMMAND, 1), "i", "2"),
        )
    assert got.out == f'{NAME_1} = STRING: "Outlet 1"\n', got.err
    assert len(walked.out.splitlines()) == 4, walked.err
    assert done.out == f"{cell(COMMAND, 1)} = INTEGER: 2\n", done.err
    assert rig.core.submitted == [[SwitchOutlet(1, Action.OFF)]]


async def test_a_manager_that_knew_the_agent_before_its_restart_finds_its_way() -> None:
    require("snmpget")
    before = ("-e", "0x" + ENGINE_ID.hex(), "-Z", "2,99999")
    for who in ("switcher", "operator"):
        async with serving(Rig(boots=3)) as address:
            got = await run("snmpget", *AS[who], *OPTIONS, *before, address, NAME_1)
        assert got.out == f'{NAME_1} = STRING: "Outlet 1"\n', got.err


async def test_a_greedy_getbulk_is_answered_within_bounds() -> None:
    require("snmpbulkwalk")
    async with serving(Rig()) as address:
        done = await run(
            *("snmpbulkget", *AS["v2c reader"], *OPTIONS, "-Cr2147483647", address, text(OUTLET)),
        )
    assert 10 < len(done.out.splitlines()) <= 50


async def test_an_outdated_engine_id_is_corrected() -> None:
    """A manager that kept the ID of a replaced unit must hear of it, at any level."""
    require("snmpget")
    stale = ("-e", "0x80000000031122334455", "-Z", "1,1")
    async with serving(Rig()) as address:
        for who in ("switcher", "operator"):
            done = await run("snmpget", *AS[who], "-t2", "-r0", *stale, address, cell(STATE, 1))
            assert "Unknown engine ID" in done.err


@pytest.mark.parametrize("who", ["v1 reader", "v2c reader", "operator"])
async def test_snmptable_shows_the_outlets(who: str) -> None:
    require("snmptable")
    mibs = Path(__file__).parents[2] / "mibs"
    async with serving(Rig()) as address:
        table = await run(
            *("snmptable", *AS[who], "-M", f"{mibs}:{mibs / 'base'}", "-m", "OPENPDU-MIB"),
            *("-Cf", ";", "-Ci", address, "OPENPDU-MIB::opduOutletTable"),
        )
    lines = [line for line in table.out.splitlines() if ";" in line]
    columns = lines[0].split(";")
    rows = [dict(zip(columns, line.split(";"), strict=True)) for line in lines[1:]]
    assert [row["opduOutletName"] for row in rows] == [f"Outlet {row}" for row in range(1, 5)]
    assert {row["opduOutletState"] for row in rows} == {"on"}

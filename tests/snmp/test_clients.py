# SPDX-License-Identifier: Apache-2.0
"""gufo_snmp and pysnmp as managers: they discover, read, write, and survive a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeVar

import pytest

from pdu_agent.access.grant import Rights
from pdu_agent.model.commands import Action, ConfigureOutlet, OutletSetting, SwitchOutlet
from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from tests.snmp.rig import COMMAND, NAME, OUTLET, STATE, USERS, Rig, serving

pytestmark = [pytest.mark.peer, pytest.mark.asyncio]

T = TypeVar("T")
DEADLINE_S = 15.0
NAMES = [f"Outlet {row}" for row in range(1, 5)]

AUTHS = [auth for auth in AuthProtocol if auth is not AuthProtocol.NONE]
MORE = tuple(
    User(f"{auth.value}-{priv.value}", auth, "auth-pass-of-pair", priv, "priv-pass-of-pair",
         rights=Rights.WRITE)
    for auth, priv in zip(AUTHS, (*PrivProtocol, PrivProtocol.AES256), strict=True)
    if priv is not PrivProtocol.NONE
)  # fmt: skip
ALL = (*USERS, *MORE)


def dotted(oid: tuple[int, ...]) -> str:
    return ".".join(map(str, oid))


def cell(column: int, row: int) -> str:
    return dotted((*OUTLET, column, row))


class Restarting:
    """A rig that can be replaced by one that has started once more."""

    def __init__(self) -> None:
        self.engine = self
        self.boots = 3
        self.rig = Rig(boots=self.boots, users=ALL)

    def process(self, datagram: bytes, source: tuple[Any, ...]) -> bytes | None:
        return self.rig.engine.process(datagram, source)

    def restart(self) -> None:
        self.boots += 1
        self.rig = Rig(boots=self.boots, users=ALL)


async def soon(doing: Awaitable[T]) -> T:
    return await asyncio.wait_for(doing, DEADLINE_S)


async def texts(found: AsyncIterator[tuple[str, object]]) -> list[str]:
    return [value.decode() async for _, value in found if isinstance(value, bytes)]


def gufo(address: str, user: User | None, **options: Any) -> Any:
    """A v2c session with the community "public", or a v3 one."""
    gufo_snmp = pytest.importorskip("gufo.snmp", reason="pip install gufo_snmp")
    session = pytest.importorskip("gufo.snmp.aio").SnmpSession
    host, _, port = address.rpartition(":")
    options = {"addr": host, "port": int(port), "timeout": 5.0, **options}
    if user is None:
        return session(community="public", version=gufo_snmp.SnmpVersion.v2c, **options)
    auths = {AuthProtocol.MD5: "Md5Key", AuthProtocol.SHA: "Sha1Key"}
    auth = getattr(gufo_snmp, auths.get(user.auth, f"{user.auth.value.capitalize()}Key"))
    keys = {"auth_key": auth(user.auth_pass.encode())}
    privs = {PrivProtocol.DES: "DesKey", PrivProtocol.AES128: "Aes128Key"}
    if user.priv is not PrivProtocol.NONE:
        priv = getattr(gufo_snmp, privs.get(user.priv, "Aes256Key"))
        keys["priv_key"] = priv(user.priv_pass.encode())
    expansion = gufo_snmp.KeyExpansion
    extended = expansion.Cisco if user.priv is PrivProtocol.AES256C else expansion.Blumenthal
    return session(user=gufo_snmp.User(user.name, **keys, key_expansion=extended), **options)


@pytest.mark.parametrize("user", [None, *ALL], ids=lambda user: user.name if user else "v2c")
async def test_gufo_snmp_reads(user: User | None) -> None:
    async with serving(Rig(users=ALL)) as address, gufo(address, user) as session:
        assert await soon(session.get(cell(NAME, 1))) == b"Outlet 1"
        several = await soon(session.get_many([cell(NAME, 2), cell(STATE, 3)]))
        assert several == {cell(NAME, 2): b"Outlet 2", cell(STATE, 3): 1}
        column = dotted((*OUTLET, NAME))
        assert await soon(texts(session.getnext(column))) == NAMES
        assert await soon(texts(session.getbulk(column))) == NAMES


async def test_gufo_snmp_follows_a_restart() -> None:
    """It leaves it to its user to ask for the time again."""
    agent = Restarting()
    async with serving(agent) as address:  # type: ignore[arg-type]
        for user in (USERS[0], USERS[2]):
            async with gufo(address, user) as session:
                assert await soon(session.get(cell(NAME, 1))) == b"Outlet 1"
                agent.restart()
                with pytest.raises(Exception, match="authentication failed"):
                    await soon(session.get(cell(NAME, 2)))
                await soon(session.refresh())
                assert await soon(session.get(cell(NAME, 2))) == b"Outlet 2"


async def test_gufo_snmp_is_told_of_a_wrong_password() -> None:
    guess = User("viewer", AuthProtocol.SHA256, "not-the-password", PrivProtocol.NONE)
    rig = Rig()
    async with serving(rig) as address, gufo(address, guess, timeout=1.0) as session:
        with pytest.raises(Exception, match="authentication failed"):
            await soon(session.get(cell(NAME, 1)))
    assert rig.counters.wrong_digests > 0


class Pysnmp:
    """pysnmp's asyncio manager; what a command gives is checked and turned into plain values."""

    def __init__(self, address: str, user: User | None) -> None:
        from pysnmp.hlapi.v3arch import asyncio as hlapi  # type: ignore[import-untyped]

        self.api = hlapi
        self._address = address
        self._engine = hlapi.SnmpEngine()
        self._who = hlapi.CommunityData("private") if user is None else self._user(user)

    def _user(self, user: User) -> Any:
        api = self.api
        auths = {
            AuthProtocol.MD5: api.USM_AUTH_HMAC96_MD5,
            AuthProtocol.SHA: api.USM_AUTH_HMAC96_SHA,
            AuthProtocol.SHA224: api.USM_AUTH_HMAC128_SHA224,
            AuthProtocol.SHA256: api.USM_AUTH_HMAC192_SHA256,
            AuthProtocol.SHA384: api.USM_AUTH_HMAC256_SHA384,
            AuthProtocol.SHA512: api.USM_AUTH_HMAC384_SHA512,
        }
        privs = {
            PrivProtocol.NONE: api.USM_PRIV_NONE,
            PrivProtocol.DES: api.USM_PRIV_CBC56_DES,
            PrivProtocol.AES128: api.USM_PRIV_CFB128_AES,
            PrivProtocol.AES256: api.USM_PRIV_CFB256_AES_BLUMENTHAL,
            PrivProtocol.AES256C: api.USM_PRIV_CFB256_AES,
        }
        return api.UsmUserData(
            user.name,
            user.auth_pass,
            user.priv_pass or None,
            authProtocol=auths[user.auth],
            privProtocol=privs[user.priv],
        )

    async def call(self, command: str, *numbers: int, varbinds: list[Any]) -> list[object]:
        host, _, port = self._address.rpartition(":")
        target = await self.api.UdpTransportTarget.create((host, int(port)), timeout=2, retries=1)
        pairs = [
            self.api.ObjectType(self.api.ObjectIdentity(oid), *value) for oid, *value in varbinds
        ]
        error, status, _, found = await getattr(self.api, command)(
            self._engine, self._who, target, self.api.ContextData(), *numbers, *pairs,
            lookupMib=False,
        )  # fmt: skip
        if error or status:
            raise RuntimeError(str(error or status))
        return [value.prettyPrint() for _, value in found]

    def close(self) -> None:
        self._engine.close_dispatcher()


@pytest.mark.parametrize("user", [None, *ALL], ids=lambda user: user.name if user else "v2c")
async def test_pysnmp_reads_and_writes(user: User | None) -> None:
    rig = Rig(users=ALL)
    async with serving(rig) as address:
        manager = Pysnmp(address, user)
        try:
            await soon(_read_and_write(manager, rig, user is None or user.rights is Rights.WRITE))
        finally:
            manager.close()


async def _read_and_write(manager: Pysnmp, rig: Rig, may_write: bool) -> None:
    got = await manager.call("get_cmd", varbinds=[(cell(NAME, 1),), (cell(STATE, 2),)])
    assert got == ["Outlet 1", "1"]
    assert await manager.call("next_cmd", varbinds=[(cell(NAME, 1),)]) == ["Outlet 2"]
    bulk = await manager.call("bulk_cmd", 0, 4, varbinds=[(dotted((*OUTLET, NAME)),)])
    assert bulk == NAMES
    off = (cell(COMMAND, 1), manager.api.Integer32(2))
    name = (cell(NAME, 2), manager.api.OctetString("pump"))
    if not may_write:
        with pytest.raises(RuntimeError, match="noAccess"):
            await manager.call("set_cmd", varbinds=[off, name])
        assert rig.core.submitted == []
        return
    assert await manager.call("set_cmd", varbinds=[off, name]) == ["2", "pump"]
    wanted = [SwitchOutlet(1, Action.OFF), ConfigureOutlet(2, OutletSetting.NAME, "pump")]
    assert rig.core.submitted == [wanted]


async def test_pysnmp_follows_a_restart() -> None:
    agent = Restarting()
    async with serving(agent) as address:  # type: ignore[arg-type]
        manager = Pysnmp(address, USERS[2])
        try:
            for _ in range(2):
                got = await soon(manager.call("get_cmd", varbinds=[(cell(NAME, 1),)]))
                assert got == ["Outlet 1"]
                agent.restart()
        finally:
            manager.close()


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        (User("viewer", auth_pass="not-the-password", priv=PrivProtocol.NONE), "Wrong SNMP PDU"),
        (User("nobody", auth_pass="viewer-auth-pass", priv=PrivProtocol.NONE), "Unknown USM user"),
    ],
    ids=["wrong password", "unknown user"],
)
async def test_pysnmp_is_told_what_is_wrong(guess: User, said: str) -> None:
    async with serving(Rig()) as address:
        manager = Pysnmp(address, guess)
        try:
            with pytest.raises(RuntimeError, match=said):
                await soon(manager.call("get_cmd", varbinds=[(cell(NAME, 1),)]))
        finally:
            manager.close()

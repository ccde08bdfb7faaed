# SPDX-License-Identifier: Apache-2.0
"""Asks the hosts that rules watch whether they are there, in the loop and without blocking it.

tcp: a connection that is taken is an answer; one that is refused is none, since nothing serves
there. ping: an ICMP echo through a socket that needs no privilege (icmp(7): the kernel lets the
groups of /proc/sys/net/ipv4/ping_group_range have one), else the program `ping`.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import math
import os
import shutil
import socket
import struct
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.own_network import INTERFACES, link_trouble
from pdu_agent.core.rules.settings import HostSettings
from pdu_agent.model.readings import HostSeen

log = logging.getLogger(__name__)

Deliver = Callable[[HostSeen], None]
Family = socket.AddressFamily

ECHO_TYPES = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
"""Request and reply (RFC 792, RFC 4443)."""
_PROTOCOLS = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_HEADER = struct.Struct("!BBHHH")
_MARK = b"openpdu host probe"
_OWN_FAULTS = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EACCES,
        errno.EPERM,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EADDRNOTAVAIL,
    }
)
"""This machine has no means, no right or no network: that is no failure of the host."""
PING_HINT = (
    "no unprivileged ping socket is allowed and there is no program `ping`: widen "
    "net.ipv4.ping_group_range to the agent's group, or install ping, or use probe: tcp"
)


class NotAsked(Exception):
    """This machine could not put the question; that says nothing about the host."""


@dataclass(frozen=True, slots=True)
class Means:
    """How this machine asks. program: of ping, None where there is none. interfaces: the folder
    that tells of each whether it has a link.
    """

    open_ping: Callable[[Family], socket.socket]
    program: str | None
    interfaces: Path = INTERFACES


def system_means() -> Means:
    return Means(_open_ping, shutil.which("ping"))


def _open_ping(family: Family) -> socket.socket:
    """Raises OSError where the kernel does not allow it."""
    return socket.socket(family, socket.SOCK_DGRAM, _PROTOCOLS[family])


def ping_trouble(means: Means) -> str:
    """Why `probe: ping` cannot work here, and what helps; empty when it can."""
    try:
        means.open_ping(socket.AF_INET).close()
    except OSError:
        return "" if means.program else PING_HINT
    return ""


class HostProbes:
    """One task for each host. take: puts the hosts of new settings in force."""

    def __init__(
        self,
        deliver: Deliver,
        means: Means | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._deliver = deliver
        self._means = means or system_means()
        self._sleep = sleep
        # Its own threads: a resolver that hangs delays nothing but names.
        self._resolvers = ThreadPoolExecutor(2, "resolve")
        self._tasks: dict[HostSettings, asyncio.Task[None]] = {}

    def take(self, settings: AgentSettings) -> None:
        self.watch(settings.hosts)

    def watch(self, hosts: tuple[HostSettings, ...]) -> None:
        """Ask these from now on; those that are asked already are not disturbed."""
        for host in self._tasks.keys() - set(hosts):
            self._tasks.pop(host).cancel()
        for host in hosts:
            if host not in self._tasks:
                task = asyncio.create_task(self._ask_forever(host), name=f"ask {host.name}")
                self._tasks[host] = task

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _ask_forever(self, host: HostSettings) -> None:
        told = ""
        while True:
            seen = await asked(host, self._means, self._resolvers)
            self._deliver(seen)
            news = "" if seen.answered else seen.error
            if news != told:
                log.info("host %s %s", host.name, f"does not answer: {news}" if news else "answers")
                told = news
            await self._sleep(host.interval_s)


async def asked(host: HostSettings, means: Means, resolvers: ThreadPoolExecutor) -> HostSeen:
    """One attempt, within the host's timeout_s, and as much before it for a name's address."""
    try:
        family, address = await _address(host, resolvers)
    except NotAsked as exc:
        return HostSeen(host.name, False, str(exc), asked=False)
    seen = await _attempted(host, means, family, address)
    if seen.answered or not seen.asked or ipaddress.ip_address(address[0]).is_loopback:
        return seen
    trouble = link_trouble(means.interfaces)
    return HostSeen(host.name, False, trouble, asked=False) if trouble else seen


async def _attempted(
    host: HostSettings, means: Means, family: Family, address: tuple[Any, ...]
) -> HostSeen:
    try:
        async with asyncio.timeout(host.timeout_s):
            if host.probe == "tcp":
                await _connect(family, address)
            else:
                await _ping(family, address, host, means)
    except NotAsked as exc:
        return HostSeen(host.name, False, str(exc), asked=False)
    except TimeoutError:
        return HostSeen(host.name, False, f"nothing within {host.timeout_s:g} s")
    except OSError as exc:
        is_own = exc.errno in _OWN_FAULTS
        text = os.strerror(exc.errno) if exc.errno else str(exc)
        return HostSeen(host.name, False, text, asked=not is_own)
    return HostSeen(host.name, True)


async def _address(
    host: HostSettings, resolvers: ThreadPoolExecutor
) -> tuple[Family, tuple[Any, ...]]:
    """Where to ask. Raises NotAsked: a name that nobody resolves says nothing about the host."""
    try:
        ipaddress.ip_address(host.address)
    except ValueError:
        pass
    else:
        return _found(host, flags=socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(host.timeout_s):
            return await loop.run_in_executor(resolvers, _found, host)
    except TimeoutError:
        raise NotAsked(f"{host.address}: nothing resolves it in time") from None


def _found(host: HostSettings, flags: int = 0) -> tuple[Family, tuple[Any, ...]]:
    """Raises NotAsked, also for what cannot be a name and for an interface that is not there."""
    try:
        found = socket.getaddrinfo(host.address, host.port, flags=flags)
    except (OSError, UnicodeError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise NotAsked(f"{host.address} cannot be resolved: {why}") from exc
    family, _, _, _, address = found[0]
    return Family(family), address


async def _connect(family: Family, address: tuple[Any, ...]) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        await asyncio.get_running_loop().sock_connect(probe, address)


async def _ping(family: Family, address: tuple[Any, ...], host: HostSettings, means: Means) -> None:
    try:
        probe = means.open_ping(family)
    except OSError:
        if means.program is None:
            raise NotAsked(PING_HINT) from None
        await _run_ping(means.program, family, str(address[0]), host.timeout_s)
        return
    with probe:
        probe.setblocking(False)
        await asyncio.get_running_loop().sock_connect(probe, address)
        await echo(probe, family)


async def echo(probe: socket.socket, family: Family) -> None:
    """Ask over a connected ping socket; returns when the reply is there.

    The kernel fills in identifier and checksum, and hands over only what answers this socket.
    """
    loop = asyncio.get_running_loop()
    request, reply = ECHO_TYPES[family]
    body = _MARK + os.urandom(8)
    await loop.sock_sendall(probe, _HEADER.pack(request, 0, 0, 0, 1) + body)
    while True:
        answer = await loop.sock_recv(probe, 1024)
        if answer[:1] == bytes([reply]) and answer[_HEADER.size :] == body:
            return


async def _run_ping(program: str, family: Family, address: str, timeout_s: float) -> None:
    """iputils and busybox understand these options. Raises OSError without an answer."""
    version = "-6" if family == socket.AF_INET6 else "-4"
    process = await asyncio.create_subprocess_exec(
        program,
        version,
        "-c",
        "1",
        "-W",
        str(max(1, math.ceil(timeout_s))),
        address,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code == 1:
        raise OSError(errno.EHOSTUNREACH, "no answer to ping")
    if code != 0:
        raise NotAsked(f"{program} ended with {code}")

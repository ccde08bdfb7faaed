# SPDX-License-Identifier: Apache-2.0
"""The composition root: settings become a running agent, in an order that keeps promises.

State before hardware, hardware before faces: engine boots are on the card before SNMP
answers, and what was acknowledged before a crash is finished before anybody can ask.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdu_agent import __version__
from pdu_agent.app.accounts import Person, announce_setup, open_auth
from pdu_agent.app.backups import BackupDesk
from pdu_agent.app.config.directories import prepare_directory
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.cooling import fan_keeper
from pdu_agent.app.core_settings import core_settings_of
from pdu_agent.app.costing import cost_terms_of
from pdu_agent.app.hardware import Hardware
from pdu_agent.app.history_feed import HistoryKeeper
from pdu_agent.app.hooks import HookRunner
from pdu_agent.app.host_probes import HostProbes
from pdu_agent.app.host_watch import HostWatch
from pdu_agent.app.logs import LogThread
from pdu_agent.app.mains_fail import asker
from pdu_agent.app.memory import allocate_sparingly, give_back_free_pages, keep_giving_back
from pdu_agent.app.panel.panel import Panel
from pdu_agent.app.privileges import keep_privileges
from pdu_agent.app.reloading import Reloader, Take
from pdu_agent.app.resuming import resumes
from pdu_agent.app.runtime import Runtime
from pdu_agent.app.systemd import ServiceManager
from pdu_agent.core.birth import Birth
from pdu_agent.core.configuring import LAST_LOCK
from pdu_agent.core.plans.week import week
from pdu_agent.hw.host import HostReader
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.commands import Actor
from pdu_agent.model.configuration import Configuration, WithoutFile
from pdu_agent.model.errors import ConfigError, StoreError
from pdu_agent.model.events import Subscription
from pdu_agent.model.host import Queue
from pdu_agent.model.record import Record
from pdu_agent.nut.settings import SIMULATED, UpsSettings
from pdu_agent.store.audit_check import verify
from pdu_agent.store.audit_query import commands_newest_first
from pdu_agent.store.backup.restoring import finish
from pdu_agent.store.history.store import HistoryStore
from pdu_agent.store.record_store import Loaded, RecordStore
from pdu_agent.web.services import Services

if TYPE_CHECKING:
    from pdu_agent.nut.client.reader import UpsReader

log = logging.getLogger(__name__)

FINISH_LIMIT_S = 20.0
"""64 outlets, closing 0.25 s apart, take 16 s."""
EARLIER_EVENTS = 1024
"""Kept until SNMP is there to notify of them; 64 outlets that start make fewer."""
NO_PORT = "no port of its own"
BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
ENGINE_ID_PREFIX = bytes.fromhex("80001f8805")
"""RFC 3411 SnmpEngineID: enterprise 8072, format 5 (octets of our choice)."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is special about this run.

    first_board_on: simulated relays without any history are found closed (the demo). read: loads
    the configuration anew, None where there is no file. people: who may log in, in place of the
    accounts in the state folder (the demo).
    on_ready: called once, in the loop, when SNMP answers.
    """

    first_board_on: bool = False
    on_ready: Callable[[], None] = lambda: None
    read: Callable[[], AgentSettings] | None = None
    config: Path | None = None
    people: tuple[Person, ...] = ()


def run_agent(settings: AgentSettings, occasion: Occasion | None = None) -> None:
    """Run until SIGINT or SIGTERM. Raises OpenPduError when the agent cannot start."""
    allocate_sparingly()
    keep_privileges()
    output = LogThread(
        sys.stderr, settings.log.level, settings.log.max_kib_per_minute, settings.secrets
    )
    try:
        for warning in settings.warnings:
            log.warning("%s", warning)
        asyncio.run(_run(settings, occasion or Occasion()))
    finally:
        output.stop()


async def _run(settings: AgentSettings, occasion: Occasion) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    agent = Agent(settings, occasion)
    try:
        await agent.start()
        if occasion.read is not None and not sys.stderr.isatty():  # there it means: hung up
            loop.add_signal_handler(signal.SIGHUP, agent.reload_soon)
        await stopping.wait()
    finally:
        await agent.stop()


class Agent:
    """One running agent. `start` and `stop` once each, in one loop."""

    def __init__(self, settings: AgentSettings, occasion: Occasion) -> None:
        self._settings = settings
        self._occasion = occasion
        self._folders = settings.runtime_dir, settings.state_dir
        self._clock = SystemClock(settings.simulator.speed)
        self._runtime: Runtime | None = None
        self._hardware: Hardware | None = None
        self._exit = AsyncExitStack()
        self._takers: list[Take] = []
        self._queues: list[Callable[[], Iterable[Queue]]] = []
        """What waits in the agent, by those who know."""
        self._reloader: Reloader | None = None
        self._reloading: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Returns when every face answers. Raises OpenPduError; `stop` then cleans up."""
        for folder in self._folders:
            prepare_directory(folder)
        store = RecordStore(*self._folders, self._on_flush)
        self._exit.push_async_callback(asyncio.to_thread, self._close_store, store)
        for text in await asyncio.to_thread(finish, *self._folders):
            log.warning("%s", text)
        loaded = await asyncio.to_thread(store.load)
        for warning in loaded.warnings:
            log.error("%s", warning)
        birth = _birth(loaded, self._settings.simulator.speed)
        store.begin_audit(birth.record.engine_id.hex())
        store.save(birth.record)  # so that the card's copy is not taken for newer
        await asyncio.to_thread(store.flush_now, birth.record)
        runtime, hardware = self._assemble(store, birth, is_first=loaded.record is None)
        hooks = self._run_hooks(runtime)
        panel = Panel(self._settings, self._clock, hardware.site, runtime)
        self._exit.push_async_callback(panel.stop)
        fans = fan_keeper(self._settings, self._clock, hardware.site, runtime.deliver_fan)
        runtime.set_fan = fans.set_duty
        self._exit.push_async_callback(asyncio.to_thread, fans.stop)
        earlier = runtime.core.events.subscribe(EARLIER_EVENTS)
        for report in await asyncio.to_thread(hardware.inspect):
            runtime.meet(report)
        hardware.inrush.tell = runtime.deliver_inrush
        hardware.start()
        runtime.start()
        panel.start()
        fans.start()
        if not runtime.core.met_cold and not await runtime.finish_acknowledged(FINISH_LIMIT_S):
            log.warning("a relay board is too slow to finish what was accepted before the start")
        await self._start_snmp(runtime, birth.record, earlier)
        self._occasion.on_ready()
        reloader = self._reloader = Reloader(
            self._settings, self._occasion.read, runtime.core, self._takers
        )
        services = await self._services(runtime, hardware, hooks, reloader)
        await self._start_web(runtime, services)
        await self._start_nut(runtime, hooks)
        self._watch_over(runtime, lambda: all(each.is_alive() for each in (hardware, panel, fans)))
        self._look_at_board(runtime)
        self._ask_hosts(runtime)
        self._read_upses(runtime)
        gc.collect()
        gc.freeze()  # what lives now lives for good: later collections need not look at it
        give_back_free_pages()
        self._run_until_stopped(keep_giving_back(), "give back memory")

    async def _services(
        self, runtime: Runtime, hardware: Hardware, hooks: HookRunner, reloader: Reloader
    ) -> Services:
        """What the API offers besides the core."""
        return Services(
            hardware.inrush.newest,
            reloader.reload,
            runtime.core.upcoming,
            hooks.rows,
            asker(lambda: core_settings_of(reloader.settings), runtime.core),
            auth=await asyncio.to_thread(open_auth, self._settings, self._occasion.people),
            waves=hardware.waves.ask,
            configuration=self._configuration(reloader, runtime),
            audit=partial(
                commands_newest_first, self._settings.runtime_dir, self._settings.state_dir
            ),
            check_audit=partial(verify, self._settings.runtime_dir, self._settings.state_dir),
            events=runtime.core.events,
            week=lambda *asked: week(core_settings_of(reloader.settings), *asked),
            costs=lambda: cost_terms_of(reloader.settings),
            backups=self._make_backups(runtime),
            history=self._keep_history(runtime),
        )

    def _assemble(
        self, store: RecordStore, birth: Birth, is_first: bool
    ) -> tuple[Runtime, Hardware]:
        settings = self._settings
        core_settings = core_settings_of(settings)
        runtime = self._runtime = Runtime(
            core_settings, self._clock, store, birth, self._send, settings.simulator.speed
        )
        hardware = self._hardware = Hardware(
            settings,
            self._clock,
            runtime.deliver_report,
            runtime.deliver_reading,
            runtime.deliver_sensor,
            runtime.deliver_trouble,
            already_running=is_first and self._occasion.first_board_on,
            resumes=resumes(birth.record, birth.boot_id, self._clock),
        )
        self._queues += [hardware.queues, lambda: (store.queue, runtime.core.events.fullest)]
        self._exit.push_async_callback(asyncio.to_thread, hardware.stop)
        self._exit.callback(runtime.stop)
        return runtime, hardware

    def _run_hooks(self, runtime: Runtime) -> HookRunner:
        hooks = HookRunner(self._settings.hooks, self._clock, runtime.deliver_hook)
        runtime.run_hook, runtime.stop_hook = hooks.start, hooks.end
        self._takers.append(hooks.renew)
        self._exit.push_async_callback(hooks.stop)
        return hooks

    async def _start_snmp(self, runtime: Runtime, record: Record, earlier: Subscription) -> None:
        # Imported here: pysnmp is a third of the start-up time, and relays come first.
        from pdu_agent.snmp.face import SnmpFace

        core = runtime.core
        snmp = SnmpFace(self._settings.snmp, core, core.events, record.engine_id, record.boots)
        await snmp.start()
        self._queues.append(snmp.queues)
        self._exit.push_async_callback(snmp.stop)
        core.events.unsubscribe(earlier)
        snmp.notify(earlier.drain())
        log.info("SNMP answers on %s", ", ".join(snmp.addresses) or NO_PORT)

    def _configuration(self, reloader: Reloader, runtime: Runtime) -> Configuration:
        if self._occasion.config is None:
            return WithoutFile()
        # Imported here: only who has a file needs the YAML parser and all the checks.
        from pdu_agent.app.config_file import ConfigFile

        return ConfigFile(self._occasion.config, os.environ, reloader, runtime.core.note_change)

    async def _start_web(self, runtime: Runtime, services: Services) -> None:
        # In a thread, because importing aiohttp takes long enough to delay SNMP answers.
        web = await asyncio.to_thread(_import_web)
        http, folder = self._settings.http, self._settings.state_dir
        server = web(runtime.core, http, services=services, state_dir=folder)
        self._takers.append(lambda settings: server.renew_certificate(settings.http))
        await server.start()
        self._exit.push_async_callback(server.stop)
        await asyncio.to_thread(announce_setup, services.auth)

    async def _start_nut(self, runtime: Runtime, hooks: HookRunner) -> None:
        if not self._settings.nut.state_path:
            return
        # Imported here: most units are no NUT device.
        from pdu_agent.app.nut_devices import NutDevices

        devices = NutDevices(self._settings, runtime.core)
        self._exit.callback(devices.stop)
        await devices.start()
        self._takers.append(devices.take)
        hooks.tell_server = devices.tell_server

    def _keep_history(self, runtime: Runtime) -> HistoryStore | None:
        if not self._settings.history.enabled:
            return None
        keeper = HistoryKeeper(self._settings, self._clock, runtime)
        self._queues.append(lambda: (keeper.store.queue,))
        self._exit.push_async_callback(keeper.stop)
        keeper.start()
        return keeper.store

    def _watch_over(self, runtime: Runtime, is_alive: Callable[[], bool]) -> None:
        """Tell systemd that we are up, and keep telling while loop and buses make progress."""
        manager = ServiceManager(os.environ)
        manager.ready(f"SNMP answers on {', '.join(self._settings.snmp.listen) or NO_PORT}")

        def feed() -> None:
            if is_alive():
                manager.watchdog()

        runtime.on_second = feed
        self._exit.callback(manager.close)
        self._exit.callback(manager.stopping)

    def _look_at_board(self, runtime: Runtime) -> None:
        watch = HostWatch(
            HostReader(self._settings.state_dir),
            runtime.core.on_host,
            lambda: (queue for queues in self._queues for queue in queues()),
        )
        self._run_until_stopped(watch.run(), "look at the board")

    def _make_backups(self, runtime: Runtime) -> BackupDesk:
        core = runtime.core
        desk = BackupDesk(
            self._settings,
            self._clock,
            lambda trouble: core.on_device_trouble("store", "backup", trouble or None),
        )
        self._run_until_stopped(desk.run(), "make backups")
        return desk

    def _run_until_stopped(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._exit.push_async_callback(asyncio.wait, {task})
        self._exit.callback(task.cancel)

    def reload_soon(self) -> None:
        """Read the configuration anew; the log tells what came of it."""
        if self._reloader is not None:
            task = asyncio.create_task(_reload_quietly(self._reloader), name="reload")
            self._reloading.add(task)
            task.add_done_callback(self._reloading.discard)

    def _ask_hosts(self, runtime: Runtime) -> None:
        probes = HostProbes(runtime.core.on_watched_host)
        probes.watch(self._settings.hosts)
        self._takers.append(probes.take)
        self._exit.push_async_callback(probes.stop)

    def _read_upses(self, runtime: Runtime) -> None:
        """The reader is there once there is something to read: most units have no UPS."""
        reader: UpsReader | None = None

        def take(settings: AgentSettings) -> None:
            nonlocal reader
            if reader is None and settings.upses:
                # Loaded here: with TLS it is as large as all the rest of a small unit's NUT.
                from pdu_agent.nut.client.reader import UpsReader

                core = runtime.core
                reader = UpsReader(core.on_upses, core.uptime_s, settings.simulator.speed)
                self._exit.push_async_callback(reader.stop)
            if reader is not None:
                reader.read(self._with_simulated(settings.upses))

        take(self._settings)
        self._takers.append(take)

    def _with_simulated(self, upses: tuple[UpsSettings, ...]) -> tuple[UpsSettings, ...]:
        address = self._hardware.upsd_address if self._hardware is not None else ""
        return tuple(
            replace(ups, server=address) if ups.server == SIMULATED else ups for ups in upses
        )

    async def stop(self) -> None:
        """Leave in reverse order, all of it whatever fails; the relays stay as they are.

        Raises what failed last.
        """
        await self._exit.aclose()

    def _close_store(self, store: RecordStore) -> None:
        try:
            if self._runtime is not None:
                record = self._runtime.core.final_record()
                store.save(record)
                store.flush_now(record)
        except StoreError as exc:
            log.error("the last state could not be stored: %s", exc)
        finally:
            store.close()

    def _send(self, order: object) -> bool:
        return self._hardware is not None and self._hardware.send(order)  # type: ignore[arg-type]

    def _on_flush(self, error: StoreError | None) -> None:
        if self._runtime is not None:
            self._runtime.deliver_flush(error)


async def _reload_quietly(reloader: Reloader) -> None:
    with suppress(ConfigError):  # the reloader has told it
        await reloader.reload(Actor("cli", "signal", f"pid {os.getpid()}"))


def _birth(loaded: Loaded, speed: float) -> Birth:
    """This start, with its boots counted and an engine ID made if there is none yet."""
    record = loaded.record or Record()
    engine_id = record.engine_id or ENGINE_ID_PREFIX + secrets.token_bytes(8)
    record = replace(record, seq=record.seq + 1, boots=record.boots + 1, engine_id=engine_id)
    return Birth(
        record=record,
        continuous=loaded.tier == "runtime" or loaded.record is None,
        boot_id=_boot_id(speed),
        software_version=__version__,
        warnings=loaded.warnings,
        events=loaded.events,
        config_lock=secrets.randbelow(LAST_LOCK + 1),
    )


def _boot_id(speed: float) -> str:
    """Names the run of the monotonic clock; simulated fast time starts anew in each process."""
    if speed != 1.0:
        return secrets.token_hex(8)
    try:
        return BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        return secrets.token_hex(8)


def _import_web() -> type:
    from pdu_agent.web.server import WebServer

    return WebServer

# SPDX-License-Identifier: Apache-2.0
"""What the runtime carries between threads, core and store: sensors in, event log out."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from pdu_agent.app.runtime import Runtime
from pdu_agent.core.birth import Birth
from pdu_agent.core.settings import (
    CoreSettings,
    DeviceSettings,
    InletSettings,
    SensorSettings,
    ThresholdSettings,
)
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.commands import Actor, CreateGroup, Quantity, Target, TargetKind
from pdu_agent.model.readings import BankState, SensorReading
from pdu_agent.model.record import Record
from pdu_agent.model.snapshot import EventKind
from pdu_agent.store.record_store import Loaded, RecordStore

SETTINGS = CoreSettings(
    DeviceSettings(),
    (InletSettings(1),),
    (),
    sensors=(SensorSettings(1),),
    thresholds=(
        ThresholdSettings(
            Target(TargetKind.SENSOR, 1), Quantity.TEMPERATURE, high_critical=60.0, delay_s=0.05
        ),
    ),
)


def store_in(folder: Path) -> RecordStore:
    return RecordStore(folder / "run", folder / "state", lambda _: None)


def born(loaded: Loaded) -> Birth:
    record = loaded.record or Record(engine_id=b"x")
    return Birth(record, True, "boot", "1.0", events=loaded.events)


async def _one_run(folder: Path) -> None:
    store = store_in(folder)
    clock = SystemClock()
    runtime = Runtime(SETTINGS, clock, store, born(store.load()), lambda _: True)
    raised = asyncio.Event()
    runtime.core.events.subscribe(wake=raised.set)
    runtime.start()
    runtime.core.submit_all([CreateGroup(4)], Actor("cli", "root"))
    reading = SensorReading(1, clock.monotonic_s(), 61.5)
    thread = threading.Thread(target=runtime.deliver_sensor, args=(reading,))
    thread.start()
    thread.join()
    async with asyncio.timeout(5):
        while not runtime.core.snapshot.alarms:
            await raised.wait()
            raised.clear()
    runtime.stop()
    store.save(runtime.core.final_record())
    store.close()


def test_a_delay_ends_on_time_and_the_log_is_there_after_the_restart(tmp_path: Path) -> None:
    asyncio.run(_one_run(tmp_path))
    store = store_in(tmp_path)
    loaded = store.load()
    store.close()
    assert [event.kind for event in loaded.events] == [
        EventKind.STARTED,
        EventKind.CONFIGURATION,
        EventKind.THRESHOLD_RAISED,
    ]
    assert loaded.record is not None
    assert loaded.record.last_event == loaded.events[-1].number == 3
    assert list(loaded.record.groups) == [4]


async def _timers_of_a_run(folder: Path) -> int:
    store = store_in(folder)
    runtime = Runtime(SETTINGS, SystemClock(), store, born(store.load()), lambda _: True)
    runtime.meet(BankState("unknown", False, ()))  # boards are met before the first tick
    runtime.start()
    for _ in range(5):
        runtime.wake()
        await asyncio.sleep(0)
    handles = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    live = [handle for handle in handles if not handle.cancelled()]
    runtime.stop()
    store.close()
    return len(live)


def test_one_timer_drives_the_core(tmp_path: Path) -> None:
    assert asyncio.run(_timers_of_a_run(tmp_path)) == 1

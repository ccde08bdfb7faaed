# SPDX-License-Identifier: Apache-2.0
"""What the runtime carries between threads, core and store: sensors in, event log out."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

from pdu_agent.app.runtime import Runtime
from pdu_agent.core.birth import Birth
from pdu_agent.core.settings import (
    CoreSettings,
    DeviceSettings,
    InletSettings,
    OutletSettings,
    RelayRef,
    SensorSettings,
    ThresholdSettings,
)
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.commands import Actor, CreateGroup, Quantity, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import BankState, Measurement, Reading, SensorReading
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


def _timers_s() -> list[float]:
    handles = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return [handle.when() for handle in handles if not handle.cancelled()]


async def _timers_of_a_run(folder: Path) -> int:
    store = store_in(folder)
    runtime = Runtime(SETTINGS, SystemClock(), store, born(store.load()), lambda _: True)
    runtime.meet(BankState("unknown", False, ()))  # boards are met before the first tick
    runtime.start()
    for _ in range(5):
        runtime.wake()
        await asyncio.sleep(0)
    timers_s = _timers_s()
    runtime.stop()
    store.close()
    return len(timers_s)


def test_one_timer_drives_the_core(tmp_path: Path) -> None:
    assert asyncio.run(_timers_of_a_run(tmp_path)) == 1


async def _timer_after_currents_s(folder: Path, *currents_a: float) -> list[float]:
    """When the timer is due before these readings, and after each of them."""
    store = store_in(folder)
    clock = SystemClock()
    outlet = OutletSettings(1, relay=RelayRef("main", 0), trip_above_a=6.0)
    settings = replace(SETTINGS, outlets=(outlet,), stale_after_s={"outlet 1": 60.0})
    runtime = Runtime(settings, clock, store, born(store.load()), lambda _: True)
    runtime.meet(BankState("main", False, (True,)))
    runtime.start()
    await asyncio.sleep(0)
    timers_s = _timers_s()
    for current_a in currents_a:
        electrical = Electrical(current_a=current_a, quality=Quality.OK)
        measured = Measurement(Target(TargetKind.OUTLET, 1), electrical, 0.0)
        runtime.deliver_reading(Reading("meter", 1, clock.monotonic_s(), 0.2, (measured,)))
        await asyncio.sleep(0)
        timers_s += _timers_s()
    runtime.stop()
    store.close()
    return timers_s


def test_a_reading_brings_the_next_tick_forward_only_where_that_matters(tmp_path: Path) -> None:
    at_first_s, as_ever_s, too_much_s = asyncio.run(_timer_after_currents_s(tmp_path, 5.0, 7.0))
    assert as_ever_s == at_first_s
    assert too_much_s < at_first_s

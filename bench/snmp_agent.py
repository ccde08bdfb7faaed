# SPDX-License-Identifier: Apache-2.0
"""The agent's SNMP face, core and store in a process of their own, with arithmetic for a mains.

    python bench/snmp_agent.py --outlets 24 [--mibs openpdu powernet]

For snmp_vs_snmpd.py: what SNMP costs, without converters and their simulator. Readings come
from a thread, five a second from each converter, through the door that real ones take. The
source of all load is exempt from the rate limit but not from other limits; access control
and counters are on. Prints the UDP port when it answers; ends with SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import repository  # noqa: F401

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.demo import demo_settings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.app.hardware import THREAD_SWITCH_S, stale_after_s
from pdu_agent.app.runtime import Order, Runtime
from pdu_agent.core.birth import Birth
from pdu_agent.core.settings import CoreSettings
from pdu_agent.mib_impl.identity import MIB_NAMES, OWN
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import BankState, Measurement, Reading
from pdu_agent.model.record import Record
from pdu_agent.snmp.face import SnmpFace
from pdu_agent.store.record_store import RecordStore

ENGINE_ID = bytes.fromhex("80001f8805") + b"measured"
WINDOW_S = 0.2
MAINS_V = 230.0
PERIOD = 5
"""Readings after which everything that is drawn begins anew, so that peaks are soon over."""
STEP_W = 0.125
ENERGY_MJ = 72e6
"""Of a window: 0.1 kWh a second, far more than is drawn, so that whoever reads all values
for some seconds sees every counter move, those in Wh and 0.1 kWh too.
"""
LOOPBACK = ("127.0.0.0/8",)


def readings(settings: AgentSettings, clock: SystemClock) -> Iterator[tuple[Reading, ...]]:
    """One window after the other, each of all converters; outlet n draws about n watts."""
    for number in itertools.count(1):
        extra_w = STEP_W * (number % PERIOD)
        now_s = clock.monotonic_s()
        yield tuple(
            Reading(
                meter.name,
                number,
                now_s,
                WINDOW_S,
                tuple(_measurement(target, settings, extra_w) for target in meter.targets),
            )
            for meter in settings.meters
        )


def _measurement(target: Target, settings: AgentSettings, extra_w: float) -> Measurement:
    outlets = len(settings.outlets)
    power_w = target.index + extra_w
    if target.kind is TargetKind.INLET:
        power_w = outlets * (outlets + 1) / 2 + outlets * extra_w
    electrical = Electrical(
        voltage_v=MAINS_V + extra_w,
        current_a=power_w / MAINS_V,
        active_power_w=power_w,
        apparent_power_va=power_w,
        reactive_power_var=0.0,
        power_factor=1.0,
        frequency_hz=50.0 + extra_w / 100,
        crest_factor=1.414,
        quality=Quality.OK,
    )
    return Measurement(target, electrical, ENERGY_MJ)


def meter_thread(settings: AgentSettings, runtime: Runtime, stop: threading.Event) -> None:
    for window in readings(settings, SystemClock()):
        for reading in window:
            runtime.deliver_reading(reading)
        if stop.wait(WINDOW_S):
            return


def assemble(settings: AgentSettings, store: RecordStore) -> Runtime:
    """Core, store and timer; the relays of an assumed board, which nobody moves here."""
    core_settings = CoreSettings(
        settings.device, settings.inlets, settings.outlets, stale_after_s(settings)
    )
    birth = Birth(Record(boots=1, engine_id=ENGINE_ID), True, "bench", "0")
    runtime = Runtime(core_settings, SystemClock(), store, birth, _refuse)
    for board in settings.relays:
        runtime.meet(BankState(board.name, False, (True,) * board.options.relay_count))
    runtime.start()
    return runtime


def _refuse(order: Order) -> bool:  # noqa: ARG001
    return False


async def serve(settings: AgentSettings) -> None:
    """Answer until SIGTERM."""
    ending, stop = asyncio.Event(), threading.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    sys.setswitchinterval(THREAD_SWITCH_S)
    store = RecordStore(settings.runtime_dir, settings.state_dir, lambda _error: None)
    runtime = assemble(settings, store)
    face = SnmpFace(settings.snmp, runtime.core, runtime.core.events, ENGINE_ID, 1)
    await face.start()
    face.notify(())
    meter = threading.Thread(target=meter_thread, args=(settings, runtime, stop))
    meter.start()
    gc.collect()
    gc.freeze()
    print(face.addresses[0].rpartition(":")[2], flush=True)
    await ending.wait()
    stop.set()
    await asyncio.to_thread(meter.join)
    await face.stop()
    runtime.stop()
    store.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outlets", type=int, default=24)
    parser.add_argument("--mibs", nargs="+", choices=MIB_NAMES, default=[OWN])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openpdu-bench-") as folder:
        options = DemoOptions(outlets=arguments.outlets)
        settings = demo_settings(options, Path(folder) / "state", Path(folder) / "run")
        snmp = replace(
            settings.snmp,
            listen=("127.0.0.1:0",),
            unlimited_networks=LOOPBACK,
            mibs=tuple(arguments.mibs),
        )
        asyncio.run(serve(replace(settings, snmp=snmp)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""What was not believed is counted, shown on every face, and never a value."""

from __future__ import annotations

from pdu_agent.app.commands.status import lines
from pdu_agent.app.terminal import Style
from pdu_agent.mib_impl.identity import agent_modules
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import Measurement, Reading, SensorReading
from pdu_agent.model.snapshot import OwnTariff, SourceCounts
from pdu_agent.web import resources
from tests.core.bench import INLET, Workbench
from tests.web.shown import status


def reject(bench: Workbench, count: int, source: str = "main") -> None:
    bench.core.on_reading(Reading(source, 1, 0.0, 0.0, (), rejected=count))


def content(bench: Workbench, *suffix: int) -> object:
    view = MibView(agent_modules(bench.core.uptime_s, SnmpCounters()))
    found = view.get((*DEFAULT_ARC, 1, *suffix), bench.core.snapshot)
    return found.content if isinstance(found, Value) else None


def test_each_source_has_its_counters_and_all_together_have_theirs() -> None:
    bench = Workbench(1)
    reject(bench, 3)
    reject(bench, 2, "garage")
    bench.core.on_reading(Reading("main", 2, 0.0, 0.0, (), lost_samples=7))
    bench.core.on_sensor(SensorReading(4, 0.0, 21.0, rejected=1))
    bench.core.on_source_trouble("main", "no answer")
    health = bench.core.snapshot.health
    assert health.sources == (
        SourceCounts("meter garage", rejected_readings=2),
        SourceCounts("meter main", 3, 7, 1),
        SourceCounts("sensor 4", rejected_readings=1),
    )
    assert (health.rejected_readings, health.lost_samples, health.hardware_errors) == (6, 7, 1)


def test_what_is_rejected_is_no_reading() -> None:
    bench = Workbench(1)
    bench.read(active_power_w=100.0, energy_mj=5.0)
    before = bench.core.snapshot
    bench.run(0.3)
    reject(bench, 1)
    after = bench.core.snapshot
    assert after.inlets[0].meter == before.inlets[0].meter
    assert after.sample_wall_s == before.sample_wall_s


def test_every_face_shows_how_often_hardware_lied() -> None:
    bench = Workbench(1)
    reject(bench, 12)
    bench.core.on_reading(Reading("main", 2, 0.0, 0.0, (), lost_samples=7))
    snapshot = bench.core.snapshot
    assert content(bench, 1, 19, 0) == 12
    assert content(bench, 1, 20, 0) == 7
    shown = status(snapshot)
    assert shown["health"]["rejected_readings"] == 12
    assert shown["health"]["sources"] == [
        {
            "source": "meter main",
            "rejected_readings": 12,
            "lost_samples": 7,
            "hardware_errors": 0,
        }
    ]
    text = lines(shown, Style(colour=False, unicode=False, width=None))
    assert "Readings not believed since the start: meter main (12)" in text


def test_nothing_is_said_while_all_was_believed() -> None:
    bench = Workbench(1)
    bench.read(active_power_w=100.0)
    text = lines(status(bench.core.snapshot), Style(colour=False, unicode=False, width=None))
    assert not any("not believed" in line for line in text)


def test_the_meter_s_own_tariffs_are_shown_beside_the_energy() -> None:
    bench = Workbench(1)
    own = (OwnTariff(1, 7_200_000, 3_600_000), OwnTariff(4, 3_600_000))
    electrical = Electrical(active_power_w=1.0, quality=Quality.OK)
    bench.measure(Measurement(INLET, electrical, 0.0, own_tariffs=own))
    meter = resources.inlets(bench.core.snapshot)["inlets"][0]["meter"]
    assert meter["own_tariffs"] == [
        {"number": 1, "energy_wh": 2, "reactive_varh": 1},
        {"number": 4, "energy_wh": 1, "reactive_varh": None},
    ]
    assert meter["energy_wh"] == 0
    assert content(bench, 2, 8, 1, 4, 1, 1, 1) == 2000
    assert content(bench, 2, 8, 1, 5, 1, 1, 1) == 1000
    assert content(bench, 2, 8, 1, 4, 1, 1, 4) == 1000
    assert content(bench, 2, 8, 1, 5, 1, 1, 4) is None

# SPDX-License-Identifier: Apache-2.0
"""A core that goes on with other settings: no relay moves, no register changes."""

from __future__ import annotations

from dataclasses import replace

from pdu_agent.core.metered.tariffs import TariffSettings
from pdu_agent.core.settings import (
    CoreSettings,
    GroupSettings,
    OutletSettings,
    ThresholdSettings,
)
from pdu_agent.model.audit import AuditResult
from pdu_agent.model.commands import (
    Action,
    Actor,
    ConfigureOutlet,
    CreateGroup,
    OutletSetting,
    Quantity,
    SetMember,
    SwitchGroup,
)
from pdu_agent.model.events import SettingsReloaded
from pdu_agent.model.snapshot import OutletState, ThresholdState
from tests.core.bench import INLET, OPS, Workbench

ANN = Actor("cli", "ann")


def renewed(bench: Workbench, **changes: object) -> CoreSettings:
    settings = replace(bench.settings, **changes)  # type: ignore[arg-type]
    bench.core.renew(settings, ANN)
    bench.settle()
    bench.run(5)
    return settings


def with_outlet(bench: Workbench, number: int, **changes: object) -> tuple[OutletSettings, ...]:
    return tuple(
        replace(each, **changes) if each.number == number else each  # type: ignore[arg-type]
        for each in bench.settings.outlets
    )


def test_other_delays_count_from_the_next_command_on() -> None:
    bench = Workbench()
    renewed(bench, outlets=with_outlet(bench, 3, off_delay_s=7, name="nas"))
    assert bench.outlet(3).name == "nas"
    assert bench.board.moves == []
    bench.switch(3, Action.OFF_DELAYED)
    assert bench.outlet(3).pending_s == 7


def test_what_is_pending_stays_pending() -> None:
    bench = Workbench()
    bench.switch(3, Action.OFF_DELAYED, 60)
    bench.switch(4, Action.REBOOT)
    bench.run(1)
    renewed(bench, outlets=with_outlet(bench, 3, off_delay_s=7))
    assert bench.state(3) is OutletState.OFF_PENDING
    assert 50 < bench.outlet(3).pending_s < 55
    bench.run(60)
    assert bench.state(3) is OutletState.OFF
    assert bench.state(4) is OutletState.ON


def test_energy_and_the_readings_stay() -> None:
    bench = Workbench()
    bench.read(energy_mj=5000.0, active_power_w=25.0)
    before = bench.core.final_record().meters["inlet 1"]
    renewed(bench, tariffs=(TariffSettings("night"),), device=replace(bench.settings.device))
    assert bench.core.final_record().meters["inlet 1"] == before
    bench.read(energy_mj=1000.0, active_power_w=25.0)
    after = bench.core.final_record().meters["inlet 1"]
    assert after.energy_mj == before.energy_mj + 1000
    assert [row[:2] for row in after.tariffs] == [("night", 1000)]


def test_a_limit_that_is_new_judges_the_value_that_is_there() -> None:
    bench = Workbench(stale_after_s=60)
    bench.read(current_a=9.0)
    limit = ThresholdSettings(INLET, Quantity.CURRENT, high_warning=8.0)
    renewed(bench, thresholds=(limit,))
    assert bench.threshold(Quantity.CURRENT).state is ThresholdState.HIGH_WARNING
    assert len(bench.alarms("threshold")) == 1
    renewed(bench, thresholds=())
    assert bench.alarms("threshold") == []


def test_a_limit_that_stays_does_not_raise_its_alarm_again() -> None:
    limit = ThresholdSettings(INLET, Quantity.CURRENT, high_warning=8.0)
    bench = Workbench(stale_after_s=60, thresholds=(limit,))
    bench.read(current_a=9.0)
    (before,) = bench.alarms("threshold")
    renewed(bench, thresholds=(limit,), outlets=with_outlet(bench, 1, name="x"))
    assert bench.alarms("threshold") == [before]


def test_a_setting_changed_at_run_time_stays_until_the_file_says_something_else() -> None:
    bench = Workbench()
    bench.submit(ConfigureOutlet(1, OutletSetting.NAME, "mine"))
    renewed(bench, outlets=with_outlet(bench, 2, name="other"))
    assert bench.outlet(1).name == "mine"
    renewed(bench, outlets=with_outlet(bench, 1, name="file"))
    assert bench.outlet(1).name == "file"


def test_groups_come_and_go_with_the_file() -> None:
    bench = Workbench(groups=(GroupSettings(1, "old", (1, 2)),))
    bench.submit(CreateGroup(5), SetMember(5, 4, True))
    topology = bench.core.snapshot.topology
    renewed(bench, groups=(GroupSettings(2, "new", (3,)),))
    assert {row.index: row.members for row in bench.core.snapshot.groups} == {2: (3,), 5: (4,)}
    assert bench.core.snapshot.topology != topology
    bench.submit(SwitchGroup(2, Action.OFF))
    bench.run(1)
    assert bench.state(3) is OutletState.OFF


def test_power_that_may_flow_back_is_no_fault_any_more() -> None:
    bench = Workbench(stale_after_s=60)
    for _ in range(60):
        bench.read(active_power_w=-100.0, apparent_power_va=100.0)
        bench.run(0.2)
    assert len(bench.alarms("backwards")) == 1
    inlets = tuple(replace(each, feeds_back=True) for each in bench.settings.inlets)
    renewed(bench, inlets=inlets)
    assert bench.alarms("backwards") == []


def test_it_is_told_and_stands_in_the_audit_log() -> None:
    bench = Workbench()
    renewed(bench)
    assert bench.audited[-1].actor == ANN
    assert bench.audited[-1].asked == "reload the configuration"
    assert bench.audited[-1].result is AuditResult.CHANGED
    bench.core.note_reload(OPS, "openpdu.yaml:3:1: nonsense")
    assert bench.audited[-1].result is AuditResult.REFUSED
    told = bench.events(SettingsReloaded)
    assert [event.error for event in told] == ["", "openpdu.yaml:3:1: nonsense"]

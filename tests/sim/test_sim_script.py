# SPDX-License-Identifier: Apache-2.0
"""Scripts: what may stand in them, what they do to the board, and the ones that are shipped."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from errno import ENXIO, ETIMEDOUT
from pathlib import Path
from typing import get_args

import pytest

from pdu_agent.app.config.load import ConfigErrors, check_file
from pdu_agent.app.script_file import load_script, shipped_scripts
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.hw.sim.board import SimulatedBoard
from pdu_agent.hw.sim.device import Verb
from pdu_agent.hw.sim.script import ACTIONS, Player
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.commands import Target, TargetKind
from tests.hw.relays import switched
from tests.sim.strip import make_strip

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "etc" / "scripts").glob("*.yaml"))
INLET = Target(TargetKind.INLET, 1)


def outlet(number: int) -> Target:
    return Target(TargetKind.OUTLET, number)


class Stage:
    """A strip at work and the clock that it is on."""

    def __init__(self, folder: Path, outlets: int = 8) -> None:
        self.clock = ManualClock()
        self.folder = folder
        self.log = folder / "relays.log"
        self.board: SimulatedBoard = make_strip(
            outlets,
            self.clock,
            self.clock.advance,
            folder,
            already_running=True,
            relay_log=self.log,
            upses={"rack": (1,)},
        )
        self.relays = Mcp23008Bank(self.board.bus("sim"), Mcp23008Settings())

    def player(self, text: str) -> Player:
        file = self.folder / "script.yaml"
        file.write_text(text, encoding="utf-8")
        return Player(load_script(str(file), self.board), self.board, self.clock.monotonic_s())

    def watts(self, number: int) -> float:
        return self.board.truth(outlet(number)).active_power_w

    def movements(self) -> list[list[str]]:
        return [line.split()[1:] for line in self.log.read_text(encoding="ascii").splitlines()]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.board.close()


def problems_of(stage: Stage, text: str) -> list[str]:
    try:
        stage.player(text)
    except ConfigErrors as exc:
        return exc.problems
    return []


def complaints(stage: Stage, text: str) -> list[str]:
    return [line.rsplit("/", 1)[-1] for line in problems_of(stage, text)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- at: 10\n  say: x", "script.yaml:1:7: steps[0].at: '10' is no time; expected a number"),
        (
            "- lod: {of: outlet 1}",
            "script.yaml:1:3: steps[0]: unknown key 'lod' (did you mean load?)",
        ),
        ("- load: {of: outlet 9, watts: 1}", "script.yaml:1:14: steps[0].load.of: there is no out"),
        ("- load: {of: outlet 1, watts: -1}", "script.yaml:1:31: steps[0].load.watts: -1 is below"),
        ("- load: {of: sensor 1, watts: 1}", "script.yaml:1:9: steps[0].load: of: sensor 1 takes"),
        ("- relay: {weld: 9}", "script.yaml:1:17: steps[0].relay.weld: outlet 9 has no simulated"),
        ("- relay: {weld: 1, stick: 2}", "script.yaml:1:10: steps[0].relay: expected one of weld"),
        ("- bus: {name: sim:3, nack: 1}", "script.yaml:1:15: steps[0].bus.name: no simulated bus"),
        (
            "- device: {name: boad1, unplug: true}",
            "script.yaml:1:18: steps[0].device.name: no",
        ),
        (
            "- device: {name: board1, clip_channel: 2}",
            "script.yaml:1:40: steps[0].device.clip_channel: board1 cannot clip_channel; it can",
        ),
        ("- mains: {harmonics: {4: 0.1}}", "script.yaml:1:22: steps[0].mains.harmonics: order '4'"),
        ("- mains: {sag: 0.5, hz: 49}", "script.yaml:1:10: steps[0].mains: expected one of volts"),
        (
            "- sensor: {number: 7, value: 3}",
            "script.yaml:1:20: steps[0].sensor.number: sensor 7",
        ),
        ("- say: x\n  wait: 3s", "script.yaml:1:3: steps[0]: 2 actions; expected one of load"),
        ("- {at: 1s, after: 1s, say: x}", "script.yaml:1:3: steps[0]: at and after: expected one"),
        (
            "- {at: 3s, say: x}\n- {after: 1m, say: y}\n- {at: 10s, say: z}",
            "script.yaml:3:8: steps[2].at: 10s is before the entry above it, which is at 63s",
        ),
        ("- wait: 5s\n- {at: 4s, say: x}", "script.yaml:2:8: steps[1].at: 4s is before the entry"),
        ("- {times: 3, say: x}", "script.yaml:1:3: steps[0]: times: how often something comes"),
        ("- load: {of: outlet 1}", "script.yaml:1:9: steps[0].load: nothing is said of the load"),
        (
            "- load: {of: outlet 1, unplug: true, watts: 5}",
            "script.yaml:1:9: steps[0].load: unplug: stands alone",
        ),
        (
            "- load: {of: inlet 1, watts: 5, pf: 0.5}",
            "script.yaml:1:9: steps[0].load: expected watts, and nothing else",
        ),
        (
            "- mains: {hz: 49, lasting: 3s}",
            "script.yaml:1:10: steps[0].mains: lasting: goes with volts, sag or lose",
        ),
        (
            "- mains: {lose: l1, line: l2}",
            "script.yaml:1:10: steps[0].mains: line: goes with volts or sag",
        ),
        ("- mains: {volts: 3, over: 3s}", "script.yaml:1:10: steps[0].mains: over: goes with hz"),
        (
            "- device: {name: converter1, clip_channel: 9}",
            "script.yaml:1:44: steps[0].device.clip_channel: converter1 has no 9; expected 1 to 8",
        ),
        ("load: 3", "script.yaml:1:1: expected a list of steps"),
        ("- {", "script.yaml:2:1: is not YAML here"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_was_expected(stage, text, said):
    (found,) = complaints(stage, text)
    assert found.startswith(said), found


def test_all_complaints_come_at_once(stage):
    assert len(complaints(stage, "- relay: {weld: 9}\n- at: 5\n  say: x\n- mains: {}")) == 2
    assert len(complaints(stage, "- relay: {weld: 9}\n- relay: {stick: 10}")) == 2


def test_a_script_that_is_not_there_is_told(stage):
    with pytest.raises(ConfigErrors, match=r"nowhere\.yaml cannot be read: No such .*welded-relay"):
        load_script(str(stage.folder / "nowhere.yaml"), stage.board)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("- {at: 3, say: x}", "script.yaml:1:8: steps[0].at: '3' is no time"),
        ("- {at: 3s, say: x}\n- {at: 1s, say: x}", "script.yaml:2:8: steps[1].at: 1s is before"),
        (None, "openpdu.yaml:2:21: script "),
    ],
)
def test_check_tells_of_a_script_that_is_wrong(tmp_path, script, said):
    file, configuration = tmp_path / "script.yaml", tmp_path / "openpdu.yaml"
    if script is not None:
        file.write_text(script, encoding="utf-8")
    text = f"schema: 1\nsimulator: {{script: {file}}}\n"
    configuration.write_text(text, encoding="utf-8")
    (found,) = [problem for problem in check_file(configuration, {}) if not problem.warning]
    assert said in str(found)


def test_times_are_from_the_start_or_from_the_entry_before(stage, caplog):
    text = """
- {at: 1s, say: one}
- {every: 3s, times: 2, say: four and seven}
- {at: 2s, say: two}
- {say: two as well}
- {after: 500ms, say: two and a half}
- wait: 1.5s
- {say: four}
"""
    caplog.set_level(logging.INFO, logger="pdu_agent.hw.sim.script")
    player = stage.player(text)
    start_s = stage.clock.monotonic_s()
    due_s: float | None = start_s
    while due_s is not None:
        stage.clock.advance(due_s - stage.clock.monotonic_s())
        due_s = player.play(due_s)
    said = [record.getMessage().removeprefix("script, ") for record in caplog.records]
    assert said == [
        "1 s: one",
        "2 s: two",
        "2 s: two as well",
        "2.5 s: two and a half",
        "4 s: four and seven",
        "4 s: four",
        "7 s: four and seven",
    ]


def play(stage: Stage, text: str) -> None:
    stage.player(text).play(stage.clock.monotonic_s())


def test_a_load_is_told_what_to_draw_and_how(stage):
    play(stage, "- load: {of: outlet 2, watts: 500, pf: 0.5}")
    stage.clock.advance(1.0)
    truth = stage.board.truth(outlet(2))
    assert truth.active_power_w == pytest.approx(500, rel=0.03)
    assert truth.power_factor == pytest.approx(0.5, abs=0.01)
    play(stage, "- load: {of: outlet 2, unplug: true}")
    assert stage.watts(2) == 0.0
    play(stage, "- load: {of: outlet 2, plug: true, watts: 100, pf: 1, inrush: 10}")
    assert stage.board.truth(outlet(2)).current_a > 3.0
    stage.clock.advance(5.0)
    assert stage.watts(2) == pytest.approx(100, rel=0.05)


def test_a_load_behind_the_inlet_is_in_no_outlet(stage):
    outlets_w = sum(stage.watts(number) for number in range(1, 9))
    before_w = stage.board.truth(INLET).active_power_w
    play(stage, "- load: {of: inlet 1, watts: 40}")
    assert stage.board.truth(INLET).active_power_w == pytest.approx(before_w + 40, abs=1.5)
    assert sum(stage.watts(number) for number in range(1, 9)) == pytest.approx(outlets_w)


def test_a_welded_contact_stays_closed_until_it_is_released(stage):
    play(stage, "- relay: {weld: 3}")
    assert stage.movements() == []
    assert switched(stage.relays, {2: False}) == {2: False}  # the chip did what it was told
    assert stage.board.contacts.closed(3)
    assert stage.watts(3) > 10
    play(stage, "- relay: {release: 3}")
    assert stage.movements() == [["3", "0"]]
    assert stage.watts(3) == 0.0


def test_a_stuck_contact_opens_and_closes_no_more(stage):
    play(stage, "- relay: {stick: 4}")
    assert stage.board.contacts.closed(4)
    stage.relays.write({3: False})
    stage.relays.write({3: True})
    assert not stage.board.contacts.closed(4)
    play(stage, "- relay: {release: 4}")
    assert stage.movements() == [["4", "0"], ["4", "1"]]


def test_a_blown_fuse_leaves_relays_where_they_are(stage):
    play(stage, "- fuse: {of: outlet 1, open: true}")
    assert stage.board.truth(outlet(1)).voltage_v == 0.0
    assert stage.board.contacts.closed(1)
    play(stage, "- fuse: {of: outlet 1, open: false}")
    assert stage.movements() == []


def test_the_mains_sag_and_come_back_by_themselves(stage):
    play(stage, "- mains: {sag: 0.5, lasting: 2s}")
    assert stage.board.truth(INLET).voltage_v == pytest.approx(115, rel=0.02)
    stage.clock.advance(2.1)
    assert stage.board.truth(INLET).voltage_v == pytest.approx(230, rel=0.02)
    play(stage, "- mains: {lose: all}")
    assert stage.board.truth(INLET).voltage_v == 0.0
    play(stage, "- mains: {restore: all}\n- mains: {hz: 47}")
    assert stage.board.truth(INLET).voltage_v == pytest.approx(230, rel=0.02)
    assert stage.board.truth(INLET).frequency_hz == pytest.approx(47, abs=0.05)


def test_a_bus_fails_as_a_real_one_does(stage):
    for text, number in (("nack: 1", ENXIO), ("stuck: true", ETIMEDOUT), ("nack: 1000", ENXIO)):
        play(stage, f"- bus: {{{text}}}")
        with pytest.raises(OSError, match=f"Errno {number}"):
            stage.board.bus("sim").read_byte_data(0x20, 0)
        play(stage, "- bus: {heal: true}")
        stage.board.bus("sim").read_byte_data(0x20, 0)
    before_s = stage.clock.monotonic_s()
    play(stage, "- bus: {stall: 2s}")
    stage.board.bus("sim").read_byte_data(0x20, 0)
    assert stage.clock.monotonic_s() - before_s == pytest.approx(2.0)


def test_a_board_that_is_unplugged_keeps_its_relays_and_a_brown_out_drops_them(stage):
    play(stage, "- device: {name: board1, unplug: true}")
    with pytest.raises(OSError, match=f"Errno {ENXIO}"):
        stage.board.bus("sim").read_byte_data(0x20, 0)
    play(stage, "- device: {name: board1, replug: true}")
    assert stage.movements() == []
    play(stage, "- device: {name: board1, power_loss: true}")
    assert stage.movements() == [[str(number), "0"] for number in range(1, 9)]
    assert stage.relays.inspect() == (True, (False,) * 8)


def test_a_sensor_feels_what_it_is_told(stage):
    file = Path(stage.board.devices["sensor 1"].path)
    play(stage, "- sensor: {number: 1, value: 60.5}")
    assert file.read_text(encoding="ascii") == "60500\n"
    play(stage, "- sensor: {number: 1}")
    assert 33_000 <= int(file.read_text(encoding="ascii")) <= 43_000
    play(stage, "- device: {name: sensor 1, unplug: true}")
    assert not file.exists()


def test_an_outlet_can_be_told_to_draw_nothing(stage):
    play(stage, "- load: {of: outlet 2, watts: 0}")
    assert stage.watts(2) == 0.0
    play(stage, "- load: {of: inlet 1, watts: 0}")


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_the_shipped_scripts_play_to_their_end_and_leave_the_unit_well(path, stage):
    """Three minutes of each; what lasts at most a minute is then over."""
    player = Player(load_script(path.stem, stage.board), stage.board, stage.clock.monotonic_s())
    end_s = stage.clock.monotonic_s() + 179.5
    due_s: float | None = stage.clock.monotonic_s()
    while due_s is not None and due_s < end_s:
        stage.clock.advance(max(0.0, due_s - stage.clock.monotonic_s()))
        due_s = player.play(due_s)
    stage.clock.advance(max(0.0, end_s - stage.clock.monotonic_s()))
    if path.stem == "brown-out":
        stage.relays.initialise()
        stage.relays.write(dict.fromkeys(range(8), True))
        stage.clock.advance(10.0)
    for _ in range(3):  # what counts down with transactions
        try:
            stage.board.bus("sim").read_byte_data(0x20, 0)
        except OSError:
            continue
    stage.board.bus("sim").read_byte_data(0x20, 0)
    stage.board.bus("sim").faults.corrupt_reads = 0
    assert stage.relays.inspect()[1] == (True,) * 8
    assert stage.board.truth(INLET).voltage_v == pytest.approx(230, rel=0.02)
    assert all(stage.board.truth(outlet(number)).voltage_v > 200 for number in range(1, 9))


def test_every_example_of_the_manual_can_be_played(stage):
    """What this strip does not have, such as a second line, is no mistake of the example."""
    manual = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    assert len(blocks) == 8
    lacking = re.compile(r"there is no (line|branch) |no simulated device is called")
    for block in blocks:
        assert [p for p in problems_of(stage, block) if not lacking.search(p)] == []


def test_the_manual_has_an_example_of_every_verb():
    manual = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    missing = [verb for verb in get_args(Verb) if f"{verb}: " not in manual]
    missing += [name for name in ACTIONS if f"- {name}: " not in manual]
    assert missing == []


def test_scripts_are_part_of_the_package_and_go_by_their_names():
    assert len(SHIPPED) >= 7
    assert shipped_scripts() == tuple(path.stem for path in SHIPPED)


def test_a_machine_that_is_told_ends_in_steps_and_boots_when_it_is_fed_anew(stage):
    told = stage.folder / "sim-machines" / "3"
    play(stage, "- machine: {of: outlet 3, watts: 41, off_watts: 3, takes: 20s}")
    pause(stage, 60)
    assert stage.watts(3) == pytest.approx(41, rel=0.05)
    told.touch()
    pause(stage, 0)
    assert not told.exists()
    pause(stage, 9)
    assert stage.watts(3) == pytest.approx(41, rel=0.05)
    pause(stage, 2)
    assert stage.watts(3) == pytest.approx(22, rel=0.05)
    pause(stage, 10)
    assert stage.watts(3) == pytest.approx(3, rel=0.05)
    stage.relays.write({2: False})
    pause(stage, 1)
    told.touch()  # nobody is there to hear it
    pause(stage, 1)
    stage.relays.write({2: True})
    pause(stage, 60)
    assert stage.watts(3) == pytest.approx(41, rel=0.05)


def test_a_machine_that_hangs_works_on_until_something_else_is_plugged_in(stage):
    play(stage, "- machine: {of: outlet 4, watts: 38, hangs: true}")
    (stage.folder / "sim-machines" / "4").touch()
    pause(stage, 600)
    assert stage.watts(4) == pytest.approx(38, rel=0.05)
    play(stage, "- load: {of: outlet 4, watts: 7}")
    pause(stage, 1)
    assert stage.watts(4) == pytest.approx(7, rel=0.05)


def test_a_machine_needs_an_outlet_and_a_time(stage):
    (wrong,) = complaints(stage, "- machine: {of: inlet 1, watts: 5}")
    assert "inlet 1 has no machine; expected outlet N" in wrong
    (wrong,) = complaints(stage, "- machine: {of: outlet 1, watts: 5, takes: soon}")
    assert "'soon' is no time" in wrong
    (wrong,) = complaints(stage, "- machine: {of: outlet 1, watts: 5, takes: 0s}")
    assert "expected more than 0" in wrong


def pause(stage: Stage, seconds: float) -> None:
    stage.clock.advance(seconds)
    stage.board.look_at_machines()

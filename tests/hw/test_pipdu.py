# SPDX-License-Identifier: Apache-2.0
"""PiPDU's board: relays and telemetry through one port, boots found out."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.pipdu import PipduMeter
from pdu_agent.hw.pipdu.owner import BOOT_GAP_S, owner_of
from pdu_agent.hw.pipdu.relays import letter
from pdu_agent.hw.pipdu.telemetry import CHANNELS, LineDecoder, parse_line
from pdu_agent.hw.serial_port import SerialPort
from pdu_agent.hw.sim.pipdu import CYCLE_S
from pdu_agent.model.errors import BusTimeout, ConfigError, HardwareError
from pdu_agent.model.quantities import Quality
from tests.hw.pipdu_bench import BOOT_S, Bench
from tests.hw.relays import switched
from tests.hw.serial_rig import recorded

FIRST = b"0.00,12.31," + b"0.00," * 13 + b"0.00\r\n"
LATER = b"0.00 " * 15 + b"1.25 \r\n"

# telemetry


def test_lines_of_both_firmwares_are_read():
    assert parse_line(FIRST) == (0.0, 12.31, *(0.0,) * 14)
    assert parse_line(LATER) == (*(0.0,) * 15, 1.25)


def test_recorded_lines_and_letters_are_those_of_the_driver():
    known = recorded("pipdu")
    assert parse_line(known["telemetry_v1"].encode())[1] == 12.31
    assert parse_line(known["telemetry_v2"].encode())[15] == 1.25
    for relay in range(CHANNELS):
        assert letter(relay, True).decode() == known["on"][str(relay)]
        assert letter(relay, False).decode() == known["off"][str(relay)]


@pytest.mark.parametrize(
    "line",
    [b"", b"0.00 " * 15, b"0.00 " * 17, b"0.00," * 15 + b"nan", b"0.00," * 15 + b"x", b"\xff" * 30],
)
def test_line_that_has_not_sixteen_numbers_is_none(line: bytes):
    assert parse_line(line) is None


@given(cuts=st.lists(st.integers(0, 3 * len(FIRST)), max_size=8))
def test_lines_come_out_whole_however_they_were_cut(cuts: list[int]):
    stream = LATER + FIRST + LATER
    decoder = LineDecoder()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    found = [line for a, b in itertools.pairwise(edges) for line in decoder.receive(stream[a:b])]
    assert [line[15] for line in found] == [1.25, 0.0, 1.25]
    assert decoder.rejected == 0


def test_rest_of_a_line_at_the_start_is_no_error_and_noise_later_is():
    decoder = LineDecoder()
    assert decoder.receive(b"0.00 1.25 \r\n" + LATER) == [parse_line(LATER)]
    assert decoder.rejected == 0
    decoder.receive(b"0.00 1.25 \r\n" + b"9" * 600)
    assert decoder.rejected == 2


# the board


@pytest.fixture
def make(tmp_path: Path, terminals: None) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make_one(firmware: str = "later") -> Bench:
        benches.append(Bench(tmp_path, firmware))
        return benches[-1]

    yield make_one
    for bench in benches:
        bench.close()
    assert not [thread for thread in threading.enumerate() if "pipdu" in thread.name]


@pytest.mark.parametrize("firmware", ["first", "later"])
def test_board_that_has_booted_is_cold_with_its_relays_unknown(make, firmware: str):
    bench = make(firmware)
    bench.pass_time(BOOT_S)
    assert all(bench.board.closed)
    bank = bench.bank()
    assert bench.while_time_passes(bank.inspect) == (True, (None,) * CHANNELS)
    bank.initialise()
    bench.board.settle()
    assert bench.board.commands == ["q"]
    assert not any(bench.board.closed)


def test_batch_is_a_letter_for_each_relay(make):
    bench = make()
    bank = bench.warm_bank()
    bench.board.commands.clear()
    assert switched(bank, {0: True, 15: True, 3: False}) == {0: None, 15: None, 3: None}
    bench.board.settle()
    assert bench.board.commands == ["A", "P", "d"]
    with pytest.raises(ValueError, match=r"relay 16, expected 0..15"):
        switched(bank, {16: True})


def test_relays_wait_for_no_telemetry(make):
    bench = make()
    bank = bench.warm_bank()
    began_s = time.monotonic()
    for turn in range(10):  # time stands still, so that nothing comes
        bank.write({turn: True})
    assert time.monotonic() - began_s < 0.5


def test_restarted_agent_believes_what_was_told_and_moves_nothing(make):
    bench = make()
    bank = bench.warm_bank()
    switched(bank, {4: True})
    bench.board.settle()
    bank.close()
    bench.board.commands.clear()
    again = bench.bank()
    expected = tuple(relay == 4 for relay in range(CHANNELS))
    assert bench.while_time_passes(again.inspect) == (False, expected)
    assert bench.board.commands == []
    assert tuple(bench.board.closed) == expected


def test_board_that_boots_while_it_is_watched_is_cold(make):
    bench = make()
    bank = bench.warm_bank()
    bench.board.boot()
    bench.pass_time(BOOT_GAP_S + CYCLE_S)
    bench.pass_time(3.0)
    assert all(bench.board.closed)
    assert bench.while_time_passes(bank.inspect) == (True, (None,) * CHANNELS)
    bank.initialise()
    assert bench.while_time_passes(bank.inspect) == (False, (False,) * CHANNELS)


def test_board_without_telemetry_is_lost_and_cold_when_it_talks_again(make):
    bench = make()
    bank = bench.warm_bank()
    bench.board.is_mute = True
    bench.pass_time(BOOT_GAP_S + CYCLE_S)
    with pytest.raises(BusTimeout, match="no telemetry; the board boots"):
        bank.inspect()
    bench.board.is_mute = False
    assert bench.while_time_passes(bank.inspect) == (True, (None,) * CHANNELS)


def test_board_whose_lines_are_broken_did_not_boot(make):
    bench = make()
    bank = bench.warm_bank()
    switched(bank, {3: True})
    bench.board.broken_lines = 12
    for _ in range(12):
        bench.pass_time(0.5)
    expected = tuple(relay == 3 for relay in range(CHANNELS))
    assert bench.while_time_passes(bank.inspect) == (False, expected)


def test_pulled_board_is_an_error_for_both_and_serves_again(make):
    bench = make()
    bank, meter = bench.warm_bank(), bench.meter()
    meter.open()
    bench.board.unplug()
    with pytest.raises(HardwareError):
        until_sample(meter)
    with pytest.raises(HardwareError):
        bank.inspect()
    bank.close()
    meter.close()
    bench.board.plug()
    bench.pass_time(5.0)
    bank = bench.bank()
    assert bench.while_time_passes(bank.inspect) == (True, (None,) * CHANNELS)
    meter.open()
    assert bench.while_time_passes(lambda: meter.poll(2.0)) is not None


def test_relays_that_are_not_in_use_are_left_alone(make):
    bench = make()
    bench.pass_time(BOOT_S)
    bank = bench.bank(relay_count=3)
    bench.while_time_passes(bank.inspect)
    bank.initialise()
    bench.board.settle()
    assert bench.board.closed == [False] * 3 + [True] * 13


@pytest.fixture
def standstill(monkeypatch: pytest.MonkeyPatch):
    """Within it the port's thread gets no time, as on a host that stalls."""
    read = SerialPort.read
    goes_on, stands = threading.Event(), threading.Event()
    goes_on.set()

    def read_when_awake(port: SerialPort) -> bytes:
        if not goes_on.is_set():
            stands.set()
            goes_on.wait(5.0)
        return read(port)

    @contextlib.contextmanager
    def stand_still() -> Iterator[None]:
        stands.clear()
        goes_on.clear()
        assert stands.wait(5.0)
        yield
        goes_on.set()

    monkeypatch.setattr(SerialPort, "read", read_when_awake)
    return stand_still


@pytest.mark.parametrize("stall_s", [2.5, 4.0, 15.0])
def test_host_that_stood_still_takes_nothing_for_a_boot(make, standstill, stall_s: float):
    bench = make()
    bank = bench.warm_bank()
    switched(bank, {3: True})
    bench.pass_time(3.0)
    with standstill():
        bench.pass_time(stall_s)
    expected = tuple(relay == 3 for relay in range(CHANNELS))
    assert bench.while_time_passes(bank.inspect) == (False, expected)


def test_boot_while_the_host_stood_still_is_found_out(make, standstill):
    bench = make()
    bank = bench.warm_bank()
    bench.pass_time(3.0)
    with standstill():
        bench.board.boot()
        bench.pass_time(12.0)
    assert bench.while_time_passes(bank.inspect) == (True, (None,) * CHANNELS)


def test_either_part_may_come_and_go_while_the_other_stays(make):
    bench = make()
    bank, meter = bench.warm_bank(), bench.meter()
    meter.open()
    bank.close()
    assert bench.while_time_passes(lambda: meter.poll(2.0)) is not None
    again = bench.bank()
    assert bench.while_time_passes(again.inspect) == (False, (False,) * CHANNELS)
    meter.close()
    assert switched(again, {2: True}) == {2: None}
    bench.board.settle()
    assert bench.board.closed[2]


def test_two_firmwares_at_one_port_are_refused(make):
    bench = make()
    bank = bench.bank()
    with pytest.raises(ConfigError, match="firmware 'first' here, 'later' for its other part"):
        owner_of(bench.path, "first", bench.clock)
    assert bank.relay_count == CHANNELS


# telemetry as a meter


def until_sample(meter: PipduMeter) -> None:
    end_s = time.monotonic() + 5.0
    while meter.poll(0.1) is None and time.monotonic() < end_s:
        pass


def samples(bench: Bench, meter: PipduMeter, count: int) -> list:
    found = []
    end_s = time.monotonic() + 10.0
    while len(found) < count and time.monotonic() < end_s:
        bench.pass_time(CYCLE_S)
        sample = meter.poll(0.2)
        if sample is not None:
            found.append(sample)
    return found


def test_watts_of_the_first_firmware_become_energy(make):
    bench = make("first")
    bench.warm_bank()
    bench.truth[2] = 60.0
    meter = bench.meter()
    meter.open()
    first, *rest = samples(bench, meter, 4)
    assert first.channels["ch3"][1] is None
    for sample in rest:
        electrical, energy_mj = sample.channels["ch3"]
        assert electrical.active_power_w == pytest.approx(60.0)
        assert energy_mj == round(60_000 * sample.span_s)
        assert sample.channels["ch1"][1] == 0
    assert set(first.channels) == set(meter.channel_names)


def test_amperes_of_the_later_firmware_claim_no_power_and_no_energy(make):
    bench = make()
    bench.warm_bank()
    bench.truth[0], bench.truth[1] = 1.5, 0.05
    meter = bench.meter()
    meter.open()
    for sample in samples(bench, meter, 2):
        electrical, energy_mj = sample.channels["ch1"]
        assert (electrical.current_a, electrical.active_power_w, energy_mj) == (1.5, None, None)
        assert sample.channels["ch2"][0].current_a == 0.0


@pytest.mark.parametrize("lie", [-3.0, 5000.0])
def test_value_that_cannot_be_is_counted_and_never_becomes_energy(make, lie: float):
    bench = make("first")
    bench.warm_bank()
    bench.truth[0], bench.truth[1] = lie, 100.0
    meter = bench.meter()
    meter.open()
    sample = samples(bench, meter, 2)[-1]
    electrical, energy_mj = sample.channels["ch1"]
    assert (electrical.active_power_w, electrical.quality, energy_mj) == (
        None,
        Quality.ABSENT,
        None,
    )
    assert sample.channels["ch2"][0].active_power_w == pytest.approx(100.0)
    assert meter.lies > 0


def test_broken_line_is_left_out(make):
    bench = make("first")
    bench.warm_bank()
    bench.truth[0] = 50.0
    meter = bench.meter()
    meter.open()
    samples(bench, meter, 1)
    bench.board.broken_line = b"1.00,2.00\r\n"
    sample = samples(bench, meter, 1)[0]
    assert sample.channels["ch1"][0].active_power_w == pytest.approx(50.0)


def test_silent_meter_is_an_error_in_the_end(make):
    bench = make()
    bench.warm_bank()
    meter = bench.meter()
    meter.open()
    samples(bench, meter, 1)
    bench.board.is_mute = True
    bench.pass_time(2 * meter.max_silence_s)
    assert meter.poll(0.05) is None
    bench.pass_time(2 * meter.max_silence_s)
    with pytest.raises(BusTimeout, match="no telemetry for"):
        meter.poll(0.05)

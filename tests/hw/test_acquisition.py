# SPDX-License-Identifier: Apache-2.0
"""The threads that turn sources into Readings: nothing a source does may end them."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from pdu_agent.hw.acquisition import MeterAcquisition, SampledAcquisition
from pdu_agent.hw.device_thread import retry_delays_s
from pdu_agent.hw.ecm1240 import Ecm1240Meter, Ecm1240Settings
from pdu_agent.hw.ports import MeterSample
from pdu_agent.hw.sim.ecm1240 import SimulatedEcm1240
from pdu_agent.metering.blocks import SampleBlock
from pdu_agent.metering.calibration import ChannelScale, MeterChannels
from pdu_agent.metering.inrush import Waveform
from pdu_agent.metering.meter import BlockMeter, Point, Window
from pdu_agent.metering.power import RowSums
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.commands import Target, TargetKind
from pdu_agent.model.errors import BusTimeout, ChipNotFound, ConfigError
from pdu_agent.model.quantities import HARMONICS, Electrical, Quality, Spectrum
from pdu_agent.model.readings import Inrush
from pdu_agent.model.snapshot import OwnTariff

INLET = Target(TargetKind.INLET, 1)
OUTLET_1 = Target(TargetKind.OUTLET, 1)
OUTLET_2 = Target(TargetKind.OUTLET, 2)
LOAD = Electrical(voltage_v=230.0, active_power_w=100.0, quality=Quality.OK)
SPECTRUM = Spectrum((230.0,) * HARMONICS, (1.0,) * HARMONICS)
LOST = BusTimeout("test", "read", "pulled")


def wait_for(condition, timeout_s=5.0):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.002)


class Script:
    """A source that plays a list: a value is returned, an exception raised; then silence.

    It serves as a PowerMeter and as a SampleSource; `opened` and `closed` count.
    """

    channel_names = ("a", "b")
    max_silence_s = 1.0
    rejected = 0
    channel_count = 1
    rate_hz = 1000.0
    failed_channels: Mapping[int, str] = {}

    def __init__(self, *steps, on_open=()):
        self.steps = list(steps)
        self.on_open = list(on_open)
        self.opened = 0
        self.closed = 0
        self.opening_times = []

    def open(self):
        self.opened += 1
        self.opening_times.append(time.monotonic())
        if self.on_open:
            trouble = self.on_open.pop(0)
            if trouble is not None:
                raise trouble

    start = open

    def poll(self, timeout_s):
        if not self.steps:
            time.sleep(0.005)
            return None
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def read_block(self):
        if not self.steps:
            raise LOST
        return self.poll(0)

    def close(self):
        self.closed += 1


class Owner:
    """Notes what the thread says."""

    def __init__(self):
        self.readings = []
        self.troubles = []

    def deliver(self, reading):
        self.readings.append(reading)

    def on_trouble(self, name, error):
        self.troubles.append((name, error))


def sample(t_mono_s, energy_mj=1000):
    return MeterSample(t_mono_s, 10.0, {"a": (LOAD, energy_mj), "b": (LOAD, None)})


@pytest.fixture
def owner():
    return Owner()


@pytest.fixture
def run(owner):
    """Start a MeterAcquisition on a source; stopped when the test is over."""
    started = []

    def start(source, targets=None, first_retry_s=0.01):
        acquisition = MeterAcquisition(
            "main",
            source,
            targets or {"a": OUTLET_1},
            owner.deliver,
            owner.on_trouble,
            first_retry_s,
        )
        started.append(acquisition)
        acquisition.start()
        return acquisition

    yield start
    for acquisition in started:
        acquisition.stop()
        assert "meter main" not in {thread.name for thread in threading.enumerate()}


def test_retries_double_from_half_a_second_to_ten():
    assert list(islice(retry_delays_s(), 7)) == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_samples_become_numbered_readings_of_the_mapped_targets(owner, run):
    run(Script(sample(1.0), None, sample(2.0)), {"b": OUTLET_2, "a": INLET})
    wait_for(lambda: len(owner.readings) == 2)
    first, second = owner.readings
    assert (first.source, first.seq, first.t_mono_s, first.span_s) == ("main", 1, 1.0, 10.0)
    assert [(m.target, m.electrical, m.energy_mj) for m in first.measurements] == [
        (OUTLET_2, LOAD, None),
        (INLET, LOAD, 1000),
    ]
    assert (second.seq, second.t_mono_s) == (2, 2.0)
    assert owner.troubles == []


class Liar(Script):
    """Every step that is no sample rejects two readings."""

    def poll(self, timeout_s):
        if self.steps and not isinstance(self.steps[0], MeterSample):
            self.rejected += 2
        return super().poll(timeout_s)


def test_what_a_meter_rejects_is_told_with_the_next_sample_and_without_one(owner, run):
    run(Liar(None, sample(1.0), LOST, sample(2.0)))
    wait_for(lambda: len(owner.readings) == 4)
    told = [(len(reading.measurements), reading.rejected) for reading in owner.readings]
    assert told == [(0, 2), (1, 0), (0, 2), (1, 0)]


def test_the_tariffs_of_a_meter_go_with_their_channel(owner, run):
    registers = {"reactive_energy_t1": 7, "active_energy_t2": 5, "active_energy_t1": 3}
    run(Script(MeterSample(1.0, 10.0, sample(1.0).channels, tariffs={"a": registers})))
    wait_for(lambda: owner.readings)
    (measurement,) = owner.readings[0].measurements
    assert measurement.own_tariffs == (OwnTariff(1, 3, 7), OwnTariff(2, 5))


def test_reactive_energy_goes_with_its_channel(owner, run):
    reactive = MeterSample(1.0, 10.0, sample(1.0).channels, reactive_mvars={"a": -70})
    run(Script(reactive), {"a": OUTLET_1, "b": OUTLET_2})
    wait_for(lambda: owner.readings)
    assert [m.reactive_mvars for m in owner.readings[0].measurements] == [-70, None]


def test_unmapped_channels_are_left_out(owner, run):
    run(Script(sample(1.0)), {"a": OUTLET_1})
    wait_for(lambda: owner.readings)
    assert [m.target for m in owner.readings[0].measurements] == [OUTLET_1]


def test_channel_the_meter_does_not_have_is_refused(owner):
    with pytest.raises(ConfigError, match="no channel 'c'; it has a, b"):
        MeterAcquisition("main", Script(), {"c": OUTLET_1}, owner.deliver, owner.on_trouble)


def test_target_with_two_channels_is_refused(owner):
    with pytest.raises(ConfigError, match="outlet 1 has two channels, 'a' and 'b'"):
        MeterAcquisition(
            "main", Script(), {"a": OUTLET_1, "b": OUTLET_1}, owner.deliver, owner.on_trouble
        )


def test_loss_and_recovery_are_told_once_each_and_logged_once(owner, run, caplog):
    source = Script(sample(1.0), LOST, LOST, LOST, sample(2.0), sample(3.0))
    with caplog.at_level(logging.INFO):
        acquisition = run(source)
        wait_for(lambda: len(owner.readings) == 3)
    assert owner.troubles == [("main", LOST), ("main", None)]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "main lost: test: read: pulled" in caplog.text
    assert acquisition.errors == 3
    assert source.opened == 4
    assert source.closed == 3


def test_source_that_cannot_be_opened_is_tried_until_it_can(owner, run):
    missing = ChipNotFound("test", "open", "not there")
    run(Script(sample(1.0), on_open=[missing, missing, None]))
    wait_for(lambda: owner.readings)
    assert owner.troubles == [("main", missing), ("main", None)]


def test_opening_alone_is_no_recovery(owner, run):
    source = Script(LOST, None, LOST, None, LOST)
    acquisition = run(source)
    wait_for(lambda: acquisition.errors == 3)
    assert owner.troubles == [("main", LOST)]


def test_delay_grows_while_it_fails_and_starts_anew_after_a_sample(owner, run):
    source = Script(LOST, LOST, LOST, sample(1.0), LOST, sample(2.0))
    run(source, first_retry_s=0.05)
    wait_for(lambda: len(owner.readings) == 2)
    waits_s = np.diff(source.opening_times)
    assert (waits_s[:3] >= [0.05, 0.1, 0.2]).all()
    assert waits_s[3] < 0.2


def test_unexpected_error_is_logged_with_traceback_and_treated_as_a_loss(owner, run, caplog):
    run(Script(ZeroDivisionError("bug"), ZeroDivisionError("bug"), sample(1.0)))
    wait_for(lambda: owner.readings)
    assert len(owner.troubles) == 2
    assert "ZeroDivisionError('bug')" in str(owner.troubles[0][1])
    assert caplog.text.count("Traceback") == 1


def test_owner_that_fails_does_not_end_the_thread(run, owner, caplog):
    def fail(name, error):
        raise RuntimeError("loop is closed")

    owner.on_trouble = fail
    run(Script(LOST, sample(1.0)))
    wait_for(lambda: owner.readings)
    assert "loop is closed" in caplog.text


def test_failing_close_does_not_end_the_thread(run, owner):
    source = Script(LOST, sample(1.0))
    source.close = lambda: (_ for _ in ()).throw(OSError("close"))
    run(source)
    wait_for(lambda: owner.readings)


def test_stop_wakes_a_waiting_retry_and_closes_the_source(owner):
    source = Script(on_open=[LOST] * 9)
    acquisition = MeterAcquisition(
        "main", source, {}, owner.deliver, owner.on_trouble, first_retry_s=60
    )
    acquisition.start()
    wait_for(lambda: acquisition.errors == 1)
    begin_s = time.monotonic()
    acquisition.stop()
    assert time.monotonic() - begin_s < 1
    assert (source.opened, source.closed) == (1, 1)


def test_stop_without_start_and_twice_does_nothing(owner):
    source = Script()
    acquisition = MeterAcquisition("main", source, {}, owner.deliver, owner.on_trouble)
    acquisition.stop()
    acquisition.stop()
    assert source.opened == 0


class WindowPerBlock:
    """A meter that makes one window of each block, in the place of a BlockMeter."""

    channels = MeterChannels(0, ChannelScale(1.0), ((1, ChannelScale(1.0)), (2, ChannelScale(1.0))))

    def __init__(self):
        self.wanted = []

    def add_block(self, block):
        energy_mj = float(block.counts[0, 0])
        return [
            Window(
                t_mono_s=block.t_mono_s,
                span_s=0.2,
                voltage_v=230.0,
                frequency_hz=50.0,
                lost_samples=block.lost_samples,
                currents=(
                    Point(LOAD, energy_mj, 2 * energy_mj, None),
                    Point(LOAD, -energy_mj, None, SPECTRUM),
                ),
                sums=RowSums([], [], []),
            )
        ]

    def capture(self, index, t_mono_s):
        self.wanted.append(Waveform(index, t_mono_s, 8000.0, (325.0,), (1.5,), True))

    def take_waveforms(self):
        taken, self.wanted = self.wanted, []
        return taken


def block(seq, energy_mj=7, lost_samples=0):
    return SampleBlock(
        counts=np.full((1, 4), energy_mj, np.int32),
        rate_hz=1000.0,
        t_mono_s=float(seq),
        seq=seq,
        lost_samples=lost_samples,
    )


def run_sampled(owner, source, meter, targets, until):
    acquisition = SampledAcquisition(
        "adc", source, meter, targets, owner.deliver, owner.on_trouble, first_retry_s=0.01
    )
    acquisition.start()
    wait_for(until)
    acquisition.stop()


def test_a_conductor_without_a_target_is_not_published(owner):
    run_sampled(owner, Script(block(1)), WindowPerBlock(), [None, OUTLET_1], lambda: owner.readings)
    assert [each.target for each in owner.readings[0].measurements] == [OUTLET_1]


def test_a_captured_switch_on_is_told_with_its_target(owner):
    found = []
    source = Script(block(1), block(2))
    acquisition = SampledAcquisition(
        "adc",
        source,
        WindowPerBlock(),
        [INLET, OUTLET_1],
        owner.deliver,
        owner.on_trouble,
        on_inrush=found.append,
    )
    assert acquisition.capture(OUTLET_1, 12.5)
    assert not acquisition.capture(Target(TargetKind.OUTLET, 9), 12.5)
    acquisition.start()
    wait_for(lambda: found)
    acquisition.stop()
    assert found == [Inrush(OUTLET_1, 12.5, 8000.0, (325.0,), (1.5,), clipped=True)]


def test_without_somebody_to_tell_nothing_is_captured(owner):
    acquisition = SampledAcquisition(
        "adc", Script(), WindowPerBlock(), [INLET, OUTLET_1], owner.deliver, owner.on_trouble
    )
    assert not acquisition.capture(OUTLET_1, 12.5)


class Shown(WindowPerBlock):
    """Shows which current was looked at, from the second block on."""

    blocks = 0

    def add_block(self, block):
        self.blocks += 1
        return super().add_block(block)

    def newest_wave(self, index):
        return (index, self.blocks) if self.blocks > 1 else None


def test_who_looks_is_shown_the_newest_cycles_as_soon_as_there_are_some(owner):
    source, shown = Script(block(1), block(2), block(3)), []
    acquisition = SampledAcquisition(
        "adc", source, Shown(), [INLET, OUTLET_1], owner.deliver, owner.on_trouble
    )
    assert acquisition.measures(OUTLET_1)
    assert not acquisition.measures(OUTLET_2)
    acquisition.look(OUTLET_1, shown.append)
    acquisition.start()
    wait_for(lambda: len(owner.readings) == 3)
    acquisition.stop()
    assert shown == [(1, 2)]


def test_a_failed_channel_is_never_shown(owner):
    source, shown = Script(block(1), block(2), block(3)), []
    source.failed_channels = {1: "stuck"}
    acquisition = SampledAcquisition(
        "adc", source, Shown(), [INLET, OUTLET_1], owner.deliver, owner.on_trouble
    )
    acquisition.look(INLET, shown.append)
    acquisition.look(OUTLET_1, shown.append)
    acquisition.start()
    wait_for(lambda: len(owner.readings) == 3)
    acquisition.stop()
    assert shown == [(1, 2)]


def test_windows_become_readings_with_one_measurement_per_target(owner):
    source = Script(block(1), block(2, lost_samples=3), LOST, block(9))
    run_sampled(
        owner, source, WindowPerBlock(), [INLET, OUTLET_1], lambda: len(owner.readings) == 3
    )
    first, second, third = owner.readings
    assert [(m.target, m.energy_mj) for m in first.measurements] == [(INLET, 7.0), (OUTLET_1, -7.0)]
    assert [m.reactive_mvars for m in first.measurements] == [14.0, None]
    assert [m.spectrum for m in first.measurements] == [None, SPECTRUM]
    assert (first.seq, first.t_mono_s, first.span_s, first.lost_samples) == (1, 1.0, 0.2, 0)
    assert second.lost_samples == 3
    assert (third.seq, third.t_mono_s) == (3, 9.0)
    assert third.lost_samples == 6996  # from the end of the second block at 2.004 s
    assert owner.troubles[:2] == [("adc", LOST), ("adc", None)]


@pytest.mark.parametrize(
    ("failed", "told"), [({2}, [INLET]), ({1}, [OUTLET_1]), ({0}, []), ({5}, [INLET, OUTLET_1])]
)
def test_a_failed_channel_is_left_out_and_never_told_as_zero(owner, failed, told):
    source = Script(block(1))
    source.failed_channels = dict.fromkeys(failed, "dead")
    run_sampled(
        owner, source, WindowPerBlock(), [INLET, OUTLET_1], lambda: len(owner.readings) == 1
    )
    assert [m.target for m in owner.readings[0].measurements] == told


class HealsAtThirdStart(Script):
    @property
    def failed_channels(self):
        return {} if self.opened > 2 else {2: "its test signal is off", 7: "not wired"}


def test_a_failed_channel_is_told_once_and_when_it_is_well_again(owner):
    source = HealsAtThirdStart(block(1), LOST, block(2), LOST, block(3))
    run_sampled(
        owner, source, WindowPerBlock(), [INLET, OUTLET_1], lambda: len(owner.readings) == 3
    )
    told = [(name, error) for name, error in owner.troubles if name == "adc channel 3"]
    assert [error is None for _, error in told] == [False, True]
    assert str(told[0][1]) == "adc channel 3: measure: its test signal is off"
    assert {name for name, _ in owner.troubles} == {"adc", "adc channel 3"}


def test_converter_that_was_lost_begins_a_new_window(owner, mains_meter):
    before, after = list(mains_blocks(230.0, 2.0, 2)), list(mains_blocks(230.0, 2.0, 2))
    # Half a cycle out of step, and numbered as if nothing had happened.
    late = [replace(b, t_mono_s=b.t_mono_s + 9.01, seq=b.seq + 20, counts=-b.counts) for b in after]
    source = Script(*before, LOST, *late)
    run_sampled(owner, source, mains_meter, [INLET], lambda: len(owner.troubles) == 3)
    assert sum(reading.lost_samples for reading in owner.readings) == round(7.01 * 8000)
    for reading in owner.readings:
        (measurement,) = reading.measurements
        assert measurement.electrical.active_power_w == pytest.approx(460.0, rel=0.001)


def test_meter_with_other_channels_than_targets_is_a_told_error(owner, caplog):
    run_sampled(owner, Script(block(1)), WindowPerBlock(), [INLET], lambda: owner.troubles)
    assert owner.readings == []
    assert "ValueError" in str(owner.troubles[0][1])


def mains_blocks(voltage_v, current_a, seconds, rate_hz=8000.0):
    """Blocks of 100 ms of 50 Hz, in millivolts and milliamperes, with a resistive load."""
    for seq in range(round(seconds * 10)):
        t_s = (seq * 800 + np.arange(800)) / rate_hz
        wave = 1000 * np.sqrt(2) * np.sin(2 * np.pi * 50 * t_s)
        counts = np.rint(np.stack([voltage_v * wave, current_a * wave])).astype(np.int32)
        yield SampleBlock(counts, rate_hz, 100 + seq * 0.1, seq)


@pytest.fixture
def mains_meter():
    scale = ChannelScale(units_per_count=0.001)
    return BlockMeter(MeterChannels(0, scale, ((1, scale),)))


def test_samples_of_mains_become_watts_and_joules(owner, mains_meter):
    source = Script(*mains_blocks(230.0, 2.0, seconds=3))
    run_sampled(owner, source, mains_meter, [INLET], lambda: owner.troubles)
    assert len(owner.readings) >= 10
    for reading in owner.readings:
        (measurement,) = reading.measurements
        assert measurement.electrical.voltage_v == pytest.approx(230.0, rel=0.0005)
        assert measurement.electrical.active_power_w == pytest.approx(460.0, rel=0.001)
        assert measurement.energy_mj == pytest.approx(460_000 * reading.span_s, rel=0.001)


@pytest.mark.usefixtures("terminals")
def test_serial_meter_pulled_and_plugged_again_keeps_every_joule(owner, tmp_path):
    """The whole way on real threads, at 100 times the speed: pty, driver, thread, Reading."""
    clock = SystemClock(speed=100)
    with SimulatedEcm1240(tmp_path / "ttyECM", clock, interval_s=5) as sim:
        sim.state.loads_w = {"ch1": 1000.0, "aux2": 20.0}
        sim.start()
        acquisition = MeterAcquisition(
            "mains",
            Ecm1240Meter(Ecm1240Settings(port=str(sim.link), interval_s=60), clock),
            {"ch1": INLET, "aux2": OUTLET_2},
            owner.deliver,
            owner.on_trouble,
            first_retry_s=0.02,
        )
        acquisition.start()
        wait_for(lambda: len(owner.readings) >= 3)
        sim.unplug()
        wait_for(lambda: len(owner.troubles) == 1)
        sim.plug()
        wait_for(lambda: len(owner.troubles) == 2)
        wait_for(lambda: len(owner.readings) >= 6)
        acquisition.stop()
    check_energy(owner.readings)


def check_energy(readings):
    """1000 W and 20 W over the whole span, gap included, to the meter's own resolution."""
    assert [m.energy_mj for m in readings[0].measurements] == [None, None]
    span_s = sum(reading.span_s for reading in readings)
    inlet_mj = sum(reading.measurements[0].energy_mj for reading in readings[1:])
    outlet_mj = sum(reading.measurements[1].energy_mj for reading in readings[1:])
    assert inlet_mj == pytest.approx(span_s * 1_000_000, abs=1_001_000)
    assert outlet_mj == pytest.approx(span_s * 20_000, abs=21_000)

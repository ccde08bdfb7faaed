# SPDX-License-Identifier: Apache-2.0
"""What hw/ports.py asks of every PowerMeter, run against each driver on its simulator.

A driver joins with a rig: its meter, its simulator, and how time passes for both.
"""

import math
from pathlib import Path
from typing import ClassVar

import pytest

from pdu_agent.hw.ecm1240 import Ecm1240Meter, Ecm1240Settings
from pdu_agent.hw.sim.ecm1240 import SimulatedEcm1240
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import HardwareError
from pdu_agent.model.quantities import Electrical, Quality

pytestmark = pytest.mark.usefixtures("terminals")

ROUNDS = 10  # of simulator and driver taking turns, until a sample must have come


class Ecm1240Rig:
    """loads_w names every channel, so that a sample can be judged as a whole."""

    loads_w: ClassVar[dict[str, float]] = {
        "ch1": 1000.0,
        "ch2": 250.0,
        "aux1": 10.0,
        "aux2": 20.0,
        "aux3": 0.0,
        "aux4": 40.0,
        "aux5": 3.0,
    }

    def __init__(self, folder: Path, mode: str) -> None:
        self.clock = ManualClock()
        self.sim = SimulatedEcm1240(folder / "ttyECM", self.clock, polled=mode == "polled")
        self.sim.state.loads_w = dict(self.loads_w)
        self.meter = Ecm1240Meter(Ecm1240Settings(port=str(self.sim.link), mode=mode), self.clock)
        self.plug = self.sim.plug
        self.unplug = self.sim.unplug

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.sim.service()

    def next_sample(self):
        self.pass_time(self.meter.max_silence_s)
        for _ in range(ROUNDS):
            sample = self.meter.poll(0)
            if sample is not None:
                return sample
            self.sim.service()
        return None

    def silence(self) -> None:
        self.sim.faults.silent = True

    def close(self) -> None:
        self.meter.close()
        self.sim.unplug()


RIGS = {
    "ecm1240 realtime": lambda folder: Ecm1240Rig(folder, "realtime"),
    "ecm1240 polled": lambda folder: Ecm1240Rig(folder, "polled"),
}


@pytest.fixture(params=RIGS.values(), ids=RIGS.keys())
def rig(request, tmp_path):
    rig = request.param(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def meter(rig):
    rig.plug()
    rig.meter.open()
    return rig.meter


def test_channels_have_different_names_and_a_known_rhythm(rig):
    names = rig.meter.channel_names
    assert names
    assert len(set(names)) == len(names)
    assert set(names) == set(rig.loads_w)
    assert rig.meter.max_silence_s > 0


def test_first_sample_claims_no_power_and_no_energy(rig, meter):
    for electrical, energy_mj in rig.next_sample().channels.values():
        assert energy_mj is None
        assert electrical.active_power_w is None
        assert electrical.quality is Quality.OK


def test_every_sample_names_every_channel(rig, meter):
    for _ in range(3):
        assert set(rig.next_sample().channels) == set(meter.channel_names)


def test_energy_is_an_integer_and_power_times_span(rig, meter):
    rig.next_sample()
    sample = rig.next_sample()
    assert sample.span_s > 0
    for name, (electrical, energy_mj) in sample.channels.items():
        assert isinstance(energy_mj, int)
        assert energy_mj == round(rig.loads_w[name] * sample.span_s * 1000)
        assert electrical.active_power_w == pytest.approx(rig.loads_w[name])


def test_energies_of_many_samples_add_up_to_what_was_used(rig, meter):
    begin_s = rig.next_sample().t_mono_s
    samples = [rig.next_sample() for _ in range(5)]
    passed_s = samples[-1].t_mono_s - begin_s
    for name, load_w in rig.loads_w.items():
        total_mj = sum(sample.channels[name][1] for sample in samples)
        assert total_mj == round(load_w * passed_s * 1000)


def test_time_of_samples_never_goes_back(rig, meter):
    times_s = [rig.next_sample().t_mono_s for _ in range(4)]
    assert times_s == sorted(times_s)
    assert times_s[-1] <= rig.clock.monotonic_s()


def test_quantities_are_none_or_within_their_range(rig, meter):
    rig.next_sample()
    for electrical, _ in rig.next_sample().channels.values():
        for field in Electrical.__slots__:
            value = getattr(electrical, field)
            assert value is None or isinstance(value, Quality) or math.isfinite(value)
        assert electrical.power_factor is None or -1 <= electrical.power_factor <= 1
        if electrical.current_a is None:
            assert electrical.apparent_power_va is None
            assert electrical.power_factor is None


def test_silence_is_none_within_the_regular_pause(rig, meter):
    rig.next_sample()
    rig.silence()
    rig.pass_time(meter.max_silence_s / 2)
    assert meter.poll(0.1) is None


def test_poll_of_a_closed_meter_is_a_hardware_error(rig):
    with pytest.raises(HardwareError):
        rig.meter.poll(0)


def test_missing_device_is_a_hardware_error_at_opening(rig):
    with pytest.raises(HardwareError):
        rig.meter.open()


def test_vanishing_device_is_a_hardware_error_at_polling(rig, meter):
    rig.next_sample()
    rig.unplug()
    with pytest.raises(HardwareError):
        rig.next_sample()


def test_close_may_be_repeated_and_precede_open(rig):
    rig.meter.close()
    rig.plug()
    rig.meter.open()
    rig.meter.close()
    rig.meter.close()


def test_reopened_meter_brings_the_energy_of_the_gap(rig, meter):
    begin_s = rig.next_sample().t_mono_s
    rig.unplug()
    meter.close()
    rig.pass_time(600)
    rig.plug()
    meter.open()
    sample = rig.next_sample()
    passed_s = sample.t_mono_s - begin_s
    assert passed_s > 600
    for name, load_w in rig.loads_w.items():
        assert sample.channels[name][1] == round(load_w * passed_s * 1000)


def test_open_while_open_starts_afresh(rig, meter):
    rig.next_sample()
    meter.open()
    assert rig.next_sample() is not None

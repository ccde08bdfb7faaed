# SPDX-License-Identifier: Apache-2.0
"""The ECM-1240 driver on a pseudo-terminal, with the simulated meter at the other end."""

import logging
import os
import tty
from pathlib import Path

import pytest

from pdu_agent.hw.ecm1240 import Ecm1240Meter, Ecm1240Settings
from pdu_agent.hw.ecm1240.counters import CHANNEL_NAMES, Sign
from pdu_agent.hw.ecm1240.polling import Poller
from pdu_agent.hw.sim.ecm1240 import SimulatedEcm1240
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound
from pdu_agent.model.quantities import Electrical, Quality

pytestmark = pytest.mark.usefixtures("terminals")

RECORDED = bytes.fromhex(
    (Path(__file__).parent / "data/ecm1240_recorded.hex").read_text(encoding="ascii")
)
INTERVAL_S = 10.0


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def sim(tmp_path, clock):
    with SimulatedEcm1240(tmp_path / "ttyECM", clock) as simulated:
        yield simulated


@pytest.fixture
def polled_sim(tmp_path, clock):
    with SimulatedEcm1240(tmp_path / "ttyECM", clock, polled=True, unit=2) as simulated:
        yield simulated


@pytest.fixture
def meter(sim, clock):
    meter = Ecm1240Meter(Ecm1240Settings(port=str(sim.link)), clock)
    meter.open()
    yield meter
    meter.close()


@pytest.fixture
def polled_meter(polled_sim, clock):
    meter = Ecm1240Meter(Ecm1240Settings(port=str(polled_sim.link), mode="polled", unit=2), clock)
    meter.open()
    yield meter
    meter.close()


def next_sample(meter, sim, clock, interval_s=INTERVAL_S):
    """Let one interval pass; what the driver makes of it (None after a second of nothing)."""
    clock.advance(interval_s)
    for _ in range(10):
        sim.service()
        sample = meter.poll(0)
        if sample is not None:
            return sample
    return None


def test_recorded_packet_becomes_voltage_and_current_but_no_power(meter, sim):
    sim.send(RECORDED)
    sample = meter.poll(1)
    assert sample.span_s == 0
    assert list(sample.channels) == list(CHANNEL_NAMES)
    electrical, energy_mj = sample.channels["ch2"]
    assert energy_mj is None
    assert electrical == Electrical(
        voltage_v=128.8,
        current_a=62.28,
        apparent_power_va=128.8 * 62.28,
        quality=Quality.OK,
    )


def test_aux_channels_have_voltage_and_power_only(meter, sim, clock):
    sim.state.loads_w = {"aux3": 40.0}
    next_sample(meter, sim, clock)
    electrical, energy_mj = next_sample(meter, sim, clock).channels["aux3"]
    assert electrical == Electrical(voltage_v=230.0, active_power_w=40.0, quality=Quality.OK)
    assert energy_mj == 400_000


def test_mains_channel_has_apparent_power_and_power_factor(meter, sim, clock):
    sim.state.loads_w = {"ch1": 1150.0}
    sim.state.power_factor = 0.5
    next_sample(meter, sim, clock)
    electrical, energy_mj = next_sample(meter, sim, clock).channels["ch1"]
    assert electrical == Electrical(
        voltage_v=230.0,
        current_a=10.0,
        active_power_w=1150.0,
        apparent_power_va=2300.0,
        power_factor=0.5,
        quality=Quality.OK,
    )
    assert energy_mj == 11_500_000


def test_power_factor_is_zero_without_load_and_never_beyond_one(meter, sim, clock):
    sim.state.loads_w = {"ch1": 1000.0, "ch2": 0.0}
    next_sample(meter, sim, clock)
    sim.state.power_factor = 1.3  # the current of the moment is lower than the span's mean
    channels = next_sample(meter, sim, clock).channels
    assert channels["ch1"][0].power_factor == 1.0
    assert channels["ch2"][0].power_factor == 0.0


def test_each_channel_publishes_by_its_own_sign(sim, clock):
    settings = Ecm1240Settings(port=str(sim.link), ch1_sign=Sign.BRULTECH, ch2_sign=Sign.BTMON)
    meter = Ecm1240Meter(settings, clock)
    meter.open()
    sim.state.loads_w = {"ch1": -500.0, "ch2": -500.0}
    next_sample(meter, sim, clock)
    channels = next_sample(meter, sim, clock).channels
    meter.close()
    assert channels["ch1"][0].active_power_w == -500.0
    assert channels["ch1"][0].power_factor == pytest.approx(-1.0, abs=0.01)
    assert channels["ch2"][0].active_power_w == 500.0


def test_packet_in_pieces_is_one_sample(meter, sim, clock):
    sim.faults.cut = 7
    sim.state.loads_w = {"ch1": 100.0}
    assert next_sample(meter, sim, clock) is not None
    assert next_sample(meter, sim, clock).channels["ch1"][1] == 1_000_000


def test_noise_and_a_corrupt_packet_lose_no_energy(meter, sim, clock):
    sim.state.loads_w = {"ch1": 100.0, "aux1": 10.0}
    next_sample(meter, sim, clock)
    sim.faults.corrupt = True
    assert next_sample(meter, sim, clock) is None
    sim.faults.noise = b"\xfe\xff\x03 and \xfe\xff"
    sample = next_sample(meter, sim, clock)
    assert sample.span_s == 20
    assert sample.channels["ch1"][1] == 2_000_000
    assert sample.channels["aux1"][1] == 200_000


def test_half_a_packet_does_not_hold_the_next_one_up(meter, sim, clock):
    sim.send(RECORDED[:40])
    assert meter.poll(0) is None
    assert next_sample(meter, sim, clock) is not None


def test_packets_that_came_together_are_two_samples(meter, sim):
    sim.state.loads_w = {"ch1": 1200.0}
    first = sim.state.packet()
    sim.state.advance(10_000)
    sim.send(first + sim.state.packet())
    assert meter.poll(1).channels["ch1"][1] is None
    sample = meter.poll(0)
    assert sample.channels["ch1"][1] == 12_000_000
    assert sample.channels["ch1"][0].active_power_w == 1200.0


def test_reset_gives_no_power_and_no_energy_and_is_logged_once(meter, sim, clock, caplog):
    sim.state.loads_w = {"ch1": 100.0, "aux1": 10.0}
    next_sample(meter, sim, clock)
    next_sample(meter, sim, clock)
    sim.state.reset()
    with caplog.at_level(logging.WARNING):
        sample = next_sample(meter, sim, clock)
    assert [energy_mj for _, energy_mj in sample.channels.values()] == [None] * 7
    assert all(quantities.active_power_w is None for quantities, _ in sample.channels.values())
    assert sample.channels["ch1"][0].voltage_v == 230.0
    assert len(caplog.records) == 1
    assert "reset counter changed" in caplog.text
    assert next_sample(meter, sim, clock).channels["ch1"][1] == 1_000_000


@pytest.mark.parametrize(
    ("lie", "said"), [({"voltage_v": 6553.5}, "6554 V"), ({"loads_w": {"ch2": 150_000.0}}, "652 A")]
)
def test_packet_that_says_what_cannot_be_is_dropped_counted_and_told_once(
    meter, sim, clock, caplog, lie, said
):
    sim.state.loads_w = {"ch1": 100.0}
    next_sample(meter, sim, clock)
    honest = sim.state.voltage_v, sim.state.loads_w
    for name, value in lie.items():
        setattr(sim.state, name, value)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            sim.send(sim.state.packet())
            assert meter.poll(0) is None
    sim.state.voltage_v, sim.state.loads_w = honest
    assert meter.lies == 2
    assert [said in record.message for record in caplog.records] == [True]
    assert next_sample(meter, sim, clock).channels["ch1"][1] == 1_000_000


def test_meter_that_lies_all_the_time_is_lost_and_says_why(meter, sim, clock):
    sim.state.voltage_v = 6553.5
    for _ in range(3):
        assert next_sample(meter, sim, clock) is None
    clock.advance(1)
    with pytest.raises(BusTimeout, match="6554 V, which cannot be"):
        meter.poll(0)


def test_counters_that_wrap_lose_nothing(meter, sim, clock):
    sim.state.set_counters_ws({"ch1": 2**40 - 400, "aux1": 2**32 - 100}, seconds=2**24 - 15)
    sim.state.loads_w = {"ch1": 100.0, "aux1": 50.0}
    energies = [next_sample(meter, sim, clock).channels for _ in range(3)]
    assert [channels["ch1"][1] for channels in energies] == [None, 1_000_000, 1_000_000]
    assert [channels["aux1"][1] for channels in energies] == [None, 500_000, 500_000]


def test_pulled_adapter_raises_and_its_return_brings_the_joules_of_the_gap(meter, sim, clock):
    sim.state.loads_w = {"ch1": 1000.0, "aux5": 3.0}
    next_sample(meter, sim, clock)
    sim.unplug()
    with pytest.raises(BusTimeout, match="ttyECM"):
        meter.poll(1)
    meter.close()
    with pytest.raises(ChipNotFound, match=r"ttyECM.*no such device"):
        meter.open()
    clock.advance(3600)
    sim.service()
    sim.plug()
    meter.open()
    sample = next_sample(meter, sim, clock)
    assert sample.span_s == 3610
    assert sample.channels["ch1"][1] == 3610 * 1_000_000
    assert sample.channels["ch1"][0].active_power_w == 1000.0
    assert sample.channels["aux5"][1] == 3610 * 3_000


def test_meter_that_lost_its_seconds_meanwhile_gives_no_figure(meter, sim, clock, caplog):
    next_sample(meter, sim, clock)
    meter.close()
    clock.advance(3600)
    sim.service()
    sim.state.uptime_ms = 5_000
    meter.open()
    assert next_sample(meter, sim, clock).channels["ch1"][1] is None
    assert "ran backwards" in caplog.text or "does not fit" in caplog.text


def test_silence_is_none_at_first_and_a_timeout_with_a_hint_later(meter, sim, clock):
    sim.faults.silent = True
    clock.advance(3 * INTERVAL_S)
    assert meter.poll(0) is None
    clock.advance(1)
    with pytest.raises(BusTimeout, match="not a byte came"):
        meter.poll(0)


def test_bytes_of_something_else_are_told_from_silence(meter, sim, clock):
    sim.send(b"$GPGGA,123519,4807.038,N")
    meter.poll(0)
    clock.advance(3 * INTERVAL_S + 1)
    with pytest.raises(BusTimeout, match="what comes is no packet"):
        meter.poll(0)


def test_polled_meter_is_called_and_answers(polled_meter, polled_sim, clock):
    polled_sim.state.loads_w = {"ch2": 60.0}
    first = next_sample(polled_meter, polled_sim, clock)
    assert first.channels["ch2"][1] is None
    assert next_sample(polled_meter, polled_sim, clock).channels["ch2"][1] == 600_000


def test_polled_dialogue_on_the_wire(tmp_path, clock):
    host_side, meter_side = meter_terminal(tmp_path / "tty")
    meter = Ecm1240Meter(Ecm1240Settings(port=str(tmp_path / "tty"), mode="polled", unit=1), clock)
    meter.open()
    try:
        assert meter.poll(0) is None
        assert os.read(meter_side, 10) == b"\xfd"
        os.write(meter_side, b"\xfc")
        assert meter.poll(0) is None
        assert os.read(meter_side, 10) == b"SPK"
        os.write(meter_side, b"\xfc" + RECORDED)
        assert meter.poll(0).channels["ch1"][0].voltage_v == 128.8
        assert meter.poll(0) is None
        clock.advance(INTERVAL_S)
        assert meter.poll(0) is None
        assert os.read(meter_side, 10) == b"\xfd"
    finally:
        meter.close()
        os.close(host_side)
        os.close(meter_side)


def meter_terminal(link):
    meter_side, host_side = os.openpty()
    tty.setraw(host_side)
    link.symlink_to(os.ttyname(host_side))
    return host_side, meter_side


def test_polled_meter_that_misses_a_call_is_asked_again_at_the_next_turn(
    polled_meter, polled_sim, clock
):
    polled_sim.state.loads_w = {"ch1": 100.0}
    next_sample(polled_meter, polled_sim, clock)
    polled_sim.faults.silent = True
    assert next_sample(polled_meter, polled_sim, clock) is None
    polled_sim.faults.silent = False
    sample = next_sample(polled_meter, polled_sim, clock)
    assert sample.span_s == 20
    assert sample.channels["ch1"][1] == 2_000_000


def test_other_unit_of_the_line_is_not_listened_to(polled_sim, clock):
    settings = Ecm1240Settings(port=str(polled_sim.link), mode="polled", unit=3)
    meter = Ecm1240Meter(settings, clock)
    meter.open()
    assert next_sample(meter, polled_sim, clock) is None
    meter.close()


def test_poller_keeps_to_its_raster_and_skips_missed_turns():
    poller = Poller(unit=0, interval_s=10)
    assert poller.due(100.0) == b"\xfc"
    assert poller.answer(b"\xfc", 0, 100.1) == b"SPK"
    assert poller.answer(b"", 1, 100.2) == b""
    assert poller.due(109.9) == b""
    assert poller.due(110.3) == b"\xfc"
    assert poller.answer(b"noise", 0, 110.4) == b""
    assert poller.due(111.2) == b""  # gave up at 111.3, the next turn is at 120
    assert poller.due(119.9) == b""
    assert poller.due(120.0) == b"\xfc"
    assert poller.due(155.0) == b"\xfc"
    assert poller.due(160.0) == b""
    assert poller.due(165.0) == b"\xfc"


def test_poller_after_a_reopened_line_asks_at_once():
    poller = Poller(unit=0, interval_s=10)
    poller.due(100.0)
    poller.restart()
    assert poller.due(101.0) == b"\xfc"


def test_second_reader_of_the_port_is_refused(meter, sim, clock):
    second = Ecm1240Meter(Ecm1240Settings(port=str(sim.link)), clock)
    with pytest.raises(BusTimeout, match="another program"):
        second.open()


def test_file_that_is_no_serial_port_is_refused(tmp_path, clock):
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(ChipNotFound, match="not a usable serial port"):
        Ecm1240Meter(Ecm1240Settings(port=str(path)), clock).open()


def test_port_without_permission_names_the_group_to_join(sim, clock, monkeypatch):
    def refuse(path, flags):
        raise PermissionError(13, "Permission denied", path)

    meter = Ecm1240Meter(Ecm1240Settings(port=str(sim.link)), clock)
    monkeypatch.setattr("serial.serialposix.os.open", refuse)
    with pytest.raises(ChipNotFound, match=r"permission denied; .* group \w+"):
        meter.open()


def test_simulator_drops_what_nobody_reads_and_never_blocks(sim):
    for _ in range(2_000):
        sim.send(RECORDED)

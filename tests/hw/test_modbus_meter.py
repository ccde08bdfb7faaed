# SPDX-License-Identifier: Apache-2.0
"""The Modbus driver against the byte-level simulator: faults, sharing, and what is believed."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pdu_agent.hw.modbus import ModbusMeter, ModbusSettings
from pdu_agent.hw.modbus import client as clients
from pdu_agent.hw.modbus.client import Client
from pdu_agent.hw.modbus.line import LineSettings, parse_place, place_name, shared_line
from pdu_agent.hw.modbus.map_file import read_map
from pdu_agent.hw.modbus.messages import RtuFraming
from pdu_agent.hw.sim.modbus import SimModbusLine, SimModbusTcp, SimModbusTerminal
from pdu_agent.hw.sim.modbus_meters import SimOrno515, SimPzem004t
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, ConfigError, HardwareError
from pdu_agent.model.quantities import Electrical

pytestmark = pytest.mark.usefixtures("terminals")
TRUTH = Electrical(230.45, 1.234, 284.0, 284.4, -50.0, 0.998, 49.98)


class Bench:
    """Two meters on one line, units 1 and 2."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.truth = TRUTH
        self.units = {1: SimOrno515(lambda: self.truth, self.clock)}
        self.units[2] = SimPzem004t(lambda: self.truth, self.clock)
        self.line = SimModbusLine(self.units)
        self.sim = SimModbusTerminal(folder / "tty", self.line)
        self.sim.plug()
        self.made: list[ModbusMeter] = []

    def meter(self, address: int = 1, name: str = "orno-we-515", **settings) -> ModbusMeter:
        wanted = ModbusSettings(
            port=str(self.sim.terminal.link),
            map=name,
            address=address,
            parity="none",
            **{"timeout_s": 0.1, **settings},
        )
        register_map = read_map(name)
        client = Client(
            shared_line(wanted.port, wanted.line(register_map.line)), address, wanted.timeout_s
        )
        meter = ModbusMeter(wanted, register_map, client, self.clock, self.clock.advance)
        self.made.append(meter)
        meter.open()
        return meter

    def sample(self, meter: ModbusMeter):
        self.clock.advance(meter.max_silence_s)
        return meter.poll(0.5)

    def close(self) -> None:
        for meter in self.made:
            meter.close()
        self.sim.unplug()


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def volts(sample) -> float:
    return sample.channels["main"][0].voltage_v


def test_reactive_energy_and_tariffs_come_with_the_sample(bench):
    meter = bench.meter()
    bench.units[1].import_ws = 3.6e6 * 123.45
    bench.units[1].tariff = 2
    bench.sample(meter)
    sample = bench.sample(meter)
    assert sample.reactive_mvars == {"main": 100_000}  # undirected, 50 var for 2 s
    shown = sample.tariffs["main"]
    assert (shown["active_energy_t1"], shown["active_energy_t2"]) == (0, 12345 * 36_000_000)


@pytest.mark.parametrize("name", ["no_answers", "bad_crcs", "wrong_units", "cuts", "exceptions"])
def test_passing_fault_is_repeated_over_and_counted(bench, name):
    meter = bench.meter()
    setattr(bench.line.faults, name, 2)
    assert volts(bench.sample(meter)) == pytest.approx(230.45)
    assert meter.bad_responses == (0 if name == "exceptions" else 2)


@pytest.mark.parametrize("name", ["no_answers", "bad_crcs", "wrong_units", "cuts", "exceptions"])
def test_lasting_fault_is_an_error_and_the_meter_comes_back(bench, name):
    meter = bench.meter()
    bench.sample(meter)
    setattr(bench.line.faults, name, 99)
    with pytest.raises(BusTimeout, match="unit 1 on"):
        bench.sample(meter)
    setattr(bench.line.faults, name, 0)
    meter.close()
    meter.open()
    assert volts(bench.sample(meter)) == pytest.approx(230.45)


def test_refused_register_names_the_map_as_suspect(bench):
    meter = bench.meter(address=2)  # a PZEM has no holding registers
    with pytest.raises(ChipNotFound, match=r"exception 2.*does the map fit"):
        bench.sample(meter)


def test_echoing_adapter_and_noise_do_no_harm(bench):
    meter = bench.meter()
    bench.line.faults.echo = True
    bench.line.faults.noise = b"\x00\xff"
    assert volts(bench.sample(meter)) == pytest.approx(230.45)
    assert meter.bad_responses == 0


@pytest.mark.parametrize("late_s", [0.25, 2.0])
def test_late_responses_are_never_taken_for_another_registers(bench, late_s):
    """The unit answers all repeats once it comes to itself: each value still is its own."""
    meter = bench.meter()
    bench.sample(meter)
    bench.line.faults.late_s = late_s
    samples = []
    until_s = time.monotonic() + 10
    while len(samples) < 3 and time.monotonic() < until_s:
        try:
            samples.append(bench.sample(meter))
        except HardwareError:
            meter.close()
            meter.open()
    assert len(samples) == 3
    for sample in samples:
        shown = sample.channels["main"][0]
        assert shown.frequency_hz == pytest.approx(49.98)
        assert shown.voltage_v == pytest.approx(230.45)
        assert shown.power_factor == pytest.approx(0.998)


def test_impossible_value_drops_the_sample_and_is_no_energy(bench):
    meter = bench.meter()
    bench.sample(meter)
    bench.units[1].overrides[0x0131] = 60_000  # 600 V
    assert bench.sample(meter) is None
    assert meter.lies == 1
    del bench.units[1].overrides[0x0131]
    assert bench.sample(meter).channels["main"][1] == 284_000 * 4  # the true power, all the time
    bench.units[1].overrides[0x0131] = 60_000
    for _ in range(2):
        assert bench.sample(meter) is None
    with pytest.raises(BusTimeout, match="voltage is 600, which cannot be"):
        bench.sample(meter)


def test_reset_meter_brings_no_energy_and_is_told_once(bench, caplog):
    meter = bench.meter()
    bench.units[1].import_ws = 3.6e9
    bench.sample(meter)
    bench.units[1].reset()
    assert bench.sample(meter).channels["main"][1] is None
    assert bench.sample(meter).channels["main"][1] == 568_000
    assert [r.message for r in caplog.records if "reset or replaced" in r.message]


def test_counter_at_its_last_digit_goes_on(bench):
    meter = bench.meter()
    bench.truth = Electrical(230.0, 100.0, 23_000.0, 23_000.0, 0.0, 1.0, 50.0)
    bench.units[1].import_ws = 3.6e6 * 999_999.99
    bench.sample(meter)
    total_mj = sum(bench.sample(meter).channels["main"][1] for _ in range(20))
    assert abs(total_mj - 23_000_000 * 40) <= 2 * 36_000_000


def test_alarm_of_the_meter_is_told_when_it_comes_and_goes(bench, caplog):
    meter = bench.meter(2, "pzem-004t-v3", baud_rate=9600)
    for alarm_w in (23_000.0, 100.0, 100.0, 23_000.0):
        bench.units[2].alarm_w = alarm_w
        bench.sample(meter)
    told = [r.message for r in caplog.records if "alarm" in r.message]
    assert [text.rpartition(" is ")[2] for text in told] == ["on", "over"]


def test_clock_is_set_only_when_that_is_asked_for(bench):
    bench.sample(bench.meter())
    assert not bench.units[1].written
    bench.meter(set_clock=True)
    now = time.localtime(bench.clock.wall_s())
    assert bench.units[1].written == {
        0x8120: (now.tm_year - 2000) * 256 + now.tm_mon,
        0x8121: now.tm_mday * 256 + now.tm_hour,
        0x8122: now.tm_min * 256 + now.tm_sec,
    }


def test_two_meters_share_a_line_from_threads_of_their_own(bench):
    meters = [bench.meter(), bench.meter(2, "pzem-004t-v3")]
    samples: dict[int, list] = {0: [], 1: []}

    def read(number: int) -> None:
        for _ in range(8):
            meters[number].open()
            samples[number].append(meters[number].poll(0.5))

    threads = [threading.Thread(target=read, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    shown = [[volts(each) for each in samples[number] if each] for number in (0, 1)]
    assert len(shown[0]) == len(shown[1]) == 8
    assert shown[0] == [pytest.approx(230.45)] * 8
    assert shown[1] == [pytest.approx(230.4, abs=0.11)] * 8


def test_dead_meter_does_not_take_its_neighbour_down(bench):
    good, dead = bench.meter(), bench.meter(2, "pzem-004t-v3")
    del bench.line.units[2]
    with pytest.raises(BusTimeout):
        bench.sample(dead)
    dead.close()
    assert volts(bench.sample(good)) == pytest.approx(230.45)


def test_pulled_adapter_is_an_error_for_both_and_both_come_back(bench):
    meters = [bench.meter(), bench.meter(2, "pzem-004t-v3")]
    bench.sim.unplug()
    for meter in meters:
        with pytest.raises(HardwareError):
            bench.sample(meter)
        meter.close()
        with pytest.raises(HardwareError):
            meter.open()
    bench.sim.plug()
    for meter in meters:
        meter.open()
        assert bench.sample(meter) is not None


def test_poll_between_two_rounds_waits_no_longer_than_it_may(bench):
    meter = bench.meter(interval_s=10)
    bench.sample(meter)
    before_s = bench.clock.monotonic_s()
    assert meter.poll(0.5) is None
    assert bench.clock.monotonic_s() == before_s + 0.5


def test_meter_behind_tcp_survives_a_late_response_and_a_closed_connection():
    clock = ManualClock()
    line = SimModbusLine({1: SimOrno515(lambda: TRUTH, clock)})
    sim = SimModbusTcp(line)
    sim.plug()
    settings = ModbusSettings(f"tcp://127.0.0.1:{sim.port}", "orno-we-515", timeout_s=0.1)
    register_map = read_map("orno-we-515")
    client = Client(shared_line(settings.port, settings.line(register_map.line)), 1, 0.1)
    meter = ModbusMeter(settings, register_map, client, clock, clock.advance)
    try:
        meter.open()
        line.faults.late_s = 0.25
        assert volts(meter.poll(0.5)) == pytest.approx(230.45)
        sim.unplug()
        clock.advance(2)
        with pytest.raises(HardwareError):
            meter.poll(0.5)
        meter.close()
        sim.plug()
        meter.open()
        assert volts(meter.poll(0.5)) == pytest.approx(230.45)
    finally:
        meter.close()
        sim.unplug()


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("/dev/ttyUSB0", ("", "/dev/ttyUSB0", 0)),
        ("tcp://10.0.0.5", ("tcp", "10.0.0.5", 502)),
        ("rtu-tcp://[fd00::1]:4196", ("rtu-tcp", "fd00::1", 4196)),
    ],
)
def test_places(place, parts):
    assert parse_place(place) == parts


def test_spellings_of_one_place_share_a_line():
    assert place_name("tcp://H.example") == place_name("tcp://h.example:502")
    assert place_name("rtu-tcp://[fd00::1]:7") == "rtu-tcp://[fd00::1]:7"
    line = shared_line("tcp://10.0.0.5", LineSettings())
    assert shared_line("tcp://10.0.0.5:502", LineSettings()) is line


class DeadLine:
    """Sixteen dead meters: every attempt waits for its turn."""

    path = "dead"
    framing = RtuFraming(0.001)

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def open(self, user: object) -> None:
        pass

    def exchange(self, unit: int, request: object, timeout_s: float) -> None:
        self._clock.advance(16 * timeout_s)


def test_long_line_of_dead_meters_does_not_keep_a_thread_for_too_long(monkeypatch):
    clock = ManualClock()
    monkeypatch.setattr(clients, "time", SimpleNamespace(monotonic=clock.monotonic_s))
    client = Client(DeadLine(clock), 1, 0.5)
    client.open()
    for register in (1, 2):  # the second one finds the first still owed
        before_s = clock.monotonic_s()
        with pytest.raises(BusTimeout, match="no valid response in 1 attempts"):
            client.read(3, register, 1)
        assert clock.monotonic_s() - before_s < 15 - 5


@pytest.mark.parametrize("place", ["udp://10.0.0.5", "tcp://", "tcp://h:99999", "tcp://h/x"])
def test_place_that_is_none_is_refused(place):
    with pytest.raises(ConfigError, match="expected a serial device, tcp://host:502"):
        ModbusSettings(place, "orno-we-515")


def test_character_time_counts_start_parity_and_stop_bits():
    assert LineSettings(9600, "even", 1).character_s == pytest.approx(1.146e-3, abs=1e-6)
    assert str(LineSettings(9600, "even", 1)) == "9600 8E1"

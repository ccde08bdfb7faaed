# SPDX-License-Identifier: Apache-2.0
"""Frames of sensors with what they mean, and what each driver does on the bus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu_agent.hw.aht20 import Aht20Sensor
from pdu_agent.hw.bank_worker import BankWorker
from pdu_agent.hw.bme280 import Bme280Sensor, Bme280Settings, compensation
from pdu_agent.hw.crc8 import crc8
from pdu_agent.hw.dropped_sample import DroppedSample
from pdu_agent.hw.ds18b20 import Ds18b20Sensor, Ds18b20Settings
from pdu_agent.hw.guest_bus import GuestBus
from pdu_agent.hw.iio import IioSensor, IioSettings
from pdu_agent.hw.sht import Sht3xSensor, Sht3xSettings, Sht4xSensor, Sht4xSettings
from pdu_agent.hw.sim.bme280 import SimBme280
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.sensor_faults import Air, remainder
from pdu_agent.hw.sim.sht import SimSht3x
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, HardwareError
from pdu_agent.model.snapshot import SensorKind

CAPTURES = Path(__file__).parents[3] / "shared" / "captures" / "sensors.json"
T, H, P = SensorKind.TEMPERATURE, SensorKind.HUMIDITY, SensorKind.PRESSURE


class Answering:
    """A bus whose reads give this frame, and that keeps what was written."""

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.written: list[bytes] = []

    def exchange(self, _address: int, data: bytes, length: int, /) -> bytes:
        if data:
            self.written.append(data)
        return self.frame[:length]


def nothing(_seconds: float) -> None:
    return


SHT3X = bytes.fromhex("6666938000a2")
SHT4X = bytes.fromhex("66669372b0dc")
AHT20 = bytes.fromhex("1c80000600004e")


def sht3x(frame: bytes, kind: SensorKind) -> float:
    return Sht3xSensor(Answering(frame), Sht3xSettings("x"), kind, nothing).read()  # type: ignore[arg-type]


def sht4x(frame: bytes, kind: SensorKind) -> float:
    return Sht4xSensor(Answering(frame), Sht4xSettings("x"), kind, nothing).read()  # type: ignore[arg-type]


def aht20(frame: bytes, kind: SensorKind) -> float:
    return Aht20Sensor(Answering(frame), kind, nothing).read()  # type: ignore[arg-type]


@pytest.mark.parametrize(("read", "frame"), [(sht3x, SHT3X), (sht4x, SHT4X), (aht20, AHT20)])
def test_frames_of_25_degrees_and_half_wet_air(
    read: Callable[[bytes, SensorKind], float], frame: bytes
) -> None:
    assert read(frame, T) == pytest.approx(25.0, abs=0.01)
    assert read(frame, H) == pytest.approx(50.0, abs=0.01)


@pytest.mark.parametrize(("read", "frame"), [(sht3x, SHT3X), (sht4x, SHT4X), (aht20, AHT20)])
def test_every_single_flipped_bit_is_noticed(
    read: Callable[[bytes, SensorKind], float], frame: bytes
) -> None:
    for bit in range(8 * len(frame)):
        spoiled = bytearray(frame)
        spoiled[bit // 8] ^= 1 << bit % 8
        for kind in (T, H):
            with pytest.raises(HardwareError):
                read(bytes(spoiled), kind)


def test_the_recorded_frames_mean_what_was_shown() -> None:
    if not CAPTURES.exists():
        pytest.skip(f"no recordings at {CAPTURES}")
    recorded: dict[str, Any] = json.loads(CAPTURES.read_text(encoding="utf-8"))
    for name, read in {"sht3x": sht3x, "sht4x": sht4x, "aht20": aht20}.items():
        frame = bytes.fromhex(recorded[name]["hex"])
        assert read(frame, T) == pytest.approx(recorded[name]["t"], abs=0.01)
        assert read(frame, H) == pytest.approx(recorded[name]["rh"], abs=0.01)


def test_an_sht4x_beyond_its_scale_is_at_the_end_of_it() -> None:
    for raw, percent in ((0, 0.0), (0xFFFF, 100.0)):
        word = raw.to_bytes(2, "big")
        frame = SHT4X[:3] + word + bytes([crc8(word)])
        assert sht4x(frame, H) == percent


@pytest.mark.parametrize("raw", [0, 0xFFFF])
def test_humidity_beside_an_impossible_temperature_is_no_value(raw: int) -> None:
    word = raw.to_bytes(2, "big")
    warm = word + bytes([crc8(word)])
    for read, frame in ((sht3x, warm + SHT3X[3:]), (sht4x, warm + SHT4X[3:])):
        with pytest.raises(HardwareError, match="cannot be"):
            read(frame, H)
    bits = b"\x1c\x80\x00" + (bytes([0x0F, 0xFF, 0xFF]) if raw else bytes(3))
    with pytest.raises(HardwareError, match="cannot be"):
        aht20(bits + bytes([crc8(bits)]), H)


@given(st.binary(min_size=1, max_size=12))
def test_the_checksum_is_the_remainder_of_a_long_division(data: bytes) -> None:
    assert crc8(data) == remainder(data)
    assert crc8(data + bytes([crc8(data)])) == 0


# BME280

CHIP = compensation.Calibration(
    (27504, 26435, -1000), (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
)


def test_the_data_sheets_example_of_temperature_and_pressure() -> None:
    t_fine = compensation.fine_temperature(CHIP, 519888)
    assert t_fine == pytest.approx(128422, abs=0.5)
    assert compensation.celsius(t_fine) == pytest.approx(25.08, abs=0.005)
    assert compensation.hectopascals(CHIP, t_fine, 415148) == pytest.approx(1006.533, abs=0.001)


def test_calibration_is_taken_apart_as_it_lies_in_the_chip() -> None:
    first = bytes.fromhex("706b43671 8fc".replace(" ", "")) + bytes.fromhex(
        "7d8e43d6d00b270b8c00f9ff8c3cf8c67017" + "00" + "4b"
    )
    # H4 = 0x139 and H5 = -2 share the byte E5: low halves 9 and E.
    second = bytes.fromhex("72 01 00 13 e9 ff 1e".replace(" ", ""))
    assert compensation.calibration(first, second) == compensation.Calibration(
        CHIP.t, CHIP.p, (75, 370, 0, 313, -2, 30)
    )


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_dead_memory_is_no_calibration(byte: int) -> None:
    with pytest.raises(ValueError, match="T1"):
        compensation.calibration(bytes([byte]) * 26)


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_dead_memory_gives_no_humidity(byte: int) -> None:
    first = bytes.fromhex("706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c67017004b")
    with pytest.raises(ValueError, match="H2"):
        compensation.calibration(first, bytes([byte]) * 7)


class FixedCodes(SimBme280):
    """Whatever is in the air, a measurement ends with these registers."""

    data = bytes(8)

    def _measure(self, *_oversampling: int) -> None:
        self._memory[0xF7:0xFF] = self.data


def reading_codes(kind: SensorKind, data: str) -> float:
    clock = ManualClock()
    chip = FixedCodes(Air(lambda: 0.0), clock.monotonic_s)
    chip.data = bytes.fromhex(data)
    return Bme280Sensor(SimI2cBus({0x76: chip}), Bme280Settings("x"), kind, clock.advance).read()


def test_codes_that_also_mean_not_measured_may_be_measured() -> None:
    """0x80000 is a usual temperature, and the pressure of a mountain; 0x8000 a usual humidity."""
    assert reading_codes(T, "655ac0 800000 7000") == pytest.approx(26.5, abs=0.2)
    assert 700 < reading_codes(P, "800000 7eed00 7000") < 900
    assert 50 < reading_codes(H, "655ac0 7eed00 8000") < 80
    for kind in (T, P, H):
        with pytest.raises(HardwareError, match="has not measured"):
            reading_codes(kind, "800000 800000 8000")


def test_what_is_computed_with_an_impossible_temperature_is_no_value() -> None:
    for kind in (P, H):
        with pytest.raises(HardwareError, match="cannot be"):
            reading_codes(kind, "655ac0 000000 7000")


def bmp_on(air: Air, clock: ManualClock, kind: SensorKind) -> tuple[Bme280Sensor, SimBme280]:
    chip = SimBme280(air, clock.monotonic_s, has_humidity=False)
    bus = SimI2cBus({0x76: chip})
    return Bme280Sensor(bus, Bme280Settings("x"), kind, clock.advance), chip


def test_a_bmp280_has_no_humidity() -> None:
    clock = ManualClock()
    assert bmp_on(Air(lambda: 21.0), clock, T)[0].read() == pytest.approx(21, abs=0.02)
    with pytest.raises(ChipNotFound, match="BMP280, which has no humidity"):
        bmp_on(Air(lambda: 21.0), clock, H)[0].read()


def test_a_bmp280_that_lost_its_power_measures_again() -> None:
    sensor, chip = bmp_on(Air(lambda: 21.0), ManualClock(), P)
    assert sensor.read() == pytest.approx(1013.25, abs=0.05)
    chip.power_on()
    assert sensor.read() == pytest.approx(1013.25, abs=0.05)


@given(st.floats(-39, 84), st.floats(1, 99), st.floats(310, 1090))
def test_floating_point_and_whole_numbers_agree(
    celsius: float, percent: float, hectopascals: float
) -> None:
    """The simulator computes with the data sheet's whole numbers, the driver does not."""
    clock = ManualClock()
    air = Air(lambda: celsius, lambda: percent, lambda: hectopascals)
    bus = SimI2cBus({0x76: SimBme280(air, clock.monotonic_s)})
    for kind, truth, near in ((T, celsius, 0.02), (H, percent, 0.1), (P, hectopascals, 0.1)):
        sensor = Bme280Sensor(bus, Bme280Settings("x"), kind, clock.advance)
        assert sensor.read() == pytest.approx(truth, abs=near)


# the bus between command and reading


def test_others_use_the_bus_while_a_sensor_measures() -> None:
    clock = ManualClock()
    bus = SimI2cBus({0x44: SimSht3x(Air(lambda: 21.0), clock.monotonic_s)})
    worker = BankWorker("bus", {}, lambda _: None, clock)
    meanwhile: list[str] = []

    def sleep(seconds: float) -> None:
        meanwhile.append(worker.call(lambda: "a relay's transfer"))
        clock.advance(seconds)

    sensor = Sht3xSensor(GuestBus(worker, lambda: bus), Sht3xSettings("x"), T, sleep)
    worker.start()
    try:
        assert sensor.read() == pytest.approx(21, abs=0.01)
    finally:
        worker.stop()
    assert meanwhile == ["a relay's transfer"]


def test_an_sht_that_somebody_left_measuring_by_itself_is_freed() -> None:
    clock = ManualClock()
    chip = SimSht3x(Air(lambda: 21.0), clock.monotonic_s)
    chip.by_itself = True
    bus = SimI2cBus({0x44: chip})
    sensor = Sht3xSensor(bus, Sht3xSettings("x"), T, clock.advance)
    with pytest.raises(ChipNotFound):
        sensor.read()
    assert sensor.read() == pytest.approx(21, abs=0.01)


def test_a_busy_aht20_is_waited_for_half_a_second_at_most() -> None:
    waited_s: list[float] = []
    sensor = Aht20Sensor(Answering(b"\x98" + bytes(6)), T, waited_s.append)  # type: ignore[arg-type]
    with pytest.raises(BusTimeout, match="stays busy"):
        sensor.read()
    assert 0.08 < sum(waited_s) <= 0.5


def test_an_aht20_is_initialised_when_it_is_not_calibrated() -> None:
    bus = Answering(b"\x10" + AHT20[1:])
    with pytest.raises(HardwareError):
        Aht20Sensor(bus, T, nothing).read()  # type: ignore[arg-type]
    assert bus.written == [b"\xbe\x08\x00", b"\xac\x33\x00"]


# files of the kernel


@pytest.mark.parametrize(
    ("line", "celsius"),
    [("91 01 4b 46 7f ff 0f 10 25", 25.0625), ("5e ff 4b 46 7f ff 02 10 f7", -10.125)],
)
def test_a_ds18b20_in_the_kernels_words(tmp_path: Path, line: str, celsius: float) -> None:
    path = tmp_path / "w1_slave"
    thousandths = int(celsius * 1000)
    path.write_text(f"{line} : crc={line[-2:]} YES\n{line} t={thousandths}\n", encoding="ascii")
    assert Ds18b20Sensor(Ds18b20Settings(str(path))).read() == pytest.approx(celsius, abs=0.001)


def test_85_degrees_of_power_on_are_never_a_value(tmp_path: Path) -> None:
    """A supply that is too weak lets a sensor begin anew before each conversion."""
    line = "50 05 4b 46 7f ff 0c 10 1c"
    slave = f"{line} : crc=1c YES\n{line} t=85000\n"
    for text in (slave, "85000\n"):
        path = tmp_path / "file"
        path.write_text(text, encoding="ascii")
        sensor = Ds18b20Sensor(Ds18b20Settings(str(path)))
        for _ in range(5):
            with pytest.raises(DroppedSample, match="power-on"):
                sensor.read()
        path.write_text("84937\n", encoding="ascii")
        assert sensor.read() == 84.937


def test_85_degrees_that_were_measured_are_a_value(tmp_path: Path) -> None:
    path = tmp_path / "w1_slave"
    line = "50 05 4b 46 7f ff 10 10 bd"
    path.write_text(f"{line} : crc=bd YES\n{line} t=85000\n", encoding="ascii")
    assert Ds18b20Sensor(Ds18b20Settings(str(path))).read() == 85.0


@pytest.mark.parametrize("text", ["", "hot\n", "91 01 : YES\n t=1\n", "\xff\x00"])
def test_other_words_are_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "w1_slave"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(HardwareError, match="no answer of w1_therm"):
        Ds18b20Sensor(Ds18b20Settings(str(path))).read()


def test_a_dht_that_gave_nothing_is_a_dropped_sample_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "iio:device3"
    device.mkdir()
    (device / "name").write_text("dht11@4\n", encoding="ascii")
    (device / "in_temp_input").write_text("21000\n", encoding="ascii")
    sensor = IioSensor(tmp_path, IioSettings("dht11@4"), T)
    assert sensor.read() == 21
    real_open = Path.open

    def failing(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.name == "in_temp_input":
            raise OSError(110, "Connection timed out")
        return real_open(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(DroppedSample, match="timed out") as caught:
        sensor.read()
    assert caught.value.tolerated is None

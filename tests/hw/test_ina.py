# SPDX-License-Identifier: Apache-2.0
"""INA219, INA226 and INA3221 against their register-level simulators."""

import pytest

from pdu_agent.hw.ina import (
    Ina219Meter,
    Ina219Settings,
    Ina226Meter,
    Ina226Settings,
    Ina3221Meter,
    Ina3221Settings,
)
from pdu_agent.hw.ina.chips import Ina219, Ina226, Ina3221
from pdu_agent.hw.sim.i2c import SimI2cBus
from pdu_agent.hw.sim.ina import SimIna219, SimIna226, SimIna3221
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.errors import BusTimeout, ChipNotFound, ConfigError, ReadbackMismatch
from pdu_agent.model.quantities import Quality


class OneBus:
    def __init__(self, bus) -> None:
        self._bus = bus

    def i2c(self, bus: str):
        return self._bus


class Rig:
    def __init__(self, meter, settings, chip) -> None:
        self.clock = ManualClock()
        self.chip = chip
        self.bus = SimI2cBus({settings.address: chip})
        site = Site("dc", "", self.clock, self.clock.advance, OneBus(self.bus))
        self.meter = meter.connect(site, settings)

    def sample(self):
        self.clock.advance(self.meter.max_silence_s)
        return self.meter.poll(0)


def rig_219(truth=lambda: (12.0, 2.0)) -> Rig:
    return Rig(Ina219Meter, Ina219Settings(bus="i"), SimIna219(truth))


# known answers, codes worked out by hand from the data sheets


def read(chip, registers: dict[int, int]):
    return chip.read(lambda register: registers[register])


def test_ina219_codes():
    chip = Ina219(Ina219Settings("i", shunt_ohm=0.1, max_current_a=3.2768))
    assert chip.setup[5] == 4096  # trunc(0.04096 / (100 uA x 0.1 ohm))
    (shown,) = read(chip, {1: 20_000, 2: 3000 << 3 | 2, 3: 12_000, 4: 20_000})
    assert shown.voltage_v == pytest.approx(12.0)
    assert shown.current_a == pytest.approx(2.0)
    assert shown.active_power_w == pytest.approx(24.0)  # 12000 x 20 x 100 uA
    (back,) = read(chip, {1: 0x10000 - 20_000, 2: 3000 << 3, 3: 12_000, 4: 0x10000 - 20_000})
    assert (back.current_a, back.active_power_w) == (pytest.approx(-2), pytest.approx(-24))


def test_ina226_codes():
    chip = Ina226(Ina226Settings("i", shunt_ohm=0.002, max_current_a=32.768))
    assert chip.setup[5] == 2560  # 0.00512 / (1 mA x 2 mohm)
    (shown,) = read(chip, {1: 8000, 2: 9584, 3: 4792, 4: 10_000, 6: 0})
    assert shown.voltage_v == pytest.approx(11.98)
    assert shown.current_a == pytest.approx(10.0)
    assert shown.active_power_w == pytest.approx(119.8)


def test_ina3221_codes():
    chip = Ina3221(Ina3221Settings("i", ch2_shunt_ohm=0.05))
    words = {1: 250 << 3, 2: 625 << 3, 3: 0x10000 - (250 << 3), 4: 1500 << 3, 5: 0, 6: 0}
    one, two, three = read(chip, words)
    assert (one.voltage_v, one.current_a) == (pytest.approx(5.0), pytest.approx(0.1))
    assert (two.voltage_v, two.current_a) == (pytest.approx(12.0), pytest.approx(-0.2))
    assert two.active_power_w == pytest.approx(-2.4)
    assert (three.voltage_v, three.active_power_w) == (0.0, 0.0)


@pytest.mark.parametrize(
    "settings",
    [
        lambda: Ina219Settings("i", shunt_ohm=10, max_current_a=1000),
        lambda: Ina226Settings("i", shunt_ohm=0.0001, max_current_a=0.001),
    ],
)
def test_shunt_that_does_not_fit_the_current_is_refused(settings):
    with pytest.raises(ConfigError, match="makes a calibration of"):
        settings()


# on the simulators


def test_overload_is_clipped_and_not_the_chips_nonsense():
    rig = rig_219(lambda: (12.0, 3.15))
    rig.meter = Ina219Meter.connect(
        Site("dc", "", rig.clock, rig.clock.advance, OneBus(rig.bus)),
        Ina219Settings(bus="i", max_current_a=1.0),
    )
    rig.meter.open()
    ((shown, _),) = rig.sample().channels.values()
    assert shown.quality is Quality.CLIPPED
    assert shown.current_a == pytest.approx(3.15)
    assert shown.active_power_w == pytest.approx(37.8)


@pytest.mark.parametrize(
    ("meter", "settings", "chip"),
    [
        (Ina219Meter, Ina219Settings(bus="i"), SimIna219(lambda: (12.0, 5.0))),
        (Ina219Meter, Ina219Settings(bus="i"), SimIna219(lambda: (12.0, -5.0))),
        (
            Ina226Meter,
            Ina226Settings(bus="i", max_current_a=1.0),
            SimIna226(lambda: (12.0, 5.0)),
        ),
    ],
)
def test_shunt_at_the_end_of_its_range_is_clipped_though_the_chip_can_still_calculate(
    meter, settings, chip
):
    """The overflow flag tells of the chip's arithmetic only."""
    rig = Rig(meter, settings, chip)
    rig.meter.open()
    ((shown, _),) = rig.sample().channels.values()
    assert shown.quality is Quality.CLIPPED


def test_nothing_is_believed_before_the_first_conversion():
    rig = rig_219()
    rig.meter.open()
    assert rig.meter.poll(0) is None
    rig.clock.advance(0.15)
    assert rig.meter.poll(0) is not None


def test_ina3221_at_the_end_of_its_shunt_range_is_clipped():
    truths = (lambda: (5.0, 9.0), lambda: (5.0, -9.0), lambda: (5.0, 1.0))
    rig = Rig(Ina3221Meter, Ina3221Settings(bus="i"), SimIna3221(truths))
    rig.meter.open()
    qualities = [shown.quality for shown, _ in rig.sample().channels.values()]
    assert qualities == [Quality.CLIPPED, Quality.CLIPPED, Quality.OK]


@pytest.mark.parametrize(
    ("meter", "settings", "chip"),
    [
        (Ina219Meter, Ina219Settings(bus="i"), SimIna219(lambda: (12.0, 1.0))),
        (Ina226Meter, Ina226Settings(bus="i"), SimIna226(lambda: (12.0, 0.5))),
        (Ina3221Meter, Ina3221Settings(bus="i"), SimIna3221([lambda: (5.0, 0.1)] * 3)),
    ],
)
def test_chip_that_lost_its_supply_is_noticed_before_its_zeros_are_believed(meter, settings, chip):
    rig = Rig(meter, settings, chip)
    rig.meter.open()
    assert rig.sample() is not None
    rig.chip.power_loss()
    with pytest.raises(ReadbackMismatch, match="lose its supply"):
        rig.sample()
    rig.meter.close()
    rig.meter.open()
    assert rig.sample() is not None


def test_another_chip_at_the_address_of_an_ina3221_is_refused():
    rig = Rig(Ina3221Meter, Ina3221Settings(bus="i"), SimIna226(lambda: (12.0, 1.0)))
    with pytest.raises(ChipNotFound, match="expected 0x3220"):
        rig.meter.open()


def test_another_chip_at_the_address_is_refused():
    rig = Rig(Ina226Meter, Ina226Settings(bus="i"), SimIna219(lambda: (12.0, 1.0)))
    with pytest.raises(ChipNotFound, match="expected 0x5449"):
        rig.meter.open()


def test_what_cannot_be_is_counted_and_then_an_error():
    rig = rig_219()
    rig.meter.open()
    rig.sample()
    rig.chip.overrides[2] = 0xFFFF
    assert rig.sample() is None
    assert rig.sample() is None
    assert rig.meter.lies == 2
    with pytest.raises(BusTimeout, match="more than the chip can measure"):
        rig.sample()


def test_gap_is_no_energy():
    rig = rig_219()
    rig.meter.open()
    rig.sample()
    assert rig.sample().channels["dc"][1] == pytest.approx(24_000, rel=0.01)
    rig.clock.advance(60)
    assert rig.meter.poll(0).channels["dc"][1] is None
    assert rig.sample().channels["dc"][1] == pytest.approx(24_000, rel=0.01)


@pytest.mark.parametrize(("fault", "error"), [("nacks", ChipNotFound), ("stuck", BusTimeout)])
def test_bus_faults_are_hardware_errors(fault, error):
    rig = rig_219()
    rig.meter.open()
    setattr(rig.bus.faults, fault, 1)
    with pytest.raises(error):
        rig.sample()


def test_flipped_bits_on_the_wire_never_pass_the_setup():
    rig = rig_219()
    rig.bus.faults.corrupt_writes = 1
    with pytest.raises(ReadbackMismatch):
        rig.meter.open()

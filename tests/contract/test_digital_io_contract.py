# SPDX-License-Identifier: Apache-2.0
"""What every board of inputs and outputs must do, shown on its simulated hardware.

A new driver adds a rig to RIGS and gets all of these tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdu_agent.hw.gpio_io import GpioIo, GpioIoSettings
from pdu_agent.hw.mcp_io import Mcp23008Io, Mcp23008IoSettings, Mcp23017Io, Mcp23017IoSettings
from pdu_agent.hw.pcf8574 import Pcf8574Io, Pcf8574Settings
from pdu_agent.hw.ports import DigitalIo
from pdu_agent.hw.sim.gpio import SimGpioChip
from pdu_agent.hw.sim.i2c import Faults, SimI2cBus
from pdu_agent.hw.sim.mcp23008 import SimMcp23008
from pdu_agent.hw.sim.mcp23017 import SimMcp23017
from pdu_agent.hw.sim.pcf8574 import SimPcf8574
from pdu_agent.hw.site import Site
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.errors import HardwareError

INPUTS, OUTPUTS = (0, 2, 5), (1, 3, 6)
BUS = "/dev/i2c-1"


@dataclass
class Rig:
    """A board under test with buttons to ground on its INPUTS and lamps on its OUTPUTS.

    press(lines): exactly these are pressed. lit: what the lamps do. flashes: every set of lit
    lamps since the start. connect: a driver as after a restart. power_loss: None where the
    chip is part of the board that runs the agent.
    """

    connect: Callable[[], DigitalIo]
    press: Callable[[frozenset[int]], None]
    lit: Callable[[], frozenset[int]]
    unplug: Callable[[], None]
    plug: Callable[[], None]
    power_loss: Callable[[], None] | None
    faults: dict[str, Callable[[], None]] = field(default_factory=dict)
    heal: Callable[[], None] = lambda: None
    flashes: list[frozenset[int]] = field(default_factory=list)

    def opened(self) -> DigitalIo:
        io = self.connect()
        io.open()
        return io


class Board:
    """The connections of a board with one bus, or one chip."""

    def __init__(self, bus: SimI2cBus | None = None, chip: SimGpioChip | None = None) -> None:
        self._bus = bus
        self._chip = chip

    def site(self) -> Site:
        return Site("io panel", "", SystemClock(), lambda _: None, self)  # type: ignore[arg-type]

    def i2c(self, bus: str) -> SimI2cBus:
        assert bus == BUS
        assert self._bus is not None
        return self._bus

    def gpio(self, chip: str) -> SimGpioChip:
        assert self._chip is not None
        return self._chip


def lines_of(mask: int) -> frozenset[int]:
    return frozenset(line for line in range(16) if mask >> line & 1)


def mask_of(lines: frozenset[int]) -> int:
    return sum(1 << line for line in lines)


def on_bus(driver, settings, bus: SimI2cBus, address: int, chip, **special) -> Rig:
    def heal() -> None:
        bus.faults = Faults()

    return Rig(
        connect=lambda: driver.connect(Board(bus).site(), settings, INPUTS, OUTPUTS),
        unplug=lambda: bus.unplug(address),
        plug=lambda: bus.plug(address, chip),
        power_loss=chip.power_loss,
        faults={
            "nack": lambda: setattr(bus.faults, "nacks", 1000),
            "stuck": lambda: setattr(bus.faults, "stuck", True),
            "zeros": lambda: setattr(bus.faults, "zeros", True),
        },
        heal=heal,
        **special,
    )


def mcp_rig(driver, settings, chip_class) -> Rig:
    flashes: list[frozenset[int]] = []

    def on_outputs(driven: int, levels: int) -> None:
        flashes.append(lines_of(driven & (~levels if settings.lit_low else levels)))

    chip = chip_class(on_outputs=on_outputs)
    bus = SimI2cBus({settings.address: chip}, sleep=len)

    def press(lines: frozenset[int]) -> None:
        chip.drive_pins(mask_of(lines), 0 if settings.active_low else mask_of(lines))

    return on_bus(
        driver,
        settings,
        bus,
        settings.address,
        chip,
        press=press,
        lit=lambda: flashes[-1],
        flashes=flashes,
    )


def pcf_rig(address: int) -> Rig:
    flashes: list[frozenset[int]] = [frozenset()]
    lamps = mask_of(frozenset(OUTPUTS))
    chip = SimPcf8574(lambda pins: flashes.append(lines_of(lamps & ~pins)))
    bus = SimI2cBus({address: chip}, sleep=len)
    return on_bus(
        Pcf8574Io,
        Pcf8574Settings(BUS, address),
        bus,
        address,
        chip,
        press=lambda lines: chip.ground(mask_of(lines)),
        lit=lambda: flashes[-1],
        flashes=flashes,
    )


def gpio_rig() -> Rig:
    flashes: list[frozenset[int]] = []
    chip = SimGpioChip(
        16, SystemClock(), on_outputs=lambda driven, levels: flashes.append(lines_of(levels))
    )

    def press(lines: frozenset[int]) -> None:
        for line in INPUTS:
            chip.drive(line, False if line in lines else None)

    settings = GpioIoSettings("/dev/gpiochip0")
    return Rig(
        connect=lambda: GpioIo.connect(Board(chip=chip).site(), settings, INPUTS, OUTPUTS),
        press=press,
        lit=lambda: flashes[-1],
        unplug=chip.unplug,
        plug=chip.plug,
        power_loss=None,
        flashes=flashes,
    )


RIGS: dict[str, Callable[[], Rig]] = {
    "gpio": gpio_rig,
    "pcf8574": lambda: pcf_rig(0x20),
    "pcf8574a": lambda: pcf_rig(0x38),
    "mcp23008": lambda: mcp_rig(Mcp23008Io, Mcp23008IoSettings(BUS, 0x21), SimMcp23008),
    "mcp23008 lit low": lambda: mcp_rig(
        Mcp23008Io, Mcp23008IoSettings(BUS, 0x21, lit_low=True), SimMcp23008
    ),
    "mcp23017": lambda: mcp_rig(Mcp23017Io, Mcp23017IoSettings(BUS, 0x26), SimMcp23017),
}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Rig:
    return RIGS[request.param]()


def settled(io: DigitalIo) -> dict[int, bool]:
    """Its inputs once the kernel has debounced them, where it does."""
    found = dict(io.read(0.05))
    for _ in range(20):
        before, found = found, dict(io.read(0.05))
        if found == before:
            break
    return found


def test_inputs_that_nobody_presses_are_inactive(rig: Rig):
    assert settled(rig.opened()) == dict.fromkeys(INPUTS, False)


@pytest.mark.parametrize("pressed", [{0}, {5}, {0, 2}, {0, 2, 5}])
def test_pressed_inputs_are_active_and_no_others(rig: Rig, pressed: set[int]):
    io = rig.opened()
    rig.press(frozenset(pressed))
    assert settled(io) == {line: line in pressed for line in INPUTS}
    rig.press(frozenset())
    assert settled(io) == dict.fromkeys(INPUTS, False)


def test_input_that_is_held_when_the_board_is_opened_is_active(rig: Rig):
    rig.press(frozenset({2}))
    assert settled(rig.opened())[2] is True


def test_opening_lights_no_lamp_not_even_for_a_moment(rig: Rig):
    rig.opened()
    assert set(rig.flashes) == {frozenset()}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.dictionaries(st.sampled_from(OUTPUTS), st.booleans(), min_size=1), max_size=6))
def test_lamps_follow_any_sequence_and_keep_what_is_not_named(rig: Rig, writes):
    io = rig.opened()
    lit: dict[int, bool] = {}
    for write in writes:
        io.write(write)
        lit |= write
        assert rig.lit() == {line for line, is_lit in lit.items() if is_lit}
    io.close()


def test_lamps_and_inputs_do_not_disturb_each_other(rig: Rig):
    io = rig.opened()
    rig.press(frozenset({0, 5}))
    io.write({1: True, 6: True})
    assert settled(io) == {0: True, 2: False, 5: True}
    rig.press(frozenset())
    io.write({1: False})
    assert settled(io) == dict.fromkeys(INPUTS, False)
    assert rig.lit() == {6}


def test_unplugged_board_raises_and_works_again_once_it_is_opened_anew(rig: Rig):
    io = rig.opened()
    rig.unplug()
    with pytest.raises(HardwareError):
        io.read(0.0)
    with pytest.raises(HardwareError):
        io.write({1: True})
    with pytest.raises(HardwareError):
        rig.opened()
    rig.plug()
    io.close()
    io.open()
    io.write({3: True})
    rig.press(frozenset({2}))
    assert settled(io)[2] is True
    assert rig.lit() == {3}


@pytest.mark.parametrize("fault", ["nack", "stuck"])
def test_bus_fault_is_an_error_and_never_an_input(rig: Rig, fault: str):
    if fault not in rig.faults:
        pytest.skip("it is on no bus")
    io = rig.opened()
    rig.faults[fault]()
    for use in (lambda: io.read(0.0), lambda: io.write({1: True}), io.open):
        with pytest.raises(HardwareError):
            use()
    rig.heal()
    assert settled(io) == dict.fromkeys(INPUTS, False)


def test_a_data_line_that_is_held_low_presses_no_button(rig: Rig):
    """Some adapters take it for an acknowledge, and for zeros."""
    if "zeros" not in rig.faults:
        pytest.skip("it is on no bus")
    io = rig.opened()
    rig.faults["zeros"]()
    with pytest.raises(HardwareError):
        io.read(0.0)
    with pytest.raises(HardwareError):
        rig.opened().read(0.0)
    rig.heal()
    io.open()
    assert settled(io) == dict.fromkeys(INPUTS, False)


def test_board_that_lost_its_power_says_so_instead_of_showing_inputs(rig: Rig):
    if rig.power_loss is None:
        pytest.skip("it has no power of its own")
    io = rig.opened()
    io.write({1: True, 3: False, 6: False})
    rig.power_loss()
    with pytest.raises(HardwareError, match="power lost"):
        io.read(0.0)
    io.open()
    assert settled(io) == dict.fromkeys(INPUTS, False)


def test_closing_twice_and_before_opening_is_harmless(rig: Rig):
    io = rig.connect()
    io.close()
    io.open()
    io.close()
    io.close()
    io.open()
    assert settled(io) == dict.fromkeys(INPUTS, False)

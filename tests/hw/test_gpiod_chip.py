# SPDX-License-Identifier: Apache-2.0
"""GPIO chips through either API of libgpiod; no chip is needed."""

from __future__ import annotations

import errno
import sys
import time

import pytest

from pdu_agent.hw.gpio import Drive, Edge, GpioChip, LineSettings, LineState
from pdu_agent.hw.gpio_relays import GpioBank, GpioRelaySettings
from pdu_agent.hw.gpiod_chip import open_gpio_chip
from pdu_agent.model.errors import BusTimeout, ChipNotFound
from tests.hw.gpiod_fakes import Kernel, first_api, second_api
from tests.hw.relays import switched

PATH = "/dev/gpiochip0"


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture(params=["second api", "first api"])
def chip(
    request: pytest.FixtureRequest, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> GpioChip:
    if request.param == "first api":
        api = first_api(kernel)
    else:
        gpiod = pytest.importorskip("gpiod", reason="the package gpiod is not installed")
        if not hasattr(gpiod, "request_lines"):
            pytest.skip("the installed package gpiod has the first API only")
        api = second_api(gpiod, kernel)
    monkeypatch.setitem(sys.modules, "gpiod", api)
    return open_gpio_chip(PATH)


def test_look_tells_direction_and_holder_and_takes_nothing(chip: GpioChip, kernel: Kernel):
    kernel.drive(2, True)
    kernel.consumers = {3: "spi0 CS0", 4: ""}
    assert chip.look([1, 2, 3, 4]) == {
        1: LineState(False, ""),
        2: LineState(True, ""),
        3: LineState(False, "spi0 CS0"),
        4: LineState(False, "the kernel"),
    }
    assert chip.line_count == 8
    assert kernel.calls == []


def test_outputs_have_their_level_from_the_first_moment_and_move_in_one_call(
    chip: GpioChip, kernel: Kernel
):
    wanted = {n: LineSettings(output=True, initial=n == 5, active_low=True) for n in (4, 5, 6)}
    lines = chip.request(wanted, "test")
    assert [kernel.levels[n] for n in (4, 5, 6)] == [True, False, True]
    assert kernel.consumers == dict.fromkeys((4, 5, 6), "test")
    kernel.calls.clear()
    lines.write({4: True, 6: True})
    assert [call[0] for call in kernel.calls] == ["set"]
    assert lines.read() == {4: True, 5: True, 6: True}
    assert [kernel.levels[n] for n in (4, 5, 6)] == [False, False, False]


def test_lines_taken_as_they_are_stay_so_until_they_are_driven(chip: GpioChip, kernel: Kernel):
    kernel.drive(1, True)
    lines = chip.request({n: LineSettings(as_is=True) for n in (1, 2)}, "test")
    assert kernel.outputs[1] is True
    assert kernel.outputs[2] is False
    assert lines.read() == {1: True, 2: False}
    lines.drive({1: True, 2: True})
    assert kernel.outputs[2] is True
    assert kernel.levels[1] is kernel.levels[2] is True
    assert "release" not in [call[0] for call in kernel.calls]


@pytest.mark.parametrize("drive", ["open_drain", "open_source"])
def test_lines_taken_as_they_are_become_open_outputs_at_once(
    chip: GpioChip, kernel: Kernel, drive: Drive
):
    """Pushed and pulled for a moment, an input of another voltage would be connected to it."""
    wanted = LineSettings(as_is=True, active_low=True, drive=drive)
    lines = chip.request({1: wanted, 2: wanted}, "test")
    lines.drive({1: False, 2: True})
    assert (kernel.levels[1], kernel.levels[2]) == (True, False)
    assert lines.read() == {1: False, 2: True}
    lines.write({1: True})
    assert {how for _, how in kernel.drives} == {drive}


def test_inputs_and_outputs_may_be_taken_together(chip: GpioChip, kernel: Kernel):
    kernel.levels[0] = True
    lines = chip.request(
        {0: LineSettings(pull_up=True, active_low=True), 1: LineSettings(output=True)}, "test"
    )
    assert lines.read() == {0: False, 1: False}
    lines.write({1: True})
    assert kernel.levels[1] is True
    assert kernel.outputs[0] is False


def test_edges_are_told_with_the_kernels_time(chip: GpioChip, kernel: Kernel):
    lines = chip.request({0: LineSettings(edges=True), 1: LineSettings(edges=True)}, "test")
    assert lines.wait_edges(0) == []
    kernel.events = [(1, True, 2_500_000_000), (1, False, 3_000_000_000)]
    assert lines.wait_edges(0) == [Edge(1, True, 2.5), Edge(1, False, 3.0)]


def test_first_api_debounces_by_itself(kernel: Kernel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "gpiod", first_api(kernel))
    lines = open_gpio_chip(PATH).request({0: LineSettings(edges=True, debounce_s=0.05)}, "test")
    ago_ns = time.monotonic_ns() - 1_000_000_000
    kernel.events = [(0, True, ago_ns), (0, False, ago_ns + 10_000_000)]
    assert lines.wait_edges(0) == []  # a pulse
    kernel.events = [(0, True, ago_ns)]
    assert [edge.active for edge in lines.wait_edges(0)] == [True]
    kernel.events = [(0, False, time.monotonic_ns())]
    assert lines.wait_edges(0) == []  # it has not lasted yet
    assert [edge.active for edge in lines.wait_edges(5.0)] == [False]


def test_line_in_use_is_named_with_its_holder_and_nothing_is_taken(chip: GpioChip, kernel: Kernel):
    kernel.consumers = {3: "spi0 CS0"}
    wanted = {2: LineSettings(output=True), 3: LineSettings()}
    with pytest.raises(ChipNotFound, match=r"line 3 is in use by 'spi0 CS0'"):
        chip.request(wanted, "test")
    assert kernel.consumers == {3: "spi0 CS0"}


def test_line_that_the_chip_does_not_have_is_refused(chip: GpioChip):
    with pytest.raises(ChipNotFound, match=r"find line 8 of /dev/gpiochip0: it has lines 0 to 7"):
        chip.request({8: LineSettings()}, "test")


def test_failing_transfer_is_a_bus_timeout_and_a_chip_that_is_gone_not_found(
    chip: GpioChip, kernel: Kernel
):
    lines = chip.request({0: LineSettings()}, "test")
    kernel.ioctl_error = errno.EIO
    with pytest.raises(BusTimeout, match=r"read lines of /dev/gpiochip0: Input/output error"):
        lines.read()
    kernel.ioctl_error = errno.ENODEV
    with pytest.raises(ChipNotFound, match="the chip is gone"):
        lines.read()


def test_lines_and_chip_may_be_closed_twice_and_lines_are_of_no_use_then(
    chip: GpioChip, kernel: Kernel
):
    lines = chip.request({0: LineSettings()}, "test")
    for _ in range(2):
        lines.close()
        chip.close()
    assert kernel.calls[-2:] == [("release", 0), ("close",)]
    with pytest.raises(BusTimeout, match="they were let go"):
        lines.read()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("none", "no such chip; gpiodetect lists them"),
        ("null", "this is not a GPIO chip"),
        ("locked", "permission denied; .*group"),
    ],
)
def test_chip_that_cannot_be_opened_says_what_to_do(chip: GpioChip, name: str, text: str):
    with pytest.raises(ChipNotFound, match=text):
        open_gpio_chip(f"/dev/{name}").look([0])


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "gpiod", None)
    with pytest.raises(ChipNotFound, match=r"python3-libgpiod \(Debian\) or gpiod \(PyPI"):
        open_gpio_chip(PATH).look([0])


def test_relays_on_it_survive_a_restart_without_a_pulse(chip: GpioChip, kernel: Kernel):
    chosen = GpioRelaySettings(lines=(3, 4, 5), active_low=True)
    bank = GpioBank(chip, chosen)
    assert bank.inspect() == (True, (False, False, False))
    bank.initialise()
    assert [kernel.levels[n] for n in chosen.lines] == [True, True, True]
    assert switched(bank, {1: True}) == {1: True}
    bank.close()
    again = GpioBank(open_gpio_chip(PATH), chosen)
    assert again.inspect() == (False, (False, True, False))
    assert [kernel.levels[n] for n in chosen.lines] == [True, False, True]
    assert switched(again, {2: True}) == {2: True}
    assert [kernel.levels[n] for n in chosen.lines] == [True, False, False]


def test_installed_package_refuses_what_is_no_chip(tmp_path):
    pytest.importorskip("gpiod", reason="the package gpiod is not installed")
    with pytest.raises(ChipNotFound, match="no such chip"):
        open_gpio_chip(str(tmp_path / "gpiochip9")).look([0])
    (tmp_path / "file").touch()
    with pytest.raises(ChipNotFound, match="this is not a GPIO chip"):
        open_gpio_chip(str(tmp_path / "file")).look([0])

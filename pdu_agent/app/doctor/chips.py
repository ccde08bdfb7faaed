# SPDX-License-Identifier: Apache-2.0
"""Do the chips answer where the configuration says, and what else is on their buses?"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pdu_agent.app.doctor import cures
from pdu_agent.app.doctor.finding import Finding, note, ok, problem
from pdu_agent.app.doctor.machine import Machine, named
from pdu_agent.hw.i2c import SmBus
from pdu_agent.hw.i2c_scan import ALWAYS_TELL, Answer, scan
from pdu_agent.model.errors import HardwareError

_KERNEL_DEVICE = re.compile(r"(\d+)-([0-9a-f]{4})")


@dataclass(frozen=True, slots=True)
class ExpectedChip:
    """A chip that the configuration names. subject: which entry."""

    subject: str
    driver: str
    address: int


def claimed_by_kernel(machine: Machine, bus: str) -> dict[int, str]:
    """Addresses of the bus that a driver of the kernel has, with its name."""
    number = bus.rsplit("-", 1)[-1]
    claimed = {}
    for path in machine.found(f"/sys/bus/i2c/devices/{number}-*"):
        match = _KERNEL_DEVICE.fullmatch(path.rsplit("/", 1)[-1])
        if match is not None and machine.exists(f"{path}/driver"):
            claimed[int(match[2], 16)] = machine.text(f"{path}/name") or "a kernel driver"
    return claimed


def in_use(machine: Machine, bus: str, agents: Collection[int]) -> str:
    """Who has the bus open, or may have; "" for nobody. To ask its chips then would come between
    a command and its answer. agents: processes that run an agent.
    """
    if holders := named(machine.holders(bus)):
        return holders
    hidden = [("perhaps the agent", agent) for agent in agents if machine.hides(agent)]
    return named(iter(hidden))


def tell_in_use(machine: Machine, bus: str, users: str) -> Finding:
    return note(
        bus,
        f"in use by {users}: its chips are not asked",
        "openpdu status and its alarms tell which of them fail; to ask here:"
        f" {cures.stop_agent(machine)} (no relay moves), and start it again after it",
    )


def check_chips(
    machine: Machine, place: str, bus: SmBus, expected: Iterable[ExpectedChip]
) -> Iterator[Finding]:
    """place: the bus as configured. Nothing is written to a port expander, see i2c_scan."""
    claimed = claimed_by_kernel(machine, place)
    try:
        answers = {answer.address: answer for answer in scan(bus, claimed)}
    except HardwareError as exc:
        yield problem(
            place,
            f"{exc}",
            "a chip holds SDA or SCL low, or a line is shorted: unplug one chip after the other,"
            " and see that each bus has one set of pull-ups",
        )
        return
    wanted = list(expected)
    for chip in wanted:
        yield _judged(place, chip, answers)
    for address in answers.keys() - {chip.address for chip in wanted}:
        yield _stranger(place, answers[address])


def _judged(place: str, chip: ExpectedChip, answers: Mapping[int, Answer]) -> Finding:
    where = f"0x{chip.address:02X} on {place}"
    answer = answers.get(chip.address)
    if answer is None:
        return problem(chip.subject, f"nothing answers at {where}", _cure_of_silence(chip, answers))
    if answer.claimed_by:
        return problem(
            chip.subject,
            f"{where} belongs to the kernel's driver {answer.claimed_by}",
            "unbind it: remove its device tree overlay and restart the board, or use what the"
            " kernel makes of the chip (gpio, hwmon, iio)",
        )
    parts = " or ".join(answer.parts) or "a chip"
    if not answer.has_told and (chip.driver in ALWAYS_TELL):
        text = (
            f"at {where} something answers that does not say that it is what {chip.driver} serves"
        )
        return problem(chip.subject, text, _CURE_OF_ANOTHER)
    if answer.has_told and chip.driver not in answer.drivers:
        return problem(
            chip.subject, f"at {where} is {parts}, not what {chip.driver} serves", _CURE_OF_ANOTHER
        )
    if answer.has_told or not answer.parts:
        return ok(chip.subject, f"{parts} answers at {where}")
    return ok(chip.subject, f"a chip answers at {where}, where {parts} may be")


_CURE_OF_ANOTHER = (
    "correct driver or address; two chips may also share the address: set another one by the"
    " address pins of one of them"
)


def _cure_of_silence(chip: ExpectedChip, answers: Mapping[int, Answer]) -> str:
    alike = [
        f"0x{answer.address:02X}" for answer in answers.values() if chip.driver in answer.drivers
    ]
    if alike:
        return f"one that may be it answers at {', '.join(alike)}: look at its address pins"
    if not answers:
        return "nothing at all answers on this bus: supply, SDA and SCL swapped, pull-ups, ground"
    return "look at its supply and its wires"


def _stranger(place: str, answer: Answer) -> Finding:
    what = " or ".join(answer.parts) or "something unknown"
    return note(
        f"0x{answer.address:02X} on {place}",
        f"{what} answers, and the configuration does not name it",
        "" if answer.claimed_by else "openpdu scan proposes an entry for it",
    )

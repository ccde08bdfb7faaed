# SPDX-License-Identifier: Apache-2.0
"""Contacts: told when they change, now and then when not, and never open because nobody knows."""

from __future__ import annotations

from pdu_agent.hw.contact import Contact, ContactSettings
from pdu_agent.model.clock import ManualClock
from pdu_agent.model.io_line import IoLine
from pdu_agent.model.readings import SensorReading


class Rig:
    def __init__(self, normally_closed: bool = False) -> None:
        self.told: list[SensorReading] = []
        settings = ContactSettings(IoLine("panel", 4), normally_closed, interval_s=5.0)
        self.contact = Contact(3, settings, ManualClock(), self.told.append)
        self.now_s = 50.0

    def look(self, *levels: bool, every_s: float = 0.03) -> list[float | None]:
        for active in levels:
            self.now_s += every_s
            self.contact.seen(active, self.now_s)
        return [reading.value for reading in self.told]


def test_first_value_is_told_once_it_lasts():
    rig = Rig()
    assert rig.look(False) == []
    assert rig.look(False) == [0.0]
    assert rig.told[0].sensor == 3
    assert rig.told[0].t_mono_s == ManualClock().monotonic_s()


def test_change_is_told_at_once_and_bounces_are_not():
    rig = Rig()
    rig.look(False, False)
    assert rig.look(True, False, True, False, False) == [0.0]
    assert rig.look(True, True) == [0.0, 1.0]
    assert rig.look(False, False) == [0.0, 1.0, 0.0]


def test_pulse_shorter_than_a_bounce_is_nothing():
    rig = Rig()
    rig.look(False, False)
    assert rig.look(True, True, True, False, False, every_s=0.006) == [0.0]


def test_what_does_not_change_is_told_every_interval():
    rig = Rig()
    rig.look(*[True] * 345)
    assert [reading.value for reading in rig.told] == [1.0] * 3  # in 10.35 s


def test_normally_closed_circuit_tells_when_it_opens():
    rig = Rig(normally_closed=True)
    assert rig.look(True, True) == [0.0]
    assert rig.look(False, False) == [0.0, 1.0]


def test_lost_board_is_a_fault_and_the_value_comes_anew_afterwards():
    rig = Rig()
    rig.look(False, False)
    rig.contact.lost("gpio: no such chip")
    assert rig.told[-1].value is None
    assert rig.told[-1].error == "gpio: no such chip"
    assert rig.look(False) == [0.0, None]
    assert rig.look(False) == [0.0, None, 0.0]


def test_while_a_change_is_in_doubt_it_wants_to_see_every_look():
    rig = Rig()
    rig.look(False, False)
    assert rig.contact.is_settled
    rig.look(True)
    assert not rig.contact.is_settled
    rig.look(True)
    assert rig.contact.is_settled

# SPDX-License-Identifier: Apache-2.0
"""Every fault of an outlet or a branch is visible on every face, in the words of that face.

The rows of EXPECTED are faults, brought about on the real core; its columns are faces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pdu_agent.app.commands import status as cli_status
from pdu_agent.app.panel.lamps import alarm_pattern, outlet_pattern
from pdu_agent.app.panel.status_lines import status_lines
from pdu_agent.app.terminal import Style
from pdu_agent.core.settings import BranchSettings, DeviceSettings
from pdu_agent.mib_impl.identity import MIB_NAMES, agent_modules
from pdu_agent.mib_impl.notifications import Notifications
from pdu_agent.mib_impl.openpdu import DEFAULT_ARC
from pdu_agent.mib_impl.snmpv2 import SnmpCounters
from pdu_agent.mib_impl.syntax import Oid, Value
from pdu_agent.mib_impl.view import MibView
from pdu_agent.model.commands import Action, Target, TargetKind
from pdu_agent.model.quantities import Electrical, Quality
from pdu_agent.model.readings import BankLost, Measurement
from pdu_agent.web import resources
from pdu_agent.web.pages.overview import context_of
from pdu_agent.web.why import why
from tests.core.bench import INLET, Workbench
from tests.web.pages.seen import page, words_of
from tests.web.shown import status

OWN: Oid = (*DEFAULT_ARC, 1)
APC: Oid = (1, 3, 6, 1, 4, 1, 318, 1, 1)
SENTRY: Oid = (1, 3, 6, 1, 4, 1, 1718)
EMAN: Oid = (1, 3, 6, 1, 2, 1, 229, 1, 2, 1)
OUTLET, BRANCH = Target(TargetKind.OUTLET, 1), Target(TargetKind.BRANCH, 1)


class Unit:
    """A unit of two outlets behind one branch, with every MIB, and outlet 1 out of order."""

    def __init__(self) -> None:
        self.bench = Workbench(
            2,
            device=DeviceSettings(name="rack-7"),
            branches=(BranchSettings(1),),
            branch=1,
        )
        self.modules = agent_modules(
            self.bench.core.uptime_s, SnmpCounters(), mibs=tuple(MIB_NAMES)
        )
        self.view = MibView(self.modules)
        self.notifications = Notifications(self.modules, self.bench.core.uptime_s)
        self.windows()
        self.bench.heard.drain()

    def windows(self, current_a: float = 0.5, outlet_v: float = 230.0, **more: float) -> None:
        """Six seconds of readings; the alarms need three."""
        for _ in range(30):
            self.bench.run(0.2)
            self.bench.measure(
                self._measured(INLET, 1.0, 230.0),
                self._measured(BRANCH, 1.0, more.get("branch_v", 230.0)),
                self._measured(OUTLET, current_a, outlet_v),
            )

    def _measured(self, target: Target, current_a: float, voltage_v: float) -> Measurement:
        electrical = Electrical(voltage_v=voltage_v, current_a=current_a, quality=Quality.OK)
        return Measurement(target, electrical, 0.0)

    def get(self, *oid: int) -> Any:
        found = self.view.get(oid, self.bench.core.snapshot)
        return found.content if isinstance(found, Value) else None

    def told(self) -> set[str]:
        """Names of the notifications of everything since the fault began."""
        snapshot = self.bench.core.snapshot
        names = {
            (*module.notification_arc, kind.number): kind.name
            for module in self.modules
            for kind in module.notifications
        }
        return {
            names[sent.oid]
            for event in self.bench.heard.drain()
            for sent in self.notifications.of(event, snapshot)
        }


def welded(unit: Unit) -> None:
    unit.bench.switch(1, Action.OFF)
    unit.bench.heard.drain()
    unit.windows(current_a=0.5)


def fuse(unit: Unit) -> None:
    unit.windows(current_a=0.0, outlet_v=0.0)


def branch_fuse(unit: Unit) -> None:
    unit.windows(current_a=0.0, outlet_v=0.0, branch_v=0.0)


def stuck(unit: Unit) -> None:
    """The relay is told to open and reads back closed."""
    unit.bench.board.stuck = {0}
    unit.bench.switch(1, Action.OFF)


def moved(unit: Unit) -> None:
    """The relay opens, and nobody told it to."""
    unit.bench.board.relays[0] = False
    unit.bench.core.on_bank(unit.bench.board.state())


def lost(unit: Unit) -> None:
    unit.bench.core.on_bank_lost(BankLost("main", "no answer"))


def healthy(unit: Unit) -> None:
    unit.windows()


FAULTS: tuple[Callable[[Unit], None], ...] = (
    healthy,
    welded,
    fuse,
    branch_fuse,
    stuck,
    moved,
    lost,
)


def _text_of_status(unit: Unit) -> str:
    plain = status(unit.bench.core.snapshot)
    return "\n".join(cli_status.lines(plain, Style(colour=False, unicode=False, width=None)))


def _sentences(unit: Unit) -> str:
    snapshot = unit.bench.core.snapshot
    return "\n".join(why(snapshot.outlets[0], snapshot))


FACES: Mapping[str, Callable[[Unit], Any]] = {
    "opduOutletState": lambda u: u.get(*OWN, 3, 1, 1, 7, 1),
    "opduOutletFaults": lambda u: u.get(*OWN, 3, 1, 1, 26, 1),
    "opduBranchFaults": lambda u: u.get(*OWN, 2, 3, 1, 7, 1),
    "opduSysStatus": lambda u: u.get(*OWN, 1, 8, 0),
    "opduAlarmCount": lambda u: u.get(*OWN, 8, 1, 0),
    "sPDUOutletCtl": lambda u: u.get(*APC, 4, 4, 2, 1, 3, 1),
    "rPDUOutletStatusOutletState": lambda u: u.get(*APC, 12, 3, 5, 1, 1, 4, 1),
    "rPDU2OutletSwitchedStatusState": lambda u: u.get(*APC, 26, 9, 2, 3, 1, 5, 1),
    "outletStatus": lambda u: u.get(*SENTRY, 3, 2, 3, 1, 5, 1, 1, 1),
    "branchStatus": lambda u: u.get(*SENTRY, 3, 2, 7, 1, 5, 1, 1, 1),
    "towerStatus": lambda u: u.get(*SENTRY, 3, 2, 1, 1, 4, 1),
    "st4OutletState": lambda u: u.get(*SENTRY, 4, 1, 8, 3, 1, 1, 1, 1, 1),
    "st4OutletStatus": lambda u: u.get(*SENTRY, 4, 1, 8, 3, 1, 2, 1, 1, 1),
    "st4BranchStatus": lambda u: u.get(*SENTRY, 4, 1, 7, 3, 1, 2, 1, 1, 1),
    "st4OcpStatus": lambda u: u.get(*SENTRY, 4, 1, 6, 3, 1, 1, 1, 1, 1),
    "eoPowerAdminState": lambda u: u.get(*EMAN, 8, 1001),
    "eoPowerOperState": lambda u: u.get(*EMAN, 9, 1001),
    "JSON outlet": lambda u: resources.outlet(u.bench.core.snapshot.outlets[0])["faults"],
    "JSON branch": lambda u: resources.branches(u.bench.core.snapshot)["branches"][0]["faults"],
    "lamp": lambda u: outlet_pattern(u.bench.core.snapshot.outlets[0]).value,
    "alarm lamp": lambda u: alarm_pattern(u.bench.core.snapshot.alarms).value,
}

HEALTHY: Mapping[str, Any] = {
    "opduOutletState": 1,
    "opduOutletFaults": b"\x00",
    "opduBranchFaults": b"\x00",
    "opduSysStatus": 1,
    "opduAlarmCount": 0,
    "sPDUOutletCtl": 1,
    "rPDUOutletStatusOutletState": 1,
    "rPDU2OutletSwitchedStatusState": 2,
    "outletStatus": 1,
    "branchStatus": 1,
    "towerStatus": 0,
    "st4OutletState": 1,
    "st4OutletStatus": 0,
    "st4BranchStatus": 0,
    "st4OcpStatus": 0,
    "eoPowerAdminState": 259,
    "eoPowerOperState": 259,
    "JSON outlet": [],
    "JSON branch": [],
    "lamp": "on",
    "alarm lamp": "off",
}
ALARM = {"opduSysStatus": 3, "opduAlarmCount": 1, "alarm lamp": "fast"}

EXPECTED: Mapping[Callable[[Unit], None], Mapping[str, Any]] = {
    healthy: {},
    welded: {
        **ALARM,
        "opduOutletState": 2,
        "opduOutletFaults": b"\x80",
        # They know on and off only, and nobody may rely on this off.
        "sPDUOutletCtl": 1,
        "rPDUOutletStatusOutletState": 1,
        "rPDU2OutletSwitchedStatusState": 2,
        "st4OutletState": 1,
        "outletStatus": 5,  # onError
        "st4OutletStatus": 11,  # pwrError
        "eoPowerAdminState": 257,
        "JSON outlet": ["welded"],
        "lamp": "fast",
    },
    fuse: {
        **ALARM,
        "opduOutletFaults": b"\x40",
        "outletStatus": 9,  # onFuse
        "st4OutletStatus": 13,  # fuseBlown
        "JSON outlet": ["fuse"],
        "lamp": "fast",
    },
    branch_fuse: {
        **ALARM,
        "opduBranchFaults": b"\x40",
        "branchStatus": 9,
        "st4BranchStatus": 13,
        "st4OcpStatus": 13,
        "JSON branch": ["fuse"],
    },
    stuck: {
        **ALARM,
        "opduOutletState": 6,
        "opduOutletFaults": b"\x20",
        "outletStatus": 5,
        "st4OutletStatus": 11,
        "eoPowerAdminState": 255,
        "JSON outlet": ["relay"],
        "lamp": "fast",
    },
    moved: {
        **ALARM,
        "opduOutletState": 6,
        "opduOutletFaults": b"\x20",
        "sPDUOutletCtl": 2,
        "rPDUOutletStatusOutletState": 2,
        "rPDU2OutletSwitchedStatusState": 1,
        "outletStatus": 4,  # offError
        "st4OutletState": 2,
        "st4OutletStatus": 11,
        "eoPowerAdminState": 255,
        "eoPowerOperState": 257,
        "JSON outlet": ["relay"],
        "lamp": "fast",
    },
    lost: {
        **ALARM,
        "opduOutletState": 7,
        "opduOutletFaults": b"\x10",
        "sPDUOutletCtl": 4,
        "rPDUOutletStatusOutletState": None,
        "rPDU2OutletSwitchedStatusState": None,
        "outletStatus": 6,  # noComm
        "towerStatus": 1,
        "st4OutletState": 0,
        "st4OutletStatus": 10,  # noComm
        "eoPowerAdminState": 255,
        "eoPowerOperState": 255,
        "JSON outlet": ["board"],
        "lamp": "fast",
    },
}
"""What differs from HEALTHY."""

OF_RELAY = {
    "opduHardwareFault",
    "opduOutletStateChange",
    "opduOutletCommandFailed",
    "outletChangeEvent",
    "outletStatusEvent",
    "st4OutletStateChangeEvent",
    "st4OutletStatusEvent",
    "rpduCriticalCondition",
    "eoPowerStateChange",
}
NOTIFICATIONS: Mapping[Callable[[Unit], None], set[str]] = {
    healthy: set(),
    welded: {
        "opduHardwareFault",
        "outletStatusEvent",
        "st4OutletStatusEvent",
        "rpduCriticalCondition",
        "eoPowerStateChange",
    },
    fuse: {
        "opduHardwareFault",
        "outletStatusEvent",
        "st4OutletStatusEvent",
        "rpduCriticalCondition",
    },
    branch_fuse: {
        "opduHardwareFault",
        "branchStatusEvent",
        "st4BranchStatusEvent",
        "st4OcpStatusEvent",
        "rpduCriticalCondition",
    },
    stuck: OF_RELAY,
    moved: OF_RELAY,
    lost: {
        "opduHardwareFault",
        "opduOutletStateChange",
        "towerStatusEvent",
        "outletStatusEvent",
        "st4UnitStatusEvent",
        "st4OutletStateChangeEvent",
        "rPDUCommunicationLost",
        "eoPowerStateChange",
    },
}

PEOPLE: Mapping[Callable[[Unit], None], tuple[str, str, str]] = {
    welded: ("off WELDED", "relay welded", "it may be welded"),
    fuse: ("on NO VOLTAGE", "no voltage", "a fuse or breaker may be open"),
    branch_fuse: ("kWh  NO VOLTAGE", "no voltage", "a fuse or breaker may be open"),
    stuck: ("fault", "relay disobeys", "the relay reads back closed after the write"),
    moved: ("fault", "relay disobeys", "the relay moved without a command"),
    lost: ("unknown", "board lost", "board main: no answer"),
}
"""What `openpdu status` and the page say of the part, and the alarm's text, which `openpdu why`,
the page, the event log and the display have too.
"""


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_visible_on_each_face(fault: Callable[[Unit], None], face: str) -> None:
    unit = Unit()
    fault(unit)
    assert FACES[face](unit) == {**HEALTHY, **EXPECTED[fault]}[face]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_told_in_the_words_of_each_mib(fault: Callable[[Unit], None]) -> None:
    unit = Unit()
    fault(unit)
    assert unit.told() == NOTIFICATIONS[fault]


@pytest.mark.parametrize("fault", PEOPLE, ids=lambda fault: fault.__name__)
def test_a_fault_is_said_to_people(fault: Callable[[Unit], None]) -> None:
    unit = Unit()
    fault(unit)
    on_terminal, on_page, text = PEOPLE[fault]
    snapshot = unit.bench.core.snapshot
    status = _text_of_status(unit)
    assert on_terminal in status
    assert text in status
    shown = words_of(page("overview.html", snapshot, context_of(snapshot)))
    assert on_page in shown
    assert text in shown
    assert text in _sentences(unit)
    assert text in "".join(status_lines(snapshot, 40, 6))
    assert any(text.removeprefix("board main: ") in event.text for event in snapshot.events)


def test_a_relay_that_comes_loose_is_told_once_more() -> None:
    unit = Unit()
    welded(unit)
    unit.told()
    unit.windows(current_a=0.0)
    assert unit.told() == {
        "opduHardwareFaultCleared",
        "outletStatusEvent",
        "st4OutletStatusEvent",
        "rpduCriticalConditionCleared",
        "eoPowerStateChange",
    }
    assert FACES["outletStatus"](unit) == 0
    assert FACES["rPDUOutletStatusOutletState"](unit) == 2


def test_a_relay_that_reads_back_other_than_written_is_counted() -> None:
    unit = Unit()
    stuck(unit)
    assert unit.get(*OWN, 1, 15, 0) == 1  # opduSysHwErrors

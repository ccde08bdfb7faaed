# SPDX-License-Identifier: Apache-2.0
"""Calibration with a person at the terminal: what to connect, what it shows, whether to keep it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable

from pdu_agent.app.calibrating import Recording, Reference
from pdu_agent.app.calibration_bench import Bench, Outcome
from pdu_agent.app.calibration_session import Session
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.null_session import NullSession
from pdu_agent.app.terminal import printable
from pdu_agent.model.errors import MeasurementError

LEAST_POWER_FACTOR = 0.3
"""Of a load to calibrate with; below, a small error of its angle is a large one of its watts."""
LARGEST_REFERENCE = 1e6
_VALUE = re.compile(r"([0-9]+(?:[.,][0-9]*)?|[.,][0-9]+) *([vaw]?)", re.ASCII)
_EXAMPLES = {"V": "230.1", "A": "8.71", "W": "2003 W"}


class Guide:
    """load: the settings by then, with what was kept meanwhile. keep_all: do not ask.

    Ctrl-C or Ctrl-D leaves any question; what was kept until then stays.
    """

    def __init__(
        self,
        load: Callable[[], AgentSettings],
        meter: str,
        reference: str,
        seconds_s: float,
        *,
        keep_all: bool,
    ) -> None:
        self._load = load
        self._meter = meter
        self._reference = reference
        self._seconds_s = seconds_s
        self._keep_all = keep_all

    def everything(self) -> None:
        """Every channel, voltages first, then every residual sum; each can be skipped."""
        with Bench(self._load(), self._meter) as bench:
            channels, sums = bench.channels, bench.sums
        total = len(channels) + len(sums)
        for number, channel in enumerate(channels, start=1):
            with self._session(channel) as session:
                name = session.name
            if _wanted(f"[{number} of {total}] {name}"):
                self.channel(channel)
        for number, inlet in enumerate(sums, start=len(channels) + 1):
            if _wanted(f"[{number} of {total}] residual current of inlet {inlet}"):
                self.null(inlet)

    def channel(self, channel: int) -> None:
        """One channel: nothing connected, then a known load, then more of them for the sheet."""
        with self._session(channel) as session:
            print(f"{session.name}. The relays stay as they are; {self._seconds_s:g} s each time.")
            if not session.is_voltage:
                print("Take the load off this channel, leave the mains on.")
                idle = _tried("Enter when that is so", lambda: session.idle(self._measure(session)))
                self._offered(session, idle)
                print("Connect a load near the rating, best a heater, and the reference to it.")
        with self._session(channel) as session:
            if session.is_voltage:
                print("Connect the reference to the mains.")
            load = _tried("Enter when that is so", lambda: self._load_taken(session))
            kept = self._offered(session, load)
        if kept:
            self.points(channel)

    def points(self, channel: int) -> None:
        """Further load points, which change no trim."""
        print("Further loads for the sheet, such as 1, 10, 50 and 100 % of the rating.")
        with self._session(channel) as session:
            while (reference := _reference(session, ", Enter for no more")) is not None:
                try:
                    outcome = session.verify(self._measure(session), reference)
                except MeasurementError as error:
                    print(printable(error))
                    continue
                print("\n".join(outcome.lines))
                session.keep(outcome)

    def null(self, inlet: int) -> None:
        """One load on each phase after the other, none of which may leak."""
        with NullSession(self._load(), self._meter, inlet) as session:
            print(f"{session.name}. No load that is on may leak to earth: heaters, lamps.")
            self._offered(session, _tried("Enter to begin", lambda: self._null_taken(session)))

    def _session(self, channel: int) -> Session:
        return Session(self._load(), self._meter, channel, self._reference)

    def _measure(self, bench: Bench) -> Recording:
        return bench.measure(self._seconds_s, progress(self._seconds_s))

    def _load_taken(self, session: Session) -> Outcome:
        reference = _reference(session, "")
        while reference is None:
            reference = _reference(session, "")
        return session.load(self._measure(session), reference)

    def _null_taken(self, session: NullSession) -> Outcome:
        recordings: list[Recording] = []
        for number in range(1, session.loads + 1):
            other = f", on another phase than before, number {number} of {session.loads}"
            print(f"Switch a load of some amperes on{other if session.loads > 1 else ''}.")
            skips = ", s when there are no more" if recordings else ""
            if _ask(f"Enter when it runs{skips}: ") == "s" and recordings:
                break
            recordings.append(self._measure(session))
        return session.null(recordings)

    def _offered(self, bench: Bench, outcome: Outcome | None) -> bool:
        """Whether it is kept."""
        if outcome is None:
            return False
        print("\n".join(outcome.lines))
        if not self._keep_all and _ask("Keep this? [y/N] ") not in ("y", "yes"):
            return False
        void = bench.keep(outcome)
        print("\n".join([f"kept in {bench.file}; it holds from the agent's next start on", *void]))
        return True


def progress(total_s: float) -> Callable[[float], None]:
    """Shows the seconds so far on a terminal's stderr, once a second."""
    if not sys.stderr.isatty():
        return lambda _: None
    last_s = time.monotonic()

    def show(so_far_s: float) -> None:
        nonlocal last_s
        over = so_far_s >= total_s
        if over or time.monotonic() - last_s >= 1.0:
            last_s = time.monotonic()
            text = f"\rmeasuring ... {min(so_far_s, total_s):.0f} of {total_s:g} s "
            print(text, end="\n" if over else "", file=sys.stderr, flush=True)

    return show


def _tried(when: str, take: Callable[[], Outcome]) -> Outcome | None:
    """Again and again until it succeeds; None when the person skips it."""
    while _ask(f"{when}, s to skip: ") != "s":
        try:
            return take()
        except MeasurementError as error:
            print(printable(error))
            when = "Enter to try again"
    return None


def _wanted(name: str) -> bool:
    return _ask(f"\n{name}: Enter to calibrate, s to skip: ") != "s"


def _reference(session: Session, leave: str) -> Reference | None:
    """What the reference shows; None for no answer."""
    units = session.quantities
    examples = " or ".join(_EXAMPLES[unit] for unit in units)
    while text := _ask(f"What does the reference show, such as {examples}{leave}? "):
        match = _VALUE.fullmatch(text)
        value = float(match[1].replace(",", ".")) if match else 0.0
        unit = (match[2].upper() if match else "") or units[0]
        if unit in units and 0 < value < LARGEST_REFERENCE:
            if unit == "V":
                return Reference(voltage_v=value)
            factor = _power_factor() if "W" in units and not leave else 1.0
            if unit == "W":
                return Reference(power_w=value, power_factor=factor)
            return Reference(current_a=value, power_factor=factor)
        print(f"{printable(text)!r} is no number above 0 in {' or '.join(units)}")
    return None


def _power_factor() -> float:
    while text := _ask("Its power factor, below 0 where the current leads (Enter: 1, a heater)? "):
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = 0.0
        if LEAST_POWER_FACTOR <= abs(value) <= 1:
            return value
        print(f"{printable(text)!r} is not {LEAST_POWER_FACTOR:g} to 1, or below 0 the same")
    return 1.0


def _ask(question: str) -> str:
    """The answer, trimmed, in small letters. Raises KeyboardInterrupt at the end of input."""
    try:
        return input(question).strip().lower()
    except EOFError:
        print()
        raise KeyboardInterrupt from None

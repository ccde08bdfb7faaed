# SPDX-License-Identifier: Apache-2.0
"""A simulated UPS: its battery empties by what it feeds, and fills again on mains."""

from __future__ import annotations

import threading
from collections.abc import Callable

LOW_CHARGE_PCT = 20.0
RECHARGE_S = 3 * 3600.0
"""From empty to full."""
NOMINAL_W = 900.0
OWN_USE_W = 8.0
"""What its inverter needs by itself; with it the battery ends whatever is fed."""
FULL_BATTERY_V, EMPTY_BATTERY_V = 27.3, 21.0


class SimulatedUps:
    """load_w: what it feeds now. now_s: monotonic, simulated. From any thread.

    Its own mains is not the unit's: what fails before a UPS is not seen behind it.
    """

    def __init__(
        self,
        name: str,
        load_w: Callable[[], float],
        now_s: Callable[[], float],
        nominal_v: float,
        battery_wh: float = 120.0,
    ) -> None:
        self.name = name
        self._load_w = load_w
        self._now_s = now_s
        self._nominal_v = nominal_v
        self._battery_wh = battery_wh
        self._charge = 1.0
        self._looked_s = now_s()
        self._lock = threading.Lock()
        self._has_mains = True
        self._is_worn = False
        self.is_stale = False
        """Its driver has lost it, and upsd says so."""

    def set_mains(self, present: bool) -> None:
        with self._lock:
            self._pass_time()
            self._has_mains = present

    def set_battery(self, charge_pct: float | None, battery_wh: float | None) -> None:
        """None: as it is."""
        with self._lock:
            self._pass_time()
            if charge_pct is not None:
                self._charge = charge_pct / 100
            if battery_wh is not None:
                self._battery_wh = battery_wh

    def wear_out(self, worn: bool) -> None:
        self._is_worn = worn

    def look(self) -> None:
        """Let the battery follow until now; loads change, so this is to come often."""
        with self._lock:
            self._pass_time()

    def variables(self) -> dict[str, str]:
        """As a driver tells them now, by NUT's names."""
        with self._lock:
            load_w = self._pass_time()
            charge_pct = 100 * self._charge
            volts = EMPTY_BATTERY_V + (FULL_BATTERY_V - EMPTY_BATTERY_V) * self._charge
            return {
                "battery.charge": f"{charge_pct:.1f}",
                "battery.charge.low": f"{LOW_CHARGE_PCT:.0f}",
                "battery.runtime": f"{self._battery_wh * self._charge * 3600 / load_w:.0f}",
                "battery.voltage": f"{volts:.2f}",
                "device.mfr": "OpenPDU",
                "device.model": "Simulated UPS",
                "device.type": "ups",
                "input.frequency": "50.0" if self._has_mains else "0.0",
                "input.voltage": f"{self._nominal_v if self._has_mains else 0.0:.1f}",
                "input.voltage.nominal": f"{self._nominal_v:.0f}",
                "output.voltage": f"{self._nominal_v:.1f}",
                "ups.load": f"{100 * load_w / NOMINAL_W:.1f}",
                "ups.realpower": f"{load_w:.1f}",
                "ups.realpower.nominal": f"{NOMINAL_W:.0f}",
                "ups.status": self._status(charge_pct),
            }

    def _status(self, charge_pct: float) -> str:
        words = ["OL"] if self._has_mains else ["OB", "DISCHRG"]
        if self._has_mains and charge_pct < 100:
            words.append("CHRG")
        if charge_pct <= LOW_CHARGE_PCT:
            words.append("LB")
        if self._is_worn:
            words.append("RB")
        return " ".join(words)

    def _pass_time(self) -> float:
        """The load that it has now, in W."""
        now_s, load_w = self._now_s(), self._load_w() + OWN_USE_W
        passed_s, self._looked_s = now_s - self._looked_s, now_s
        if self._has_mains:
            self._charge = min(1.0, self._charge + passed_s / RECHARGE_S)
        else:
            used_wh = load_w * passed_s / 3600
            self._charge = max(0.0, self._charge - used_wh / self._battery_wh)
        return load_w

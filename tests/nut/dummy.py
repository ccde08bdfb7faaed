# SPDX-License-Identifier: Apache-2.0
"""UPSes that are files: NUT's dummy-ups, whose values a test writes."""

from __future__ import annotations

import os
from pathlib import Path

ONLINE = {
    "ups.status": "OL CHRG",
    "ups.mfr": "ACME",
    "ups.model": "Rack 1500",
    "ups.load": "23",
    "ups.realpower.nominal": "900",
    "battery.charge": "100",
    "battery.charge.low": "20",
    "battery.runtime": "1800",
    "battery.voltage": "27.1",
    "input.voltage": "230.4",
    "input.frequency": "50.0",
    "output.voltage": "230.1",
}


class DummyUps:
    """The file of one dummy-ups; in mode `dummy-once` it is read when it changes."""

    def __init__(self, folder: Path, name: str = "rack") -> None:
        self.name = name
        self.file = folder / f"{name}.dev"
        self.section = f"    driver = dummy-ups\n    port = {self.file}\n    mode = dummy-once\n"
        self._values: dict[str, str] = {}
        self.say(ONLINE)

    def say(self, *changes: dict[str, str], **status: str) -> None:
        """Changes of its values. The file is there whole, or as before."""
        for change in changes:
            self._values |= change
        if status:
            self._values["ups.status"] = status["status"]
        new = self.file.with_suffix(".new")
        new.write_text("".join(f"{k}: {v}\n" for k, v in self._values.items()), encoding="utf-8")
        os.replace(new, self.file)

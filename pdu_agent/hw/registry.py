# SPDX-License-Identifier: Apache-2.0
"""Which drivers there are. A driver's module is loaded when its name is first asked for,
so that a library which is not installed harms only those who configured its driver.

A new driver is one line here: its settings dataclass and what makes the driver from it.
"""

from __future__ import annotations

import difflib
import importlib
from typing import Any, Literal

from pdu_agent.model.errors import ConfigError

Kind = Literal["relays", "meters", "sensors"]

_DRIVERS: dict[Kind, dict[str, tuple[str, str]]] = {
    "relays": {
        "mcp23008": (
            "pdu_agent.hw.mcp23008:Mcp23008Settings",
            "pdu_agent.hw.mcp23008:Mcp23008Bank",
        ),
    },
    "meters": {
        "ads130e08": (
            "pdu_agent.hw.ads130e08:Ads130e08Settings",
            "pdu_agent.hw.ads130e08:Ads130e08Source",
        ),
        "ecm1240": ("pdu_agent.hw.ecm1240:Ecm1240Settings", "pdu_agent.hw.ecm1240:Ecm1240Meter"),
    },
    "sensors": {
        "hwmon": ("pdu_agent.hw.hwmon:HwmonSettings", "pdu_agent.hw.hwmon:HwmonSensor"),
    },
}


def known(kind: Kind) -> tuple[str, ...]:
    """The driver names that a configuration may use, sorted."""
    return tuple(sorted(_DRIVERS[kind]))


def settings_class(kind: Kind, driver: str) -> type[Any]:
    """The dataclass of the driver's settings. Raises ConfigError as `driver_class` does."""
    return _load(driver, _entry(kind, driver)[0])


def driver_class(kind: Kind, driver: str) -> type[Any]:
    """The class that implements the driver.

    Raises ConfigError for an unknown name, telling the nearest known one, and for a driver
    whose library is not installed.
    """
    return _load(driver, _entry(kind, driver)[1])


def _entry(kind: Kind, driver: str) -> tuple[str, str]:
    entry = _DRIVERS[kind].get(driver)
    if entry is None:
        near = difflib.get_close_matches(driver, known(kind), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known(kind))}"
        raise ConfigError(f"{kind}: no driver is called {driver!r}; {hint}")
    return entry


def _load(driver: str, reference: str) -> type[Any]:
    module_name, _, name = reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as exc:
        raise ConfigError(f"driver {driver!r} cannot be loaded: {exc}") from exc
    loaded: type[Any] = getattr(module, name)
    return loaded

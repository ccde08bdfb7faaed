# SPDX-License-Identifier: Apache-2.0
"""The table of drivers: every line leads somewhere, and a wrong name gets an answer."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from pdu_agent.hw import registry
from pdu_agent.hw.mcp23008 import Mcp23008Bank, Mcp23008Settings
from pdu_agent.model.errors import ConfigError

ALL_DRIVERS = [("relays", name) for name in registry.known("relays")] + [
    (kind, name) for kind in ("meters", "sensors") for name in registry.known(kind)
]


@pytest.mark.parametrize("kind", registry.KINDS)
def test_known_names_are_sorted(kind: registry.Kind):
    assert list(registry.known(kind)) == sorted(registry.known(kind))


def test_relay_board_is_found_by_name():
    assert registry.settings_class("relays", "mcp23008") is Mcp23008Settings
    assert registry.driver_class("relays", "mcp23008") is Mcp23008Bank


@pytest.mark.parametrize(("kind", "driver"), ALL_DRIVERS)
def test_every_driver_loads_and_declares_its_settings(kind: registry.Kind, driver: str):
    assert dataclasses.is_dataclass(registry.settings_class(kind, driver))
    assert callable(registry.driver_class(kind, driver))


@pytest.mark.parametrize(
    ("kind", "driver", "answer"),
    [
        ("relays", "mcp23080", "did you mean 'mcp23008'"),
        ("meters", "ecm-1240", "did you mean 'ecm1240'"),
        ("meters", "zzz", "known: ads1015, "),
        ("relays", "ecm1240", "known: gpio, "),
    ],
)
def test_unknown_name_is_answered_with_the_nearest(kind: registry.Kind, driver: str, answer: str):
    with pytest.raises(ConfigError, match=answer):
        registry.driver_class(kind, driver)
    with pytest.raises(ConfigError, match=driver):
        registry.settings_class(kind, driver)


def test_missing_library_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pdu_agent.hw.mcp23008", None)
    with pytest.raises(ConfigError, match="'mcp23008' cannot be loaded"):
        registry.driver_class("relays", "mcp23008")


def test_no_driver_is_loaded_before_it_is_asked_for():
    program = (
        "import sys; from pdu_agent.hw import registry; registry.known('meters')\n"
        "print([m for m in sys.modules if m in ('smbus2', 'serial', 'spidev', 'numpy')"
        " or 'mcp' in m or 'ads1' in m or 'ecm' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"

# SPDX-License-Identifier: Apache-2.0
"""`openpdu` whose demo is a NUT device too, for the benches of NUT.

    python bench/nut_demo.py STATE_PATH demo [options of `openpdu demo`]

Whoever upsd lets in may write everything. `NutDemo` runs it; `Client` asks upsd.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import repository  # noqa: F401

from pdu_agent.access.grant import Rights
from pdu_agent.app import demo
from pdu_agent.app.cli import main
from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.demo_options import DemoOptions
from pdu_agent.nut.settings import NutSettings
from tests.system.demo_process import Demo

NAME = "pdu"
ANSWER_S = 10.0
RATED_A = 63.0
"""64 loads that start one after the other would exceed the 16 A of the demo's inlet."""


class NutDemo(Demo):
    """A demo with its driver's socket in the folder `state_path`."""

    def __init__(self, folder: Path, state_path: Path, *options: str) -> None:
        super().__init__(folder, *options)
        self.socket = state_path / f"openpdu-{NAME}"
        self._state_path = state_path

    def command(self) -> list[str]:
        program, *rest = super().command()
        return [program, str(Path(__file__)), str(self._state_path), *rest[rest.index("demo") :]]


class Client:
    """Asks upsd for one variable after the other, on a connection that upsd ends after a minute
    without a word.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = host, int(port)
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._address, ANSWER_S)
        self._answers = self._socket.makefile("rb")

    def get(self, variable: str) -> str:
        """Its value, or the error as upsd has it, as in "ERR DATA-STALE"."""
        answer = self._ask(variable)
        if not answer:
            self.close()
            self._connect()
            answer = self._ask(variable)
        return answer if answer.startswith("ERR") else answer.split(" ", 3)[3].strip('"')

    def _ask(self, variable: str) -> str:
        """Empty when upsd has ended the connection."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(f"GET VAR {NAME} {variable}\n".encode("ascii"))
            return self._answers.readline().decode("utf-8").strip()
        return ""

    def seconds_until(self, variable: str, value: str, pause_s: float, limit_s: float) -> float:
        """Asks every `pause_s`; math.inf seconds where it does not come within the limit."""
        begin_s = time.perf_counter()
        while self.get(variable) != value:
            if time.perf_counter() - begin_s > limit_s:
                return float("inf")
            time.sleep(pause_s)
        return time.perf_counter() - begin_s

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


def _run(state_path: str) -> int:
    plain = demo.demo_settings

    def with_nut(options: DemoOptions, state_dir: Path, runtime_dir: Path) -> AgentSettings:
        nut = NutSettings(state_path=state_path, name=NAME, group="", rights=Rights.WRITE)
        settings = plain(options, state_dir, runtime_dir)
        inlets = tuple(replace(inlet, rated_current_a=RATED_A) for inlet in settings.inlets)
        return replace(settings, nut=nut, inlets=inlets)

    demo.demo_settings = with_nut
    return main()


if __name__ == "__main__":
    sys.exit(_run(sys.argv.pop(1)))

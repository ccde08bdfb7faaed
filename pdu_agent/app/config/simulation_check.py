# SPDX-License-Identifier: Apache-2.0
"""What only the simulator itself can tell: devices without one, and steps of its script."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pdu_agent.app.config.schema import AgentSettings
from pdu_agent.app.config.tree import Place, Problems
from pdu_agent.app.script_file import script_for
from pdu_agent.app.simulated import simulated_board
from pdu_agent.model.clock import SystemClock
from pdu_agent.model.errors import ConfigError


def simulation_check(settings: AgentSettings, place: Place, problems: Problems) -> None:
    """Make the simulated devices, start none of them, and hold the script against them.

    place: of what has no simulator. Leaves nothing behind.
    """
    simulator = replace(settings.simulator, relay_log="")
    with TemporaryDirectory(prefix="openpdu-check-") as folder:
        settings = replace(settings, simulator=simulator, runtime_dir=Path(folder))
        try:
            board = simulated_board(settings, SystemClock(), time.sleep)
        except ConfigError as exc:
            problems.error(place, str(exc))
            return
        if board is None:
            return
        try:
            if simulator.script:
                script_for(simulator.script, board, problems)
        finally:
            board.close()

# SPDX-License-Identifier: Apache-2.0
"""The simulator's script, as far as it can be judged without the simulator."""

from __future__ import annotations

from pathlib import Path

from pdu_agent.app.config.checker import Checker
from pdu_agent.app.config.tree import Problems


def script_check(folder: Path, checker: Checker, problems: Problems) -> None:
    """Report what is wrong with the script, at the place in its file.

    folder: of the configuration, which the script's path is relative to.
    """
    for path, script in checker.found("simulator.script"):
        if script:
            # Loaded here so that an agent without a script does not carry the simulator.
            from pdu_agent.app.script_file import check_script, script_path

            check_script(script_path(script, folder), checker.place(path), problems)

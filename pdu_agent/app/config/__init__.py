# SPDX-License-Identifier: Apache-2.0
"""The configuration file: read, checked as a whole, and written for the first time."""

from pdu_agent.app.config.directories import (
    default_runtime_dir,
    default_state_dir,
    prepare_directory,
)
from pdu_agent.app.config.init import InitResult, write_initial
from pdu_agent.app.config.load import ConfigErrors, check_file, load_settings
from pdu_agent.app.config.schema import (
    AgentSettings,
    CountingWiring,
    CurrentChannel,
    LogSettings,
    MeterSettings,
    RelayBoardSettings,
    SampledWiring,
    SimulatorSettings,
    VoltageChannel,
)
from pdu_agent.app.config.tree import Problem

__all__ = [
    "AgentSettings",
    "ConfigErrors",
    "CountingWiring",
    "CurrentChannel",
    "InitResult",
    "LogSettings",
    "MeterSettings",
    "Problem",
    "RelayBoardSettings",
    "SampledWiring",
    "SimulatorSettings",
    "VoltageChannel",
    "check_file",
    "default_runtime_dir",
    "default_state_dir",
    "load_settings",
    "prepare_directory",
    "write_initial",
]

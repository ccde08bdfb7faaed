# SPDX-License-Identifier: Apache-2.0
"""What the core must know of hooks, and how a load is shut down before it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pdu_agent.model.errors import ConfigError
from pdu_agent.model.settings import setting

MAX_HOOKS = 32


class OnHang(Enum):
    """What happens to an outlet whose load does not become idle in time."""

    ABORT = "abort"
    FORCE = "force"


@dataclass(frozen=True, slots=True)
class GracefulSettings:
    """The `graceful` section of an outlet: cut only once the load is idle.

    Raises ConfigError unless exactly one of the two levels is given.
    """

    idle_below_w: float | None = setting(
        None, minimum=0.1, maximum=20_000, doc="W: a load that draws less is idle"
    )
    idle_below_a: float | None = setting(
        None, minimum=0.005, maximum=100, doc="A: the same by its current"
    )
    idle_for_s: float = setting(
        5.0, minimum=0, maximum=600, doc="how long the draw must have been below without a break"
    )
    time_limit_s: float = setting(
        120.0, minimum=1, maximum=7200, doc="from the end of the hook on; later it counts as hung"
    )
    on_hang: OnHang = setting(OnHang.ABORT, doc="abort: it stays on; force: it is cut")

    def __post_init__(self) -> None:
        if (self.idle_below_w is None) is (self.idle_below_a is None):
            raise ConfigError("expected one of idle_below_w and idle_below_a")
        if self.idle_for_s >= self.time_limit_s:
            raise ConfigError(
                f"idle_for_s: {self.idle_for_s:g} s cannot pass within time_limit_s, "
                f"{self.time_limit_s:g} s"
            )


@dataclass(frozen=True, slots=True)
class HookTerms:
    """A hook without what it does. ignore_errors: its failure stops nothing and is no alarm."""

    name: str
    time_limit_s: float
    ignore_errors: bool = False

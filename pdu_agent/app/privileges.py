# SPDX-License-Identifier: Apache-2.0
"""What the agent may do, and the programs that it runs may not."""

from __future__ import annotations

import ctypes

_PR_CAP_AMBIENT = 47  # <linux/prctl.h>
_PR_CAP_AMBIENT_CLEAR_ALL = 4


def keep_privileges() -> None:
    """Pass no capability on to hooks; call it in the thread that starts them.

    systemd and OpenRC give CAP_NET_BIND_SERVICE as an ambient one, which every program that is
    run inherits (capabilities(7)). What this process itself may do stays. Kernels before 4.3 know
    of no ambient ones, and have none to pass on.
    """
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return
    prctl(_PR_CAP_AMBIENT, *map(ctypes.c_ulong, (_PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)))

# SPDX-License-Identifier: Apache-2.0
"""Has this machine itself lost its network? Then a host that does not answer is not to blame."""

from __future__ import annotations

from pathlib import Path

INTERFACES = Path("/sys/class/net")
_LOOPBACK = "772"
"""ARPHRD_LOOPBACK of if_arp.h, in the file `type` (sysfs-class-net)."""
NO_LINK = "this unit has no link on any network interface"


def link_trouble(folder: Path = INTERFACES) -> str:
    """Why nothing can be reached; empty where a link is up, and where the kernel does not tell.

    Bridges and tunnels have a carrier without a cable: they count only where there is no
    interface of hardware, which has a link called `device`.
    """
    try:
        found = [each for each in folder.iterdir() if _read(each / "type") not in ("", _LOOPBACK)]
    except OSError:
        return ""
    of_hardware = [each for each in found if (each / "device").exists()]
    has_link = any(_read(each / "carrier") == "1" for each in of_hardware or found)
    return "" if has_link else NO_LINK


def _read(file: Path) -> str:
    """Empty for what cannot be read: one that is down refuses to tell its carrier."""
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return ""

# SPDX-License-Identifier: Apache-2.0
"""Simulated SHT3x and SHT4x: commands in, words with checksums out, nothing while measuring."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pdu_agent.hw.sim.sensor_faults import Air, refuse, remainder

# Command -> seconds that it takes at most.
_SHT3X_COMMANDS: Mapping[bytes, float] = {
    bytes.fromhex("2400"): 0.0155,
    bytes.fromhex("240b"): 0.0065,
    bytes.fromhex("2416"): 0.0045,
}
_SHT4X_COMMANDS: Mapping[bytes, float] = {b"\xfd": 0.0083, b"\xf6": 0.0045, b"\xe0": 0.0016}
_SHT3X_RESETS = frozenset({bytes.fromhex("30a2"), bytes.fromhex("3093")})
_SHT4X_RESETS = frozenset({b"\x94"})
_SHT3X_STATUS = bytes.fromhex("f32d")  # answered by 0x8010 after power-on
_SHT4X_SERIAL = b"\x89"


class _SimSht:
    """A chip without registers. now_s: the time that a measurement needs passes there.

    wetness(percent): share of the full scale.
    """

    commands: Mapping[bytes, float]
    resets: frozenset[bytes]
    identity: tuple[bytes, tuple[int, ...]]
    """A command, and the words that answer it."""
    wetness: Callable[[float], float]

    def __init__(self, air: Air, now_s: Callable[[], float]) -> None:
        self.air = air
        self.faults = air.faults
        self._now_s = now_s
        self.by_itself = False
        """Somebody set it to measure again and again: it takes nothing but the end of that."""
        self._ready_s: float | None = None
        self._answer = b""

    def exchange(self, data: bytes, length: int) -> bytes:
        """Raises OSError for what it does not acknowledge: commands that it does not know, and
        being asked before it has measured.
        """
        self.faults.acknowledge()
        if data in self.resets:
            self._ready_s, self.by_itself = None, False
        elif data and self.by_itself:
            refuse()
        elif data in self.commands:
            self._ready_s = self._now_s() + self.commands[data]
            celsius, percent, _ = self.air.sample()
            self._answer = _word(_ticks((celsius + 45) / 175)) + _word(
                _ticks(self.wetness(percent))
            )
        elif data == self.identity[0]:
            self._ready_s = self._now_s()
            self._answer = b"".join(_word(word) for word in self.identity[1])
        elif data:
            refuse()
        return self._tell(length) if length else b""

    def _tell(self, length: int) -> bytes:
        is_dead = self.faults.dead is not None
        ready = self._ready_s is not None and self._now_s() >= self._ready_s
        if not is_dead and (self.faults.busy or not ready):
            refuse()
        self._ready_s = None
        return self.faults.spoil(self._answer[:length].ljust(length, b"\xff"))


class SimSht3x(_SimSht):
    commands = _SHT3X_COMMANDS
    resets = _SHT3X_RESETS
    identity = (_SHT3X_STATUS, (0x8010,))
    wetness = staticmethod(lambda percent: percent / 100)


class SimSht4x(_SimSht):
    """Its scale is wider than 0 to 100 %."""

    commands = _SHT4X_COMMANDS
    resets = _SHT4X_RESETS
    identity = (_SHT4X_SERIAL, (0x0F4A, 0x1C27))
    wetness = staticmethod(lambda percent: (percent + 6) / 125)


def _ticks(share: float) -> int:
    return max(0, min(65535, round(share * 65535)))


def _word(ticks: int) -> bytes:
    raw = bytes(divmod(ticks, 256))
    return raw + bytes([remainder(raw)])

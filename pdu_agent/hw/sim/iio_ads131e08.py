# SPDX-License-Identifier: Apache-2.0
"""The kernel's ti-ads131e08 as a program sees it: a folder of files, and a node to read.

The chip below is the simulated one, driven over its wires as the kernel's driver does it.
The node is a named pipe that never holds more than the buffer may: of more, the newest
samples are lost, as in the kernel's FIFO. Layout of a sample: 24 bits big-endian in 32, the
lowest byte left as it happens to be; 16-bit codes are sign-extended.

Unlike the kernel's, the files take any text; what is no rate of the chip changes nothing.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import termios
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdu_agent.hw.sim.ads131e08 import SimAds131e08
from pdu_agent.hw.sim.decimation import AnalogInputs
from pdu_agent.model.clock import Clock

_PIPE_BYTES = 1 << 20
_RATE_CODES = {1: 6, 2: 5, 4: 4, 8: 3, 16: 2, 32: 1, 64: 0}
_GAIN_CODES = {1: 1, 2: 2, 4: 4, 8: 5, 12: 6}
_PADDING = 0xA5
_SERVICE_S = 0.01


class SimIioAds131e08:
    """root: an existing folder; the node is root/dev/iio:device<number>.

    gain, reference_v and channels: of the device tree. `service` moves the samples that are
    due; `run` does it from a thread. missed_interrupts: of the next frames. missed_share: of all
    frames, one here and one there. stalled(): no interrupt comes.
    """

    def __init__(
        self,
        root: Path,
        inputs: AnalogInputs,
        clock: Clock,
        *,
        number: int = 0,
        name: str = "ads131e08",
        gain: int = 1,
        reference_v: float = 2.4,
        channels: tuple[int, ...] = tuple(range(8)),
        ppm: float = 0.0,
        noise_lsb: float = 0.7,
        seed: int = 0,
    ) -> None:
        self.chip = SimAds131e08(inputs, ppm=ppm, noise_lsb=noise_lsb, seed=seed)
        self.missed_interrupts = 0
        self.missed_share = 0.0
        self._missed_part = 0.0
        self.stalled: Callable[[], bool] = lambda: False
        self.path = str(root / "dev" / f"iio:device{number}")
        self.folder = root / "sys/bus/iio/devices" / f"iio:device{number}"
        self._clock = clock
        self._name = name
        self._gain = gain
        self._reference_v = reference_v
        self._channels = channels
        self._enabled: tuple[int, ...] | None = None
        self._length = 0
        self._bits = 24
        self._until_s = 0.0
        self._pipe: int | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.plug()

    def plug(self) -> None:
        """The module is loaded: files as after that, the chip set up."""
        with self._lock:
            if self._pipe is not None:
                return
            self._probe()
            values = {
                "name": self._name,
                "in_voltage_sampling_frequency": "1",
                "sampling_frequency_available": "1 2 4 8 16 32 64",
                "buffer/enable": "0",
                "buffer/length": "2",
            }
            for channel in self._channels:
                values[f"scan_elements/in_voltage{channel}_en"] = "0"
                values[f"scan_elements/in_voltage{channel}_index"] = str(channel)
                values[f"scan_elements/in_voltage{channel}_type"] = "be:s24/32>>8"
            for file, value in values.items():
                self._write(file, value)
            self._tell_scale()
            node = Path(self.path)
            node.parent.mkdir(parents=True, exist_ok=True)
            node.unlink(missing_ok=True)
            os.mkfifo(node)
            self._pipe = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def unplug(self) -> None:
        """The module is unloaded: node and files are gone, a reader finds an end."""
        with self._lock:
            if self._pipe is None:
                return
            os.close(self._pipe)
            self._pipe = None
            self._enabled = None
            Path(self.path).unlink()
            for file in sorted(self.folder.rglob("*"), reverse=True):
                file.rmdir() if file.is_dir() else file.unlink()
            self.folder.rmdir()

    def _write(self, file: str, value: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value + "\n", encoding="ascii")

    def _read(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="ascii").strip()

    def _send(self, *data: int) -> None:
        self.chip.exchange(bytes(data), self._clock.monotonic_s())

    def _probe(self) -> None:
        """Reset, 1 kSPS, reference, gains: what the module does once, and never again."""
        self.chip.reset()
        self._send(0x11)
        self._send(0x41, 0, 0x96)
        self._send(0x43, 0, 0xE0 if self._reference_v > 3 else 0xC0)
        for channel in range(8):
            off = 0 if channel in self._channels else 0x80
            self._send(0x45 + channel, 0, off | _GAIN_CODES[self._gain] << 4)

    def _tell_scale(self) -> None:
        scale_mv = self._reference_v * 1000 // self._gain / (1 << (self._bits - 1))
        for channel in self._channels:
            self._write(f"in_voltage{channel}_scale", f"{scale_mv:.9f}")

    def service(self) -> None:
        """Obey the files, then let the frames in that were ready since the last time."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            if self._pipe is None:
                return
            self._take_rate()
            wanted = self._read("buffer/enable") == "1"
            if wanted and self._enabled is None:
                self._start()
            elif not wanted and self._enabled is not None:
                self._end()
            if self._enabled is not None:
                self._fill(self._pipe)

    def _take_rate(self) -> None:
        rate = int(self._read("in_voltage_sampling_frequency"))
        if rate in _RATE_CODES and self._enabled is None:
            self._send(0x41, 0, 0x90 | _RATE_CODES[rate])
            bits = 16 if rate >= 32 else 24
            if bits != self._bits:
                self._bits = bits
                self._tell_scale()

    def _start(self) -> None:
        self._enabled = tuple(
            channel
            for channel in self._channels
            if self._read(f"scan_elements/in_voltage{channel}_en") == "1"
        )
        self._length = int(self._read("buffer/length"))
        self._until_s = self._clock.monotonic_s()
        self._send(0x08)

    def _end(self) -> None:
        self._enabled = None
        self._send(0x0A)
        with contextlib.suppress(BlockingIOError):
            while self._pipe is not None and os.read(self._pipe, _PIPE_BYTES):
                continue

    def _fill(self, pipe: int) -> None:
        now_s = self._clock.monotonic_s()
        times_s = self.chip.ready_times_s(self._until_s, now_s)
        self._until_s = now_s
        if self.stalled():
            return
        missed = min(self.missed_interrupts, len(times_s))
        self.missed_interrupts -= missed
        times_s = self._noticed(times_s[missed:])
        channels = self._enabled or ()
        room = self._length - _waiting(pipe) // (4 * len(channels))
        times_s = times_s[: max(0, room)]
        if times_s:
            os.write(pipe, self._samples(np.array(times_s), channels))

    def _noticed(self, times_s: list[float]) -> list[float]:
        if not self.missed_share:
            return times_s
        noticed = []
        for time_s in times_s:
            self._missed_part += self.missed_share
            if self._missed_part >= 1.0:
                self._missed_part -= 1.0
            else:
                noticed.append(time_s)
        return noticed

    def _samples(self, times_s: NDArray[np.float64], channels: tuple[int, ...]) -> bytes:
        width = self._bits // 8
        request = bytes([0x12]) + bytes(3 + 8 * width)
        raw = self.chip.exchange_many(request, times_s)
        frames = np.frombuffer(raw, np.uint8).reshape(len(times_s), len(request))
        words = frames[:, 4:].reshape(len(times_s), 8, width)[:, list(channels)]
        stored = np.full((len(times_s), len(channels), 4), _PADDING, np.uint8)
        stored[:, :, 3 - width : 3] = words
        if width == 2:
            stored[:, :, 0] = np.where(words[:, :, 0] & 0x80, 0xFF, 0x00)
        return stored.tobytes()

    def run(self) -> None:
        """Serve from a thread until `close`."""
        self._thread = threading.Thread(target=self._serve, name="simulated iio", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.wait(_SERVICE_S):
            self.service()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.unplug()


def _waiting(pipe: int) -> int:
    """Bytes in the pipe that nobody has read."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]

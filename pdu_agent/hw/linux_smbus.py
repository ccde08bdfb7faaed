# SPDX-License-Identifier: Apache-2.0
"""Linux' i2c-dev through smbus2, and the messages that SMBus transfers cannot express."""

from __future__ import annotations

from smbus2 import SMBus, i2c_msg


class LinuxSmBus(SMBus):
    """An `SmBus` on /dev/i2c-N."""

    def exchange(self, i2c_addr: int, data: bytes, length: int, /) -> bytes:
        """I2C_RDWR of the kernel: one message each way, with a repeated start between them."""
        messages = [i2c_msg.write(i2c_addr, data)] if data else []
        if length:
            messages.append(i2c_msg.read(i2c_addr, length))
        self.i2c_rdwr(*messages)
        return bytes(messages[-1]) if length else b""

# SPDX-License-Identifier: Apache-2.0
"""Meters that speak Modbus, on a serial line or over TCP; a data file says what is where.

messages: frames and their checks. line: a port that several meters share. client: one unit's
registers. register_map, map_file, map_nodes: what is in which register. energy, channel: from
registers to quantities and energy. meter: the PowerMeter made of them.
"""

from pdu_agent.hw.modbus.meter import ModbusMeter, ModbusSettings

__all__ = ["ModbusMeter", "ModbusSettings"]

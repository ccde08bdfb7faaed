# SPDX-License-Identifier: Apache-2.0
"""Bosch's BME280 and BMP280: temperature, pressure, and humidity of the former."""

from pdu_agent.hw.bme280.sensor import Bme280Sensor, Bme280Settings

__all__ = ["Bme280Sensor", "Bme280Settings"]

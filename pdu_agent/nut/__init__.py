# SPDX-License-Identifier: Apache-2.0
"""NUT both ways: the unit as a driver that a stock upsd serves, and UPSes read from servers."""

# SPDX-License-Identifier: Apache-2.0
"""Drivers: each knows its chip and nothing about outlets, SNMP or configuration files."""

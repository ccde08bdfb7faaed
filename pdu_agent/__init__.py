# SPDX-License-Identifier: Apache-2.0
"""OpenPDU: an SNMP-first agent that turns a switched power strip into a network PDU."""

__version__ = "0.1.0"

# SPDX-License-Identifier: Apache-2.0
"""UPSes of NUT servers: our own small client of upsd's network protocol, and what it reads."""

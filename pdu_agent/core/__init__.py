# SPDX-License-Identifier: Apache-2.0
"""Decides. No I/O, no threads, no clock of its own: effects go out through `perform`."""

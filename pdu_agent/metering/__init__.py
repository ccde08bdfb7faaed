# SPDX-License-Identifier: Apache-2.0
"""Samples in, electrical quantities out. numpy only, no I/O."""

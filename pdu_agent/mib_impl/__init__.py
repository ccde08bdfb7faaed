# SPDX-License-Identifier: Apache-2.0
"""MIBs as data: declarations beside the MIB text, and one view that serves them all."""

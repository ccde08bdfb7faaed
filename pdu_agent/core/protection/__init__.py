# SPDX-License-Identifier: Apache-2.0
"""Caps, the choice of what goes, and trips."""

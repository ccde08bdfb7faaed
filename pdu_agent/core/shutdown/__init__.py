# SPDX-License-Identifier: Apache-2.0
"""Hooks, and outlets that are shut down before they are cut."""

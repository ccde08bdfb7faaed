# SPDX-License-Identifier: Apache-2.0
"""Backups of what an agent knows: made while it runs, kept to the newest few, and brought back."""

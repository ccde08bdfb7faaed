# SPDX-License-Identifier: Apache-2.0
"""Judging what is asked: who prevails, what is refused, and why."""

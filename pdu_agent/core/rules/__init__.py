# SPDX-License-Identifier: Apache-2.0
"""Rules: when something is so, do this. What is watched, when that counts, and what is done."""

# SPDX-License-Identifier: Apache-2.0
"""What is watched and told: limits, alarms, proofs, fans."""

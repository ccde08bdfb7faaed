# SPDX-License-Identifier: Apache-2.0
"""The outlets themselves: their steps, their relays and boards, how they start and wear."""

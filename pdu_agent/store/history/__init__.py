# SPDX-License-Identifier: Apache-2.0
"""Values and energy of the past: in memory, in the runtime folder and on the card."""

# SPDX-License-Identifier: Apache-2.0
"""What is done when mains fails: load shed on battery, an ordered shutdown, an ordered return."""

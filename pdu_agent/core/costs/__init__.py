# SPDX-License-Identifier: Apache-2.0
"""What energy costs: prices, exact sums, and the bill of a span of time."""

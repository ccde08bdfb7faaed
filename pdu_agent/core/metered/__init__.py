# SPDX-License-Identifier: Apache-2.0
"""What is measured: points, registers, sensors, and the values made of them."""

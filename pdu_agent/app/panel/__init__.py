# SPDX-License-Identifier: Apache-2.0
"""What a person at the unit touches and sees: buttons, lamps, contacts and displays."""

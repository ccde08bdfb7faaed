# SPDX-License-Identifier: Apache-2.0
"""What is wrong with this machine, and the cure: `openpdu doctor` and `openpdu scan`."""

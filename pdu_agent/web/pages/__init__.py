# SPDX-License-Identifier: Apache-2.0
"""The page in the browser: HTML made from the snapshot, a client of the API for everything else."""

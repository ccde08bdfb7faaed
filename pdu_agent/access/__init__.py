# SPDX-License-Identifier: Apache-2.0
"""Who may do what: one policy for every face that somebody far away can reach."""

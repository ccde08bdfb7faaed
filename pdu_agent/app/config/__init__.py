# SPDX-License-Identifier: Apache-2.0
"""The configuration file: read (`load`), checked as a whole, written for the first time (`init`).

Imports nothing, since the demo has settings without a file and need not load a YAML parser.
"""

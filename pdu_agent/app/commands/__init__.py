# SPDX-License-Identifier: Apache-2.0
"""The commands of `openpdu`: each module adds its parsers and runs them.

A module is imported on every start of the CLI, so at its top stands the standard library only;
what is heavy is imported by the function that needs it.
"""

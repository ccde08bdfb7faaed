# SPDX-License-Identifier: Apache-2.0
"""The program that upsdrvctl starts: it stands between upsd and the agent, and keeps nothing.

Imports neither asyncio nor anything of the agent but words: one runs for each NUT device.
"""

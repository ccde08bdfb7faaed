# SPDX-License-Identifier: Apache-2.0
"""The program that upsdrvctl starts: it stands between upsd and the agent, and keeps nothing.

Imports neither asyncio nor more of the agent than words and sockets need: one runs for each NUT
device.
"""

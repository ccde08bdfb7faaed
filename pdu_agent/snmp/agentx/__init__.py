# SPDX-License-Identifier: Apache-2.0
"""An AgentX subagent (RFC 2741): what the agent shows through another SNMP agent, the master.

codec.py      packets and what they are made of, in both byte orders
reads.py      Get, GetNext and GetBulk over the encoded image
writes.py     TestSet, CommitSet, UndoSet and CleanupSet as one transaction
session.py    one session with a master, octets in and octets out, no I/O
connection.py the connection under it: bounded turns of the loop
subagent.py   finds the master, and finds it again: back-off, keep-alive
notices.py    notifications that the master sends on
"""

# SPDX-License-Identifier: Apache-2.0
"""The vocabulary: what is (Snapshot), what someone wants (Command), what happened (Event).

Everything else imports from here; nothing here imports the rest or does I/O.
"""

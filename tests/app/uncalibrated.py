# SPDX-License-Identifier: Apache-2.0
"""A simulated converter whose parts are not what they are called, to calibrate."""

CONVERTER = """\
schema: 1
state_dir: {folder}/state
runtime_dir: {folder}/run
snmp: {{listen: []}}
http: {{listen: ""}}
simulator: {{tolerance: 0.01, script: {folder}/loads.yaml, speed: 20}}
inlets: [{{number: 1}}]
meters:
  - name: chip1
    driver: ads130e08
    bus: sim:0
    voltage: {{channel: 1, divider: 200}}
"""
"""Format it with `folder`, which has loads.yaml; its currents are to follow."""

# SPDX-License-Identifier: Apache-2.0
"""The family of TI's ADS130E08 and ADS131E08 on SPI; each part has its driver beside this."""

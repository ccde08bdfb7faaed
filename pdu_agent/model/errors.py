# SPDX-License-Identifier: Apache-2.0
"""The exception tree. A branch is named after what its catcher can do about it.

OpenPduError
  ConfigError            a setting is wrong; start-up only, exit status 78
  HardwareError          a device did not do as told; retried by its bus thread
    BusTimeout  ChipNotFound  ReadbackMismatch
  MeasurementError       a bench does not show what calibration needs; for the person at it
  StoreError             a record could not be read or written
  CommandError           a command is refused; raised synchronously by check and submit_all
    UnknownTarget  InvalidValue  NotPermitted  OutletLocked  OutletHeld  NotNow
    BudgetExceeded  TableFull  Busy  Unavailable
"""

from __future__ import annotations


class OpenPduError(Exception):
    """Root of every error that OpenPDU raises on purpose."""


class ConfigError(OpenPduError):
    """A setting that cannot be used: names where it stands and what was expected."""


class HardwareError(OpenPduError):
    """A device failed: `driver` says which one, `operation` what was attempted."""

    def __init__(self, driver: str, operation: str, detail: str = "") -> None:
        super().__init__(f"{driver}: {operation}{': ' + detail if detail else ''}")
        self.driver = driver
        self.operation = operation


class BusTimeout(HardwareError):
    """The bus or the device did not answer in time (also NACK and a stuck line)."""


class ChipNotFound(HardwareError):
    """Nothing, or something else, answers at the configured place."""


class ReadbackMismatch(HardwareError):
    """The device took the write, but reads back something else."""


class MeasurementError(OpenPduError):
    """What was measured, or its reference, is nothing that a trim can follow from."""


class StoreError(OpenPduError):
    """A state record could not be read or written; the message names the file."""


class CommandError(OpenPduError):
    """A refused command. Nothing of its batch was done.

    `position` is the 0-based place of the refused command in its batch.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class UnknownTarget(CommandError):
    """There is no such outlet, inlet or meter."""


class InvalidValue(CommandError):
    """The value is outside its range or not one of the choices."""


class NotPermitted(CommandError):
    """The actor may not do this."""


class OutletLocked(CommandError):
    """The outlet is locked; unlock it first."""


class OutletHeld(OutletLocked):
    """A wish of a higher rank stands against it; the text says whose, and what ends it."""


class NotNow(CommandError):
    """The command contradicts the present state or another one of its batch."""


class BudgetExceeded(CommandError):
    """Switching on would exceed a rating or a cap."""


class TableFull(CommandError):
    """There is no room for another entry until one is removed; waiting does not help."""


class Busy(CommandError):
    """A queue is full; try again."""


class Unavailable(CommandError):
    """The relay board is known to be down, or the state could not be stored.

    outlets: those of the command whose board is down; none where it is not about boards.
    """

    def __init__(self, message: str, position: int = 0, outlets: tuple[int, ...] = ()) -> None:
        super().__init__(message, position)
        self.outlets = outlets

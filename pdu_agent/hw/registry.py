# SPDX-License-Identifier: Apache-2.0
"""Which drivers there are. A driver's module is loaded when its name is first asked for,
so that a library which is not installed harms only those who configured its driver.

A new driver is one line here: its settings dataclass and its class. A package that is
installed beside this one adds its own by entry points of the group `openpdu.relays`,
`openpdu.meters` and so on, each naming the driver's class, whose `Settings` is the dataclass.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, Literal, get_args

from pdu_agent.model.errors import ConfigError

Kind = Literal["relays", "meters", "sensors", "fans", "displays", "io"]

_DRIVERS: dict[Kind, dict[str, tuple[str, str]]] = {
    "relays": {
        "gpio": (
            "pdu_agent.hw.gpio_relays:GpioRelaySettings",
            "pdu_agent.hw.gpio_relays:GpioBank",
        ),
        "lcus": ("pdu_agent.hw.lcus:LcusSettings", "pdu_agent.hw.lcus:LcusBank"),
        "mcp23008": (
            "pdu_agent.hw.mcp23008:Mcp23008Settings",
            "pdu_agent.hw.mcp23008:Mcp23008Bank",
        ),
        "mcp23017": (
            "pdu_agent.hw.mcp23017:Mcp23017Settings",
            "pdu_agent.hw.mcp23017:Mcp23017Bank",
        ),
        "numato": ("pdu_agent.hw.numato:NumatoSettings", "pdu_agent.hw.numato:NumatoBank"),
        "pipdu": ("pdu_agent.hw.pipdu:PipduRelaySettings", "pdu_agent.hw.pipdu:PipduBank"),
    },
    "meters": {
        "ads1015": (
            "pdu_agent.hw.ads1x15:Ads1015Settings",
            "pdu_agent.hw.ads1x15:Ads1015Meter",
        ),
        "ads1115": (
            "pdu_agent.hw.ads1x15:Ads1115Settings",
            "pdu_agent.hw.ads1x15:Ads1115Meter",
        ),
        "ads130e08": (
            "pdu_agent.hw.ads130e08:Ads130e08Settings",
            "pdu_agent.hw.ads130e08:Ads130e08Source",
        ),
        "ads131e08": (
            "pdu_agent.hw.ads131e08:Ads131e08Settings",
            "pdu_agent.hw.ads131e08:Ads131e08Source",
        ),
        "ads131e08_iio": (
            "pdu_agent.hw.ads131e08_iio:Ads131e08IioSettings",
            "pdu_agent.hw.ads131e08_iio:Ads131e08IioSource",
        ),
        "ecm1240": ("pdu_agent.hw.ecm1240:Ecm1240Settings", "pdu_agent.hw.ecm1240:Ecm1240Meter"),
        "modbus": ("pdu_agent.hw.modbus:ModbusSettings", "pdu_agent.hw.modbus:ModbusMeter"),
        "cse7766": ("pdu_agent.hw.cse7766:Cse7766Settings", "pdu_agent.hw.cse7766:Cse7766Meter"),
        "hlw8032": ("pdu_agent.hw.cse7766:Cse7766Settings", "pdu_agent.hw.cse7766:Cse7766Meter"),
        "ina219": ("pdu_agent.hw.ina:Ina219Settings", "pdu_agent.hw.ina:Ina219Meter"),
        "ina226": ("pdu_agent.hw.ina:Ina226Settings", "pdu_agent.hw.ina:Ina226Meter"),
        "ina3221": ("pdu_agent.hw.ina:Ina3221Settings", "pdu_agent.hw.ina:Ina3221Meter"),
        "pipdu": ("pdu_agent.hw.pipdu:PipduMeterSettings", "pdu_agent.hw.pipdu:PipduMeter"),
    },
    "sensors": {
        "aht20": ("pdu_agent.hw.aht20:Aht20Settings", "pdu_agent.hw.aht20:Aht20Sensor"),
        "bme280": ("pdu_agent.hw.bme280:Bme280Settings", "pdu_agent.hw.bme280:Bme280Sensor"),
        "contact": ("pdu_agent.hw.contact:ContactSettings", "pdu_agent.hw.contact:Contact"),
        "ds18b20": ("pdu_agent.hw.ds18b20:Ds18b20Settings", "pdu_agent.hw.ds18b20:Ds18b20Sensor"),
        "hwmon": ("pdu_agent.hw.hwmon:HwmonSettings", "pdu_agent.hw.hwmon:HwmonSensor"),
        "iio": ("pdu_agent.hw.iio:IioSettings", "pdu_agent.hw.iio:IioSensor"),
        "sht3x": ("pdu_agent.hw.sht:Sht3xSettings", "pdu_agent.hw.sht:Sht3xSensor"),
        "sht4x": ("pdu_agent.hw.sht:Sht4xSettings", "pdu_agent.hw.sht:Sht4xSensor"),
    },
    "fans": {
        "emc2101": ("pdu_agent.hw.emc2101:Emc2101Settings", "pdu_agent.hw.emc2101:Emc2101Fan"),
        "hwmon": ("pdu_agent.hw.hwmon_fan:HwmonFanSettings", "pdu_agent.hw.hwmon_fan:HwmonFan"),
    },
    "displays": {
        "hd44780": ("pdu_agent.hw.hd44780:Hd44780Settings", "pdu_agent.hw.hd44780:Hd44780Display"),
        "sh1106": ("pdu_agent.hw.oled:Sh1106Settings", "pdu_agent.hw.oled:Sh1106Display"),
        "ssd1306": ("pdu_agent.hw.oled:OledSettings", "pdu_agent.hw.oled:Ssd1306Display"),
    },
    "io": {
        "gpio": ("pdu_agent.hw.gpio_io:GpioIoSettings", "pdu_agent.hw.gpio_io:GpioIo"),
        "mcp23008": ("pdu_agent.hw.mcp_io:Mcp23008IoSettings", "pdu_agent.hw.mcp_io:Mcp23008Io"),
        "mcp23017": ("pdu_agent.hw.mcp_io:Mcp23017IoSettings", "pdu_agent.hw.mcp_io:Mcp23017Io"),
        "pcf8574": ("pdu_agent.hw.pcf8574:Pcf8574Settings", "pdu_agent.hw.pcf8574:Pcf8574Io"),
    },
}
KINDS: tuple[Kind, ...] = get_args(Kind)


def known(kind: Kind) -> tuple[str, ...]:
    """The driver names that a configuration may use, sorted."""
    return tuple(sorted({**_plugins(kind), **_DRIVERS[kind]}))


def settings_class(kind: Kind, driver: str) -> type[Any]:
    """The dataclass of the driver's settings. Raises ConfigError as `driver_class` does."""
    return _load(driver, _entry(kind, driver)[0])


def driver_class(kind: Kind, driver: str) -> type[Any]:
    """The class that implements the driver.

    Raises ConfigError for an unknown name, telling the nearest known one, and for a driver
    whose library is not installed.
    """
    return _load(driver, _entry(kind, driver)[1])


def _entry(kind: Kind, driver: str) -> tuple[str, str]:
    entry = _DRIVERS[kind].get(driver) or _plugins(kind).get(driver)
    if entry is None:
        import difflib  # here, as entry_points below: most agents need neither

        near = difflib.get_close_matches(driver, known(kind), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known(kind))}"
        raise ConfigError(f"{kind}: no driver is called {driver!r}; {hint}")
    return entry


@cache
def _plugins(kind: Kind) -> dict[str, tuple[str, str]]:
    """Drivers of other packages. One with the name of a driver of ours does not replace it."""
    from importlib.metadata import entry_points

    return {
        point.name: (f"{point.value}.Settings", point.value)
        for point in entry_points(group=f"openpdu.{kind}")
    }


def _load(driver: str, reference: str) -> type[Any]:
    """reference: module:name, or module:name.attribute."""
    module_name, _, path = reference.partition(":")
    try:
        loaded: Any = importlib.import_module(module_name)
        for name in path.split("."):
            loaded = getattr(loaded, name)
    except (ImportError, AttributeError) as exc:
        raise ConfigError(f"driver {driver!r} cannot be loaded: {exc}") from exc
    found: type[Any] = loaded
    return found

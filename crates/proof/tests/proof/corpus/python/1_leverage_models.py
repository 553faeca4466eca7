"""Models of the gateway: pydantic, attrs, TypedDict."""

from enum import Enum, IntEnum
from typing import Annotated, TypedDict

import attr
from attrs import define
from attrs import field as attrs_field
from pydantic import BaseModel, Field


class Column(IntEnum):
    SYMBOL = 0
    LEVERAGE = 1  # = enum
    LEV = 2  # = enum


class Key(str, Enum):
    LEVERAGE = "leverage"  # = enum


class Ask(BaseModel):
    leverage: float = 10.0  # ! 1 model default
    lev: int = Field(default=5, gt=0)  # ! 1 Field default
    hedge_leverage: float = Field(3.0, description="hedge side")  # ! 1 Field default
    asked_leverage: float = Field(..., gt=0, le=125)  # = bound
    entry_leverage: Annotated[float, Field(gt=0, le=50)]  # = bound
    page_size: int = 50  # = batch size


@attr.s
class OldAsk:
    leverage = attr.ib(default=10)  # ! 1 attrs default
    schema_version = attr.ib(default=2)  # = version


@define
class NewAsk:
    symbol: str
    leverage: float = attrs_field(default=6.0)  # ! 1 attrs default
    entry_leverage: float = attrs_field(converter=float, kw_only=True)  # = no default


class Row(TypedDict):
    symbol: str
    leverage: float


def pilot_row(symbol: str) -> Row:
    return Row(symbol=symbol, leverage=12.0)  # ! 1 keyword


def nested(symbol: str) -> dict:
    return {
        "symbol": symbol,
        "risk": {
            "entry": {"leverage": 10, "timeout": 10},  # ! 1 nested map
            "column": Column.LEVERAGE,  # = enum
        },
    }

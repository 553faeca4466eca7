"""A missing reduce_only must stay missing."""

from dataclasses import dataclass
from typing import Optional

from pydantic import BaseModel, Field


@dataclass
class OrderRow:
    symbol: str
    reduce_only: bool = False  # ! 7 dataclass default


class OrderModel(BaseModel):
    symbol: str
    reduce_only: bool = Field(default=False, alias="reduceOnly")  # ! 7 Field default
    post_only: bool = False  # = other flag
    reduce_only_reason: str = ""  # = other compound


class Strict(BaseModel):
    reduce_only: bool
    close_reduce_only: Optional[bool] = None  # = explicit none


def parse(row):
    flag = row.get("reduce_only", False)  # ! 7 get
    again = row.get("reduceOnly", True)  # ! 7 get
    asked = row["reduce_only"]  # = read
    maybe = row.get("reduce_only")  # = no default
    third = getattr(row, "reduce_only", False)  # ! 7 getattr
    return flag, again, asked, maybe, third


def build(symbol, side, reduce_only=False):  # ! 7 default argument
    return {"symbol": symbol, "side": side, "reduce_only": reduce_only}


def build_entry(symbol, side, time_in_force="GTC"):
    return {"symbol": symbol, "side": side, "reduce_only": False}  # = explicit flag


def parse_strict(row):
    if "reduce_only" not in row:
        raise KeyError("reduce_only is missing")  # = log text
    return bool(row["reduce_only"])  # = read

"""Executor settings (pydantic v2)."""
from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LEVERAGE_DEFAULT = 5  # ! 1 SCREAMING constant with DEFAULT last


class ExecutorSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="EXEC_", env_file="config/.env")

    api_key: SecretStr = SecretStr("")
    http_port: int = Field(default=8090, ge=1024, le=65535)
    order_timeout_s: float = 4.0  # = timing
    order_retries: int = 3
    max_leverage: int = Field(default=20, ge=1, le=125)  # = bound
    min_notional: Decimal = Decimal("5")  # = bound
    max_position_size: float = 25_000.0
    price_precision: int = 2
    leverage: Annotated[int, Ge(1), Le(125)]
    t1_r: float = Field(gt=0, le=25)  # = bound
    position_size_usd: float = Field(
        100.0,  # ! 6 positional default of Field over several lines
        gt=0,
        description="USD per position",
    )
    margin_mode: Literal["isolated", "cross"] = "isolated"
    symbols: list[str] = Field(default_factory=list)  # = empty list
    order_queue_size: int = 128  # = other compound

    @field_validator("max_leverage")
    @classmethod
    def _cap(cls, v: int) -> int:
        if v > 50:
            raise ValueError("max_leverage over 50 is not allowed")
        return v


@lru_cache(maxsize=1)
def get_settings() -> ExecutorSettings:
    return ExecutorSettings()

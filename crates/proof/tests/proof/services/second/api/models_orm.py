"""SQLAlchemy models."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Integer, Numeric, String, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Position(Base):
    __tablename__ = "positions"
    __table_args__ = (
        CheckConstraint("leverage > 0 AND leverage <= 125", name="ck_leverage"),
        CheckConstraint("quantity <> 0"),  # = sql text
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(String(20), index=True)  # = column width
    leverage: Mapped[float] = mapped_column(Numeric(6, 2))
    quantity: Mapped[float] = mapped_column(Numeric(18, 8), server_default=text("0"))
    notional: Mapped[float] = mapped_column(Float, default=100.0)  # ! 6 ORM column default
    margin: Mapped[float | None] = mapped_column(Float, default=None)  # = explicit none
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    fills: Mapped[list["Fill"]] = relationship(back_populates="position", order_by="Fill.id")


class Fill(Base):
    __tablename__ = "fills"

    id: Mapped[int] = mapped_column(primary_key=True)
    position_id: Mapped[int] = mapped_column(ForeignKey("positions.id"))
    qty: Mapped[float] = mapped_column(Numeric(18, 8))
    fee_bps: Mapped[float] = mapped_column(Float, default=0.0)
    retries: Mapped[int] = mapped_column(Integer, default=0)
    position: Mapped[Position] = relationship(back_populates="fills")

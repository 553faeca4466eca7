"""ORM of the journal database."""
from sqlalchemy import Boolean, Column, DateTime, Float, Integer, Numeric, String, create_engine, text
from sqlalchemy.orm import declarative_base

Base = declarative_base()
ORDER_TABLE_PAGE = 200


class OrderRow(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    symbol = Column(String(20), nullable=False, index=True)  # = column width
    qty = Column(Numeric(18, 8), nullable=False)  # = precision
    notional = Column(Numeric(20, 4))  # = precision
    leverage = Column(Float, default=10.0)  # ! 1 orm default
    reduce_only = Column(Boolean, nullable=False)  # = explicit reduce_only
    created = Column(DateTime)


class PositionRow(Base):
    __tablename__ = "positions"
    id = Column(Integer, primary_key=True)
    symbol = Column(String(20))
    margin_mode = Column(String(8), default="isolated")
    stop_loss_pct = Column(Float, nullable=True)
    retries = Column(Integer, default=3)


BACKFILL = "UPDATE orders SET leverage = 10 WHERE leverage IS NULL"  # = sql text
BIG = text("SELECT symbol FROM orders WHERE notional > 5000 LIMIT 100")  # = sql text


def engine(url: str, pool_size: int = 5):  # = pool size
    return create_engine(url, pool_size=pool_size, pool_recycle=1800)


def page(session, number: int):
    rows = session.query(OrderRow).order_by(OrderRow.id.desc())
    return rows.limit(ORDER_TABLE_PAGE).offset(number * ORDER_TABLE_PAGE).all()


def finish(session) -> None:
    session.commit()
    session.close()

"""Weekly report: numbers out of the journal."""
import sqlite3
from datetime import date, timedelta
from statistics import fmean

SQL = "SELECT symbol, avg(leverage), sum(qty) FROM orders WHERE leverage > 10 GROUP BY symbol"  # = sql text
SINCE = date.today() - timedelta(days=7)
LEVERAGE_COLUMN = 1  # = column index
QTY_COLUMN = 2  # = column index
TOP_SYMBOL_COUNT = 15


def rows(path: str):
    connection = sqlite3.connect(path, timeout=8)
    try:
        return connection.execute(SQL).fetchall()
    finally:
        connection.close()


def average(table) -> float:
    leverage = fmean(row[LEVERAGE_COLUMN] for row in table)  # = computed
    return leverage


def volume(table) -> float:
    qty = 0.0  # = zero start
    for row in table:
        qty += row[QTY_COLUMN]
    return qty


def render(table) -> str:
    """Example: leverage = 12.0, size = 100 USD."""
    lines = [f"{'symbol':<12}{'lev':>8}{'qty':>14}"]
    for row in table[:TOP_SYMBOL_COUNT]:
        lines.append(f"{row[0]:<12}{row[1]:>8.2f}{row[2]:>14.4f}")
    return "\n".join(lines)


# symbols = ["BTCUSDT", "ETHUSDT"]  was the whole universe in 2021  # = comment
if __name__ == "__main__":
    data = rows("/var/lib/quantum/journal.db")
    print(render(data), average(data), volume(data), SINCE)

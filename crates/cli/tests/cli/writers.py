"""Writes the same intents with several libraries and types, and tables that are refused."""

import datetime
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

folder = sys.argv[1]
START = 1_767_571_200_000
intents = {
    "id": ["a1", "a2", "a3", "a4"],
    "ts": [START, START + 1_000, START + 2_000, START + 3_000],
    "symbol": ["BTCUSDT", "ETHUSDT", "NOTLISTED", "BTCUSDT"],
    "side": ["BUY", "SELL", "BUY", "BUY"],
    "leverage": [5.0, None, 3.0, 50.0],
    "position_size_usd": [250.0, 12.5, 100.0, 99.99],
}


def path(name):
    return f"{folder}/{name}.parquet"


nullable = pd.DataFrame(intents).astype({"leverage": "Float64"})
nullable.to_parquet(path("pandas"))
times = nullable.assign(ts=pd.to_datetime(nullable["ts"], unit="ms", utc=True))
times.to_parquet(path("pandas-times"))
nullable.astype({"symbol": "category", "side": "category"}).to_parquet(path("pandas-categories"))
nullable.astype({"position_size_usd": "float32"}).iloc[[0, 1, 2]].to_parquet(path("short-pandas-narrow"))

frame = pl.DataFrame(intents)
frame.write_parquet(path("polars"))
frame.with_columns(pl.col("symbol").cast(pl.Categorical), pl.col("ts").cast(pl.Datetime("ms", "UTC"))).write_parquet(
    path("polars-categories")
)
duckdb.sql(f"COPY (SELECT * FROM frame) TO '{path('duckdb')}' (FORMAT parquet)")
decimals = "SELECT * REPLACE (CAST(position_size_usd AS DECIMAL(10, 2)) AS position_size_usd) FROM frame"
duckdb.sql(f"COPY ({decimals}) TO '{path('duckdb-decimals')}' (FORMAT parquet)")

table = pa.table(intents)
pq.write_table(table, path("pyarrow"))
encoded = table.set_column(2, "symbol", table["symbol"].dictionary_encode())
pq.write_table(encoded, path("pyarrow-dictionary"), row_group_size=2)
large = table.set_column(3, "side", table["side"].cast(pa.large_string()))
pq.write_table(large, path("pyarrow-large"), compression="zstd", data_page_version="2.0")

# A null of these columns may have been NaN.
pd.DataFrame(intents).to_parquet(path("refused-nan"))
closing = pd.DataFrame(intents).drop(columns="leverage")
closing["reduce_only"] = pd.Series([True, float("nan"), None, False], dtype="object")
closing.to_parquet(path("refused-flags"))
# Without pandas' description, a null is an absent value.
pq.write_table(pa.Table.from_pandas(pd.DataFrame(intents)).replace_schema_metadata(None), path("pyarrow-plain"))
naive = nullable.drop(columns=["ts", "id"])
naive["timestamp"] = [datetime.datetime(2026, 1, 5, 0, 0, second) for second in range(4)]
naive.to_parquet(path("naive-pandas"))

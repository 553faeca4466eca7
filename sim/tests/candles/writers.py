"""Writes the same candles with pandas, polars, DuckDB and pyarrow, in the forms in which their users write them.

The name of a file begins with the expected candles: `minutes`, `days` or `cheap` (prices of 0.00000105), or with `refused`.
"""

import datetime as dt
import decimal
import pathlib
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq

FOLDER = pathlib.Path(sys.argv[1])
PRICES = {
    "open": [100.0, 100.5, 101.25, 99.75],
    "high": [101.0, 101.5, 102.25, 100.75],
    "low": [99.0, 99.5, 100.25, 98.75],
    "close": [100.5, 101.25, 100.75, 100.25],
}
VOLUME = [1.5, 0.0, None, 12.25]
START = dt.datetime(2026, 1, 5, tzinfo=dt.timezone.utc)
MINUTES = [START + dt.timedelta(minutes=n) for n in range(4)]
DAYS = [START + dt.timedelta(days=n) for n in range(4)]
CHEAP = {column: [round(price / 1e8, 10) for price in prices] for column, prices in PRICES.items()}
DECIMALS = {
    column: [decimal.Decimal(str(price)).quantize(decimal.Decimal("0.00000001")) for price in prices]
    for column, prices in PRICES.items()
}
EPOCH = [int(time.timestamp()) for time in MINUTES]


def path(name: str) -> str:
    return str(FOLDER / name)


def with_pandas() -> None:
    def frame(times, prices=PRICES, name="date"):
        return pd.DataFrame({**prices, "volume": VOLUME}, index=pd.DatetimeIndex(times, name=name))

    minutes = frame(MINUTES)
    minutes.to_csv(path("minutes-pandas.csv"))
    minutes.to_csv(path("minutes-pandas-semicolon.csv"), sep=";")
    minutes.to_csv(path("minutes-pandas-tab.csv"), sep="\t", lineterminator="\r\n")
    minutes.to_csv(path("minutes-pandas.csv.gz"))
    minutes.to_csv(path("minutes-pandas.csv.zip"))
    minutes.to_csv(path("minutes-pandas-bom.csv"), encoding="utf-8-sig")
    frame(MINUTES, name=None).to_csv(path("minutes-pandas-unnamed.csv"))
    frame(MINUTES).reset_index().to_csv(path("minutes-pandas-range-index.csv"))
    frame(MINUTES).tz_localize(None).to_csv(path("minutes-pandas-naive.csv"))
    frame(MINUTES).tz_convert("America/New_York").to_csv(path("minutes-pandas-new-york.csv"))
    frame(DAYS).tz_localize(None).to_csv(path("days-pandas.csv"))
    frame(MINUTES, CHEAP).to_csv(path("cheap-pandas.csv"))
    for unit in ["s", "ms", "us", "ns"]:
        exact = minutes.copy()
        exact.index = exact.index.as_unit(unit)
        exact.to_parquet(path(f"minutes-pandas-{unit}.parquet"))
        exact.tz_convert("Asia/Tokyo").to_parquet(path(f"minutes-pandas-tokyo-{unit}.parquet"))
        exact.tz_localize(None).to_parquet(path(f"minutes-pandas-naive-{unit}.parquet"))
        exact.reset_index().to_feather(path(f"minutes-pandas-{unit}.feather"))
        numbers = exact.reset_index()
        numbers["date"] = numbers["date"].astype("int64")
        numbers.to_csv(path(f"minutes-pandas-number-{unit}.csv"), index=False)
        numbers.to_parquet(path(f"minutes-pandas-number-{unit}.parquet"), index=False)
        numbers["date"] = numbers["date"].astype("float64")
        numbers.to_csv(path(f"minutes-pandas-float-{unit}.csv"), index=False)
    frame(MINUTES, name=None).to_parquet(path("minutes-pandas-unnamed.parquet"))
    frame(MINUTES).rename(columns=str.upper).to_parquet(path("minutes-pandas-upper.parquet"))
    frame(MINUTES).astype("float32").to_parquet(path("minutes-pandas-float32.parquet"))
    frame(MINUTES).astype("category").to_parquet(path("minutes-pandas-category.parquet"))
    frame(MINUTES).astype("category").reset_index().to_feather(path("minutes-pandas-category.feather"))
    frame(MINUTES, CHEAP).to_parquet(path("cheap-pandas.parquet"))
    records = frame(MINUTES).reset_index()
    records.to_json(path("minutes-pandas-records.json"), orient="records", date_format="epoch")
    records.to_json(path("minutes-pandas-iso.json"), orient="records", date_format="iso")
    records.to_json(path("minutes-pandas-lines.json"), orient="records", date_format="epoch", date_unit="us", lines=True)
    records.to_json(path("minutes-pandas-values.json.gz"), orient="values", date_format="epoch", date_unit="s")
    frame(MINUTES, CHEAP).reset_index().to_json(path("cheap-pandas.json"), orient="values", date_format="iso", double_precision=15)
    records.to_json(path("refused-pandas-columns.json"), date_format="iso")
    records.to_json(path("refused-pandas-split.json"), orient="split", date_format="iso")
    records.to_pickle(path("refused-pandas.pkl"))
    duplicate = pd.concat([minutes, minutes["open"]], axis=1)
    duplicate.to_csv(path("refused-pandas-open-twice.csv"))


def with_polars() -> None:
    def frame(times, prices=PRICES):
        return pl.DataFrame({"datetime": times, **prices, "volume": VOLUME})

    minutes = frame(MINUTES)
    minutes.write_csv(path("minutes-polars.csv"))
    minutes.write_json(path("minutes-polars.json"))
    minutes.write_ndjson(path("minutes-polars.ndjson"))
    frame(MINUTES, CHEAP).write_csv(path("cheap-polars.csv"))
    frame([day.date() for day in DAYS]).write_csv(path("days-polars.csv"))
    texts = minutes.with_columns(pl.col("datetime").dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
    forms = {
        "us": minutes,
        "ms": minutes.with_columns(pl.col("datetime").dt.cast_time_unit("ms")),
        "ns": minutes.with_columns(pl.col("datetime").dt.cast_time_unit("ns")),
        "naive": minutes.with_columns(pl.col("datetime").dt.replace_time_zone(None)),
        "berlin": minutes.with_columns(pl.col("datetime").dt.convert_time_zone("Europe/Berlin")),
        "text": texts,
        "categorical": texts.with_columns(pl.col("datetime").cast(pl.Categorical)),
        "decimal": minutes.with_columns(pl.col(*PRICES).cast(pl.Decimal(20, 8))),
        "price-texts": minutes.with_columns(pl.col(*PRICES).cast(pl.String)),
        "float32": minutes.with_columns(pl.col(*PRICES).cast(pl.Float32)),
    }
    for name, form in forms.items():
        form.write_parquet(path(f"minutes-polars-{name}.parquet"))
        form.write_ipc(path(f"minutes-polars-{name}.arrow"), compression="zstd")
        form.write_ipc(path(f"minutes-polars-{name}-lz4.arrow"), compression="lz4", compat_level=pl.CompatLevel.oldest())
    minutes.write_ipc(path("minutes-polars.arrow"))
    frame([day.date() for day in DAYS]).write_parquet(path("days-polars.parquet"))
    frame([day.date() for day in DAYS]).write_ipc(path("days-polars.arrow"))
    for codec in ["uncompressed", "snappy", "gzip", "lz4"]:
        minutes.write_parquet(path(f"minutes-polars-{codec}.parquet"), compression=codec)
    minutes.write_ipc_stream(path("refused-polars-stream.arrow"))


def with_duckdb() -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = ", ".join(
        f"(TIMESTAMPTZ '{time.isoformat()}', {', '.join(str(PRICES[name][n]) for name in PRICES)})"
        for n, time in enumerate(MINUTES)
    )
    connection.execute(f"CREATE TABLE candles AS SELECT * FROM (VALUES {rows}) AS t(ts, open, high, low, close)")

    def copy(name, options="", time="ts", price="DOUBLE"):
        prices = ", ".join(f"{column}::{price} AS {column}" for column in PRICES)
        connection.execute(f"COPY (SELECT {time} AS ts, {prices} FROM candles) TO '{path(name)}' {options}")

    copy("minutes-duckdb.csv", "(FORMAT csv)")
    copy("minutes-duckdb.csv.gz", "(FORMAT csv, COMPRESSION gzip)")
    copy("minutes-duckdb.csv.zst", "(FORMAT csv, COMPRESSION zstd)")
    copy("minutes-duckdb-no-header.csv", "(FORMAT csv, HEADER false)")
    copy("minutes-duckdb-semicolon.csv", "(FORMAT csv, DELIMITER ';')")
    copy("minutes-duckdb.json", "(FORMAT json)")
    copy("minutes-duckdb-array.json", "(FORMAT json, ARRAY true)")
    copy("minutes-duckdb-decimal.csv", "(FORMAT csv)", price="DECIMAL(18, 8)")
    copy("minutes-duckdb-epoch.csv", "(FORMAT csv)", time="epoch_ms(ts)")
    for codec in ["uncompressed", "snappy", "zstd", "gzip", "lz4_raw"]:
        copy(f"minutes-duckdb-{codec}.parquet", f"(FORMAT parquet, COMPRESSION {codec})")
    copy("minutes-duckdb-v2.parquet", "(FORMAT parquet, PARQUET_VERSION V2)")
    for kind in ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ"]:
        copy(f"minutes-duckdb-{kind.lower()}.parquet", "(FORMAT parquet)", time=f"ts::TIMESTAMP::{kind}")
    copy("minutes-duckdb-text.parquet", "(FORMAT parquet)", time="strftime(ts::TIMESTAMP, '%Y-%m-%d %H:%M:%S+00')")
    kinds = {"decimal-9": "DECIMAL(9, 4)", "decimal-18": "DECIMAL(18, 8)", "decimal-38": "DECIMAL(38, 18)"}
    for name, kind in {**kinds, "float": "FLOAT", "varchar": "VARCHAR"}.items():
        copy(f"minutes-duckdb-{name}.parquet", "(FORMAT parquet)", price=kind)
    days = "(TIMESTAMP '2026-01-05' + to_days(epoch(ts - TIMESTAMPTZ '2026-01-05 00:00:00+00')::INTEGER // 60))::DATE"
    copy("days-duckdb.parquet", "(FORMAT parquet)", time=days)
    copy("days-duckdb.csv", "(FORMAT csv)", time=days)
    copy("refused-duckdb-brotli.parquet", "(FORMAT parquet, COMPRESSION brotli)")
    connection.close()
    database = duckdb.connect(path("refused-duckdb.db"))
    database.execute("CREATE TABLE candles AS SELECT 1 AS open")
    database.close()


def with_pyarrow() -> None:
    def table(times, prices=PRICES, price=pa.float64()):
        columns = {name: pa.array(values, price) for name, values in prices.items()}
        return pa.table({"timestamp": times, **columns, "volume": pa.array(VOLUME, pa.float64())})

    texts = [time.strftime("%Y-%m-%d %H:%M:%S+00:00") for time in MINUTES]
    millis = [second * 1000 for second in EPOCH]
    naive = [time.replace(tzinfo=None) for time in MINUTES]
    minutes = table(pa.array(MINUTES, pa.timestamp("us", "UTC")))
    forms = {
        "s": table(pa.array(naive, pa.timestamp("s"))),
        "ms": table(pa.array(MINUTES, pa.timestamp("ms", "UTC"))),
        "us": minutes,
        "ns": table(pa.array(MINUTES, pa.timestamp("ns", "Asia/Kolkata"))),
        "offset": table(pa.array(MINUTES, pa.timestamp("us", "+05:30"))),
        "int64": table(pa.array(millis, pa.int64())),
        "int32": table(pa.array(EPOCH, pa.int32())),
        "uint64": table(pa.array(millis, pa.uint64())),
        "double": table(pa.array([float(time) for time in EPOCH], pa.float64())),
        "string": table(pa.array(texts, pa.string())),
        "large-string": table(pa.array(texts, pa.large_string())),
        "string-view": table(pa.array(texts, pa.string_view())),
        "dictionary": table(pa.array(texts, pa.string()).dictionary_encode()),
        "float32": table(minutes["timestamp"], price=pa.float32()),
        "float16": table(minutes["timestamp"], price=pa.float16()),
        "decimal32": table(minutes["timestamp"], {name: [d.quantize(decimal.Decimal("0.01")) for d in of] for name, of in DECIMALS.items()}, pa.decimal32(9, 2)),
        "decimal64": table(minutes["timestamp"], DECIMALS, pa.decimal64(18, 8)),
        "decimal128": table(minutes["timestamp"], DECIMALS, pa.decimal128(38, 18)),
        "decimal256": table(minutes["timestamp"], DECIMALS, pa.decimal256(60, 20)),
        "price-string": table(minutes["timestamp"], {name: [str(price) for price in of] for name, of in PRICES.items()}, pa.string()),
    }
    for name, form in forms.items():
        pq.write_table(form, path(f"minutes-pyarrow-{name}.parquet"))
        for codec in ["lz4", "zstd", "uncompressed"]:
            pa.feather.write_feather(form, path(f"minutes-pyarrow-{name}-{codec}.feather"), compression=codec)
    days = [day.date() for day in DAYS]
    for name, kind in [("date32", pa.date32()), ("date64", pa.date64())]:
        pq.write_table(table(pa.array(days, kind)), path(f"days-pyarrow-{name}.parquet"))
        pa.feather.write_feather(table(pa.array(days, kind)), path(f"days-pyarrow-{name}.feather"))
    dictionary = table(minutes["timestamp"]).set_column(1, "open", pa.array(PRICES["open"]).dictionary_encode())
    pa.feather.write_feather(dictionary, path("minutes-pyarrow-dictionary-price.feather"))
    pa.feather.write_feather(minutes, path("minutes-pyarrow-chunks.feather"), chunksize=1)
    for codec in ["none", "snappy", "gzip", "zstd", "lz4"]:
        pq.write_table(minutes, path(f"minutes-pyarrow-{codec}.parquet"), compression=codec)
    pq.write_table(minutes, path("minutes-pyarrow-1.0.parquet"), version="1.0", data_page_version="1.0")
    pq.write_table(minutes, path("minutes-pyarrow-pages-2.0.parquet"), data_page_version="2.0")
    pq.write_table(minutes, path("minutes-pyarrow-int96.parquet"), use_deprecated_int96_timestamps=True)
    pq.write_table(minutes, path("minutes-pyarrow-groups.parquet"), row_group_size=1)
    pq.write_table(minutes, path("minutes-pyarrow-split.parquet"), use_dictionary=False, use_byte_stream_split=["open", "high", "low", "close"])
    pq.write_table(minutes, path("minutes-pyarrow-delta.parquet"), use_dictionary=False, column_encoding={"timestamp": "DELTA_BINARY_PACKED"})
    pa.csv.write_csv(minutes, path("minutes-pyarrow.csv"))
    pa.csv.write_csv(table(pa.array(days, pa.date32())), path("days-pyarrow.csv"))
    pq.write_table(minutes, path("refused-pyarrow-brotli.parquet"), compression="brotli")
    encoding = {"timestamp": "DELTA_BYTE_ARRAY"}
    pq.write_table(forms["string"], path("refused-pyarrow-delta-text.parquet"), use_dictionary=False, column_encoding=encoding)
    pq.write_table(minutes.append_column("Open", minutes["open"]), path("refused-pyarrow-open-twice.parquet"))
    pa.orc.write_table(minutes, path("refused-pyarrow.orc"))
    with pa.OSFile(path("refused-pyarrow-stream.arrow"), "wb") as sink, pa.ipc.new_stream(sink, minutes.schema) as writer:
        writer.write_table(minutes)
    nested = minutes.set_column(1, "open", pa.array([[price] for price in PRICES["open"]]))
    pq.write_table(nested, path("refused-pyarrow-nested.parquet"))
    flags = minutes.set_column(1, "open", pa.array([True] * 4))
    pa.feather.write_feather(flags, path("refused-pyarrow-flags.feather"))


with_pandas()
with_polars()
with_duckdb()
with_pyarrow()

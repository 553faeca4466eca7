//! Tests with files that pandas, polars, DuckDB and pyarrow write in the test run.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use portcullis_sim::simulate::candles::ReadOptions;

use super::{lines, read_path};

const PRICES: [&str; 4] = [
    "100 101 99 100.5",
    "100.5 101.5 99.5 101.25",
    "101.25 102.25 100.25 100.75",
    "99.75 100.75 98.75 100.25",
];

/// Returns the Python interpreter with the packages.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("python-writers/bin/python");
    assert!(
        python.exists(),
        "no Python packages at {}; run scripts/install-python-writers",
        python.display()
    );
    python
}

/// Returns the expected candles of files whose names begin with `kind`.
fn expected(kind: &str) -> Vec<String> {
    let rows = PRICES.iter().enumerate();
    let row = |(n, prices): (usize, &&str)| match kind {
        "minutes" => format!(
            "2026-01-05T00:0{n}:00Z 2026-01-05T00:0{}:00Z {prices}",
            n + 1
        ),
        "cheap" => {
            let prices: Vec<String> = prices
                .split(' ')
                .map(|price| (price.parse::<f64>().unwrap() * 1e4).to_string())
                .map(|scaled| format!("{scaled}e-12").parse::<f64>().unwrap().to_string())
                .collect();
            let prices = prices.join(" ");
            format!(
                "2026-01-05T00:0{n}:00Z 2026-01-05T00:0{}:00Z {prices}",
                n + 1
            )
        }
        "days" => format!(
            "2026-01-0{}T00:00:00Z 2026-01-0{}T00:00:00Z {prices}",
            n + 5,
            n + 6
        ),
        kind => panic!("no candles are expected for {kind}"),
    };
    rows.map(row).collect()
}

/// The messages for the files that are refused, by a part of each.
const REFUSED: [(&str, &str); 14] = [
    (
        "refused-duckdb-brotli.parquet",
        "compressed with BROTLI, which is not supported; write it with zstd, snappy",
    ),
    (
        "refused-duckdb.db",
        "contains a DuckDB database; candles are read from CSV",
    ),
    (
        "refused-pandas-columns.json",
        "write one object or array per candle (pandas: `orient=\"records\"`)",
    ),
    (
        "refused-pandas-open-twice.csv",
        "has two columns `open`; remove or rename one",
    ),
    ("refused-pandas-split.json", "has no column `open`"),
    ("refused-pandas.pkl", "contains Python pickle data"),
    (
        "refused-polars-stream.arrow",
        "contains Arrow IPC stream data",
    ),
    ("refused-pyarrow-brotli.parquet", "compressed with BROTLI"),
    ("refused-pyarrow-delta-text.parquet", "DELTA_BYTE_ARRAY"),
    (
        "refused-pyarrow-flags.feather",
        "column `open` has type Boolean; expected numbers or text",
    ),
    (
        "refused-pyarrow-nested.parquet",
        "column `open` has type List",
    ),
    (
        "refused-pyarrow-open-twice.parquet",
        "has two columns `open`",
    ),
    (
        "refused-pyarrow-stream.arrow",
        "contains Arrow IPC stream data",
    ),
    ("refused-pyarrow.orc", "contains ORC data"),
];

#[test]
fn files_of_pandas_polars_duckdb_and_pyarrow_are_read_or_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/candles/writers.py");
    let written = Command::new(python())
        .args(["-W", "ignore", script])
        .arg(folder.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&written.stderr);
    assert!(written.status.success(), "{errors}");
    let mut refused = BTreeMap::from(REFUSED);
    let mut read = BTreeMap::new();
    let mut faults = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let found = read_path(&path, &ReadOptions::default()).map(|it| lines(&it.candles));
        let mut parts = name.split('-');
        let (kind, library) = (parts.next().unwrap(), parts.next().unwrap());
        if kind == "refused" {
            let part = refused.remove(&*name);
            let part = part.unwrap_or_else(|| panic!("no message is expected for {name}"));
            if !found.clone().is_err_and(|message| message.contains(part)) {
                faults.push(format!("{name}: {found:?}, expected {part:?}"));
            }
        } else if found == Ok(expected(kind)) {
            let library = library.split('.').next().unwrap();
            *read.entry(library.to_owned()).or_insert(0) += 1;
        } else {
            faults.push(format!("{name}: {found:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(refused.is_empty(), "not written: {refused:?}");
    // A library that wrote nothing would pass every check.
    let least = BTreeMap::from([
        ("duckdb", 25),
        ("pandas", 50),
        ("polars", 40),
        ("pyarrow", 90),
    ]);
    for (library, least) in least {
        assert!(read[library] >= least, "{read:?}");
    }
}

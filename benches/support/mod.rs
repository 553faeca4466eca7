//! Helpers of the benchmarks that write their tables to `docs/figures.md`.

use std::{
    fs,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    time::Instant as Clock,
};

/// Counts newlines in chunks of 256 KiB, as `wc -l` does.
pub(crate) fn newlines(path: &Path) -> usize {
    let mut file = File::open(path).unwrap();
    let mut buffer = vec![0; 256 * 1024];
    let mut count = 0;
    loop {
        match file.read(&mut buffer).unwrap() {
            0 => return count,
            read => count += memchr::memchr_iter(b'\n', buffer.get(..read).unwrap()).count(),
        }
    }
}

/// Returns the time of some work, in nanoseconds.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Clock::now();
    std::hint::black_box(work());
    start.elapsed().as_secs_f64() * 1e9
}

/// Returns the median of some values.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap()
}

/// Returns the folder of the documentation.
pub(crate) fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Replaces the table between `<!-- NAME: … -->` and `<!-- end of NAME -->` in `docs/figures.md`.
pub(crate) fn write_table(name: &str, table: &str) {
    let page = docs().join("figures.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(&format!("<!-- {name}:")).unwrap();
    let (marker, rest) = rest.split_once('\n').unwrap();
    let end = format!("<!-- end of {name} -->");
    let (_, after) = rest.split_once(&end).unwrap();
    let text = format!("{before}<!-- {name}:{marker}\n{table}{end}{after}");
    fs::write(page, text).unwrap();
}

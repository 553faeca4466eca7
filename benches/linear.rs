//! Checks that the cost of a replay is linear in the length of its tape: from 10,000 to 10,000,000
//! generated records, with one and two threads.
//!
//! The reference is the time to count the newlines of the same tape, in the same run and from the
//! page cache. Each length is replayed by a separate process, whose peak resident memory is read
//! from `/proc` (Linux only). The benchmark writes `docs/figures.md` and `docs/linear.svg`. The
//! longest tape takes 2 GB in the folder for temporary files.
//!
//! `cargo bench -p portcullis-sim --bench linear`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark measures time, prints its results and may panic"
)]

mod support;

use std::{env, fmt::Write as _, fs, fs::File, io::BufWriter, path::Path, process::Command};

use plotters::prelude::*;
use portcullis::{
    decide::Engine, exit::ExitOwnership, guardrails::Guardrails, policy::PolicyUnavailable,
};
use portcullis_sim::{
    generate::write_tape,
    replay::{AnswerSink, Replayer, Sinks, replay},
    tape::{TapeReader, TapeSource},
};

use support::{docs, median, newlines, timed, write_table};

const LENGTHS: [u32; 7] = [
    10_000, 31_623, 100_000, 316_228, 1_000_000, 3_162_278, 10_000_000,
];
const THREADS: [usize; 2] = [1, 2];
/// Argument that makes the process replay a tape.
const REPLAY: &str = "--replay";

/// The costs of replaying a tape of one length, with each number of threads.
struct Row {
    records: u32,
    /// Time to count newlines, in nanoseconds per record.
    newlines: f64,
    /// Time of a replay in nanoseconds per record, and its peak resident memory in MiB, for each
    /// number of threads.
    replays: [(f64, f64); 2],
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let Some(place) = arguments.iter().position(|it| it == REPLAY) {
        if let [path, threads, rounds] = arguments.get(place + 1..).unwrap() {
            replay_rounds(
                Path::new(path),
                threads.parse().unwrap(),
                rounds.parse().unwrap(),
            );
        }
    } else if arguments.iter().any(|it| it == "--bench") {
        measure();
    }
}

fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("tape.jsonl");
    let rows = LENGTHS.map(|records| {
        let mut to = BufWriter::new(File::create(&tape).unwrap());
        write_tape(records.into(), 1, &mut to).unwrap();
        drop(to);
        let rounds = (3_000_000 / records).clamp(3, 31);
        newlines(&tape);
        let counted = (0..rounds).map(|_| timed(|| newlines(&tape)));
        let newlines = median(counted) / f64::from(records);
        let replays = THREADS.map(|threads| {
            let (nanos, memory) = in_a_process(&tape, threads, rounds);
            (nanos / f64::from(records), memory)
        });
        let row = Row {
            records,
            newlines,
            replays,
        };
        println!("{}", line(&row));
        row
    });
    let mut table = TABLE_HEAD.to_owned();
    for row in &rows {
        writeln!(table, "{}", line(row)).unwrap();
    }
    write_table("linear", &table);
    fs::write(docs().join("linear.svg"), picture(&rows)).unwrap();
}

/// Replays the tape in a new process. Returns the median of the rounds in nanoseconds, and the peak
/// memory in MiB.
fn in_a_process(tape: &Path, threads: usize, rounds: u32) -> (f64, f64) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.arg(REPLAY).arg(tape);
    command.args([threads.to_string(), rounds.to_string()]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (nanos, memory) = text.trim().split_once(' ').unwrap();
    (nanos.parse().unwrap(), memory.parse().unwrap())
}

fn replay_rounds(tape: &Path, threads: usize, rounds: u32) {
    let nanos = median((0..rounds).map(|_| timed(|| run(tape, threads))));
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = most.unwrap().trim().strip_suffix(" kB").unwrap();
    println!("{nanos} {}", kib.parse::<f64>().unwrap() / 1024.0);
}

fn run(tape: &Path, threads: usize) -> blake3::Hash {
    let replayer = Replayer::new(Engine::new(
        Guardrails::none(),
        ExitOwnership::new("exitbrain_v3_5").unwrap(),
    ));
    let sinks = Sinks {
        answers: AnswerSink::Discard,
        tally: None,
        progress: &mut |_| {},
    };
    let tapes = TapeReader::new(vec![TapeSource::File(tape.to_owned())]);
    let outcome = replay(
        &replayer,
        Err(PolicyUnavailable::NotFound),
        tapes,
        threads,
        sinks,
    );
    outcome.unwrap().digest
}

/// Returns one row of the table.
fn line(row: &Row) -> String {
    let Row {
        records,
        newlines,
        replays: [one, two],
    } = row;
    format!(
        "| {records} | {newlines:.0} ns | {:.0} ns | {:.1} | {:.0} ns | {:.1} | {:.1} MiB | {:.1} MiB |",
        one.0,
        one.0 / newlines,
        two.0,
        two.0 / newlines,
        one.1,
        two.1
    )
}

const TABLE_HEAD: &str = "\
| records | newlines | one thread | ratio | two threads | ratio | memory, one | memory, two |
|--:|--:|--:|--:|--:|--:|--:|--:|
";

/// Colour of text and axes. The background is transparent, so each colour must be visible on white
/// and on black.
const INK: RGBColor = RGBColor(118, 124, 132);
const GRID: RGBAColor = RGBAColor(118, 124, 132, 0.3);
const ONE: RGBColor = RGBColor(70, 130, 200);
const TWO: RGBColor = RGBColor(22, 138, 94);

fn picture(rows: &[Row]) -> String {
    let [one, two] = [0, 1].map(|place| move |row: &Row| *row.replays.get(place).unwrap());
    let mut picture = String::new();
    {
        let root = SVGBackend::with_string(&mut picture, (760, 560)).into_drawing_area();
        let (times, memory) = root.split_vertically(310);
        let lines: [Line<'_>; 3] = [
            ("one thread", ONE, &|row| one(row).0),
            ("two threads", TWO, &|row| two(row).0),
            ("newlines counted", INK, &|row| row.newlines),
        ];
        panel(&times, rows, "nanoseconds per record", &lines);
        let lines: [Line<'_>; 2] = [
            ("one thread", ONE, &|row| one(row).1),
            ("two threads", TWO, &|row| two(row).1),
        ];
        panel(&memory, rows, "resident memory, MiB", &lines);
        root.present().unwrap();
    }
    picture
}

/// A line of the chart: its name, its colour and its values.
type Line<'v> = (&'static str, RGBColor, &'v dyn Fn(&Row) -> f64);

fn panel(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    rows: &[Row],
    what: &str,
    lines: &[Line<'_>],
) {
    let all = rows
        .iter()
        .flat_map(|row| lines.iter().map(|(_, _, value)| value(row)));
    let most = all.fold(1.0, f64::max) * 1.6;
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(52)
        .caption(what, ("sans-serif", 14, &INK))
        .build_cartesian_2d((8e3..1.3e7).log_scale(), 0.0..most)
        .unwrap();
    chart
        .configure_mesh()
        .x_labels(4)
        .y_labels(5)
        .x_desc("records, logarithmic")
        .x_label_formatter(&|records| format!("{records:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(("sans-serif", 12, &INK))
        .draw()
        .unwrap();
    for (name, colour, value) in lines {
        let colour = *colour;
        let points = rows.iter().map(|row| (f64::from(row.records), value(row)));
        let line = LineSeries::new(points.clone(), colour.stroke_width(2));
        chart
            .draw_series(line)
            .unwrap()
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        let dots = points.map(|at| Circle::new(at, 3, colour.filled()));
        chart.draw_series(dots).unwrap();
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .label_font(("sans-serif", 12, &INK))
        .draw()
        .unwrap();
}

//! Any partition of a replay gives the result of one run.

use std::{io::Write as _, ops::ControlFlow, path::PathBuf, sync::Arc};

use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    file::properties::WriterProperties,
};
use portcullis::{guardrails::Guardrails, types::Timestamp};
use proptest::{prelude::*, sample::Index};

use super::*;
use crate::{
    replay::{AnswerSink, Counts, ReplayOutcome, Sinks, replay},
    tape::{RowWriter, TapeError, TapeReader, TapeSource},
};

const GUARDRAILS: &str = include_str!("../../../../examples/guardrails.json");

fn settings(has_files: bool) -> Settings {
    let file = |name: &str, text: &str| {
        has_files.then(|| NamedText {
            name: name.to_owned(),
            text: text.to_owned(),
        })
    };
    let start = Timestamp::from_millis(1_767_571_200_000).unwrap();
    Settings {
        guardrails: file("guardrails.json", GUARDRAILS),
        policy: file("policy.json", &crate::sample::policy_json(start)),
        exit_owner: "exitbrain_v3_5".to_owned(),
        exit_delegates: Vec::new(),
        assume_in_force: false,
    }
}

const INTENT: &[u8] = br#"{"ts":1767571205000,"symbol":"BTCUSDT","side":"BUY","size":400}"#;

/// The form in which a file is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Plain,
    /// Plain, with a byte order mark, Windows line ends and blank lines, and without a line end at the end.
    Windows,
    Gzip,
    Zstd,
    Parquet,
    /// Parquet in which each line is replaced by an intent without an event type.
    Intents,
    /// No bytes.
    Empty,
}

/// Returns lines of a generated tape, and lines that are long, not UTF-8, not JSON, or hide an event name.
fn lines(records: u64, seed: u64) -> Vec<Vec<u8>> {
    let mut tape = Vec::new();
    crate::generate::write_tape(records, seed, &mut tape).unwrap();
    let mut lines: Vec<Vec<u8>> = tape
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    lines.pop();
    let hidden = |line: &Vec<u8>| {
        let text = String::from_utf8(line.clone()).ok()?;
        let text = text
            .replace("\"policy.", "\"p\\u006flicy.")
            .replace("\"position.", "\"positi\\u006fn.");
        Some(text.into_bytes())
    };
    for place in (3..lines.len()).step_by(5) {
        lines[place] = hidden(&lines[place]).unwrap_or_else(|| lines[place].clone());
    }
    let middle = lines.len().div_ceil(2);
    lines.insert(middle, vec![b'x'; 5000]);
    for signature in SIGNATURES {
        lines.insert(middle, signature.to_vec());
    }
    lines
}

/// Lines with which a file of another format begins. A file must not begin with them, but a part may.
const SIGNATURES: [&[u8]; 2] = [b"PK\x03\x04\xff", b"BZh"];

fn write(folder: &tempfile::TempDir, name: usize, lines: &[Vec<u8>], form: Form) -> PathBuf {
    let path = folder.path().join(name.to_string());
    let plain = lines
        .iter()
        .flat_map(|line| [&line[..], b"\n"].concat())
        .collect::<Vec<u8>>();
    let bytes = match form {
        Form::Plain => plain,
        Form::Windows => [b"\xef\xbb\xbf", &*lines.join(&b"\r\n\r\n"[..])].concat(),
        Form::Gzip => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&plain).unwrap();
            encoder.finish().unwrap()
        }
        Form::Zstd => zstd::encode_all(&*plain, 1).unwrap(),
        Form::Parquet => parquet(lines),
        Form::Intents => parquet(&vec![INTENT.to_vec(); lines.len()]),
        Form::Empty => Vec::new(),
    };
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Returns the lines as a Parquet file with small row groups.
fn parquet(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = RowWriter::new(&mut bytes).unwrap();
    lines.iter().for_each(|line| writer.push(line).unwrap());
    writer.finish().unwrap();
    let batches = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(37))
        .build();
    let mut grouped = Vec::new();
    let schema = Arc::clone(batches.schema());
    let mut writer = ArrowWriter::try_new(&mut grouped, schema, Some(properties)).unwrap();
    for batch in batches.build().unwrap() {
        writer.write(&batch.unwrap()).unwrap();
    }
    writer.close().unwrap();
    grouped
}

/// Everything that a replay returns.
#[derive(Debug, PartialEq)]
struct Result {
    answers: String,
    counts: Counts,
    digest: String,
    timeline: String,
    unreadable_tapes: Vec<usize>,
}

impl Result {
    fn new(answers: Vec<u8>, outcome: ReplayOutcome) -> Self {
        Self {
            answers: String::from_utf8(answers).unwrap(),
            counts: outcome.counts,
            digest: outcome.digest.to_hex().to_string(),
            timeline: outcome.timeline.fingerprint().to_hex().to_string(),
            unreadable_tapes: outcome.unreadable_tapes,
        }
    }
}

fn files(paths: &[PathBuf]) -> Vec<TapeSource> {
    paths.iter().cloned().map(TapeSource::File).collect()
}

fn run_whole(settings: &Settings, paths: &[PathBuf], has_answers: bool) -> Result {
    let replayer = settings.replayer().unwrap();
    let mut answers = Vec::new();
    let tapes = files(paths);
    let outcome = replay(
        &replayer,
        settings.initial(),
        TapeReader::new(tapes),
        1,
        sinks(&mut answers, has_answers, &mut |_| ()),
    );
    Result::new(answers, outcome.unwrap())
}

/// Returns outputs for the answers, or for counts only.
fn sinks<'a, 'w>(
    answers: &'w mut Vec<u8>,
    has_answers: bool,
    progress: &'a mut dyn FnMut(&Counts),
) -> Sinks<'a, 'w> {
    Sinks {
        answers: match has_answers {
            true => AnswerSink::Lines(answers),
            false => AnswerSink::Discard,
        },
        tally: None,
        progress,
    }
}

/// Divides a replay at cuts: each is the index of a file and a position in it, in thousandths of its size. The plan is
/// serialized and parsed.
fn plan(settings: &Settings, paths: &[PathBuf], cuts: &[(usize, u64)], threads: usize) -> Plan {
    let inputs: Vec<Input> = files(paths)
        .iter()
        .map(|tape| Input::of(tape).unwrap())
        .collect();
    let mut cuts: Vec<(usize, u64)> = cuts
        .iter()
        .map(|(file, share)| (*file, inputs[*file].bytes * share / 1000))
        .collect();
    cuts.sort_unstable();
    let places = cuts
        .iter()
        .map(|(file, byte)| inputs[*file].place_at(*file, *byte).unwrap());
    let places = places.collect();
    let plan = Plan::at(settings.clone(), inputs, places, threads, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    plan
}

/// Evaluates all parts of a plan. Each part is serialized and parsed.
fn evaluate(plan: &Plan, has_answers: bool, threads: usize) -> (Vec<Part>, Vec<u8>) {
    let mut all = Vec::new();
    let parts = (1..=plan.parts()).map(|number| {
        let mut answers = Vec::new();
        let reader = plan.reader(number).unwrap();
        let part = plan.evaluate(
            number,
            reader,
            threads,
            sinks(&mut answers, has_answers, &mut |_| ()),
        );
        all.extend(answers);
        let text = serde_json::to_string(&part.unwrap()).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    (parts.collect(), all)
}

fn named(parts: &[Part]) -> Vec<(String, Part)> {
    let named = parts
        .iter()
        .zip(1..)
        .map(|(part, number)| (format!("part {number}"), part.clone()));
    named.collect()
}

/// Merges parts in a grouping that `shape` selects, in reverse order and with a duplicate.
fn merge_grouped(parts: &[Part], shape: u64) -> Part {
    let mut given = match parts {
        [_] => parts.to_vec(),
        [first, second] => vec![first.clone(), second.clone()],
        _ => {
            let middle = 1 + usize::try_from(shape).unwrap() % (parts.len() - 1);
            let (left, right) = parts.split_at(middle);
            vec![
                merge_grouped(left, shape / 3),
                merge_grouped(right, shape / 7),
            ]
        }
    };
    given.push(given[0].clone());
    given.reverse();
    let text = serde_json::to_string(&merge(named(&given)).unwrap().part).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Returns the numbers of the answers to policy changes.
fn policy_changes(answers: &[u8]) -> Vec<u64> {
    let answers = answers
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let answers = answers.map(|line| serde_json::from_slice::<serde_json::Value>(line).unwrap());
    let changes = answers.filter(|answer| answer["decision"] == "POLICY");
    changes
        .map(|answer| answer["n"].as_u64().unwrap())
        .collect()
}

fn any_form() -> impl Strategy<Value = Form> {
    prop_oneof![
        4 => Just(Form::Plain),
        3 => Just(Form::Windows),
        1 => Just(Form::Gzip),
        1 => Just(Form::Zstd),
        2 => Just(Form::Parquet),
        1 => Just(Form::Intents),
        1 => Just(Form::Empty),
    ]
}

/// Returns the number of random partitions, which `PORTCULLIS_CASES` sets.
fn cases() -> u32 {
    let cases = std::env::var("PORTCULLIS_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_partition_gives_the_result_of_one_run(
        seed in 0..1000_u64,
        records in 1..700_u64,
        files in prop::collection::vec((any_form(), any::<Index>()), 1..5),
        cuts in prop::collection::vec((any::<Index>(), 0..1001_u64), 0..7),
        has_files in any::<bool>(),
        has_answers in any::<bool>(),
        threads in 1..4_usize,
        shape in any::<u64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let lines = lines(records, seed);
        let mut ends: Vec<usize> = files.iter().map(|(_, end)| end.index(lines.len() + 1)).collect();
        for end in &mut ends {
            while lines.get(*end).is_some_and(|line| SIGNATURES.contains(&&**line)) {
                *end += 1;
            }
        }
        ends.sort_unstable();
        *ends.last_mut().unwrap() = lines.len();
        let mut from = 0;
        let mut paths = Vec::new();
        for (number, ((form, _), to)) in files.iter().zip(ends).enumerate() {
            paths.push(write(&folder, number, &lines[from..to], *form));
            from = to;
        }
        let cuts: Vec<(usize, u64)> = cuts.iter().map(|(file, share)| (file.index(paths.len()), *share)).collect();
        let settings = settings(has_files);
        let expected = run_whole(&settings, &paths, has_answers);
        let plan = plan(&settings, &paths, &cuts, threads);
        let (parts, answers) = evaluate(&plan, has_answers, threads);
        let whole = merge_grouped(&parts, shape);
        let undivided = self::plan(&settings, &paths, &[], 1);
        let (one, all_answers) = evaluate(&undivided, true, 1);
        prop_assert_eq!(&[whole.clone()][..], &*one);
        prop_assert_eq!(whole.events.iter().map(|event| event.n).collect::<Vec<_>>(), policy_changes(&all_answers));
        let outcome = merge(vec![("all".to_owned(), whole)]).unwrap().outcome.unwrap();
        prop_assert_eq!(Result::new(answers, outcome), expected);
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// A plan for a number of parts covers all bytes, in parts of about the same size.
    #[test]
    fn a_plan_for_a_number_of_parts_gives_the_result_of_one_run(seed in 0..1000_u64, number in 1..40_u64) {
        let folder = tempfile::tempdir().unwrap();
        let lines = lines(300, seed);
        let paths: Vec<PathBuf> = (0..3).map(|file| write(&folder, file, &lines, Form::Plain)).collect();
        let settings = settings(true);
        let plan = Plan::new(settings.clone(), &files(&paths), number, 2, &mut |_| ControlFlow::Continue(())).unwrap();
        let parts = u64::try_from(plan.parts()).unwrap();
        prop_assert!((number.min(3)..=number).contains(&parts), "{} of {}", parts, number);
        let (parts, answers) = evaluate(&plan, true, 1);
        let outcome = merge(named(&parts)).unwrap().outcome.unwrap();
        prop_assert_eq!(Result::new(answers, outcome), run_whole(&settings, &paths, true));
    }
}

#[test]
fn the_function_for_the_progress_can_end_the_planning() {
    let folder = tempfile::tempdir().unwrap();
    let tapes = files(&[write(&folder, 0, &lines(400, 3), Form::Plain)]);
    let error = Plan::new(
        settings(true),
        &tapes,
        4,
        1,
        &mut |_| ControlFlow::Break(()),
    );
    assert!(
        matches!(error, Err(PartsError::Tape(TapeError::Stopped))),
        "{error:?}"
    );
}

/// Returns a plan of four parts, and its parts.
fn four_parts(folder: &tempfile::TempDir, settings: &Settings) -> (Plan, Vec<Part>) {
    let path = write(folder, 0, &lines(400, 3), Form::Plain);
    let plan = Plan::new(settings.clone(), &files(&[path]), 4, 1, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let (parts, _) = evaluate(&plan, true, 1);
    assert_eq!(parts.len(), 4);
    (plan, parts)
}

#[track_caller]
fn check_refused(parts: &[Part], expected: &str) {
    let error = merge(named(parts)).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, parts) = four_parts(&folder, &settings(true));
    let [one, two, three, four] = &*parts else {
        panic!()
    };
    let pair = merge(named(&[two.clone(), three.clone()])).unwrap();
    assert!(pair.outcome.is_none());
    check_refused(&[], "there is no part");
    check_refused(
        &[one.clone(), three.clone()],
        "part 1 and part 2 cannot be merged: a part is missing between them",
    );
    check_refused(&[pair.part, two.clone(), four.clone()], "they overlap");
    let changed = |change: &dyn Fn(&mut Part)| {
        let mut part = two.clone();
        change(&mut part);
        [one.clone(), part]
    };
    check_refused(&changed(&|part| part.format = 2), "format 2");
    check_refused(
        &changed(&|part| part.engine = "0.0.9".to_owned()),
        "version 0.0.9",
    );
    check_refused(
        &changed(&|part| part.settings.assume_in_force = true),
        "do not have the hash",
    );
    check_refused(
        &changed(&|part| {
            part.settings.assume_in_force = true;
            part.settings_hash = part.settings.hash();
        }),
        "their settings differ",
    );
    check_refused(
        &changed(&|part| part.inputs[0].modified_ms = None),
        "a tape has changed between them",
    );
    check_refused(
        &changed(&|part| part.first_n += 1),
        "numbers of their records",
    );
    check_refused(
        &changed(&|part| part.timeline_before = part.timeline_after.clone() + " "),
        "policies at the end",
    );
    check_refused(
        &changed(&|part| part.counts.records += 1),
        "its counts do not add up",
    );
    check_refused(
        &changed(&|part| part.digest = three.digest.clone()),
        "digests are not consecutive",
    );
    // The same range with another result is not a duplicate.
    check_refused(
        &[
            one.clone(),
            two.clone(),
            changed(&|part| part.counts.untimed += 1)[1].clone(),
        ],
        "they overlap",
    );
}

#[test]
fn changed_files_and_wrong_numbers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, _) = four_parts(&folder, &settings(false));
    for number in [0, 5] {
        let error = plan.reader(number).err().unwrap().to_string();
        assert!(
            error.contains(&format!("4 parts, so there is no part {number}")),
            "{error}"
        );
    }
    let evaluate = |plan: &Plan, number| {
        let mut answers = Vec::new();
        plan.evaluate(
            number,
            plan.reader(number)?,
            1,
            sinks(&mut answers, true, &mut |_| ()),
        )
    };
    // The size and the time of the file are those of the plan, but its content is not.
    let path = PathBuf::from(&plan.inputs()[0].path);
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    let text = std::fs::read(&path).unwrap();
    let put = |bytes: &[u8]| {
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(bytes).unwrap();
        file.set_modified(time).unwrap();
    };
    let change = |from: &[u8], to: &[u8]| {
        let mut text = text.clone();
        let finder = memchr::memmem::find_iter(&text.clone(), from).collect::<Vec<_>>();
        assert!(!finder.is_empty());
        finder
            .iter()
            .for_each(|at| text[*at..at + to.len()].copy_from_slice(to));
        text
    };
    let errors = |bytes: &[u8]| {
        put(bytes);
        let errors = (1..=4).filter_map(|number| evaluate(&plan, number).err());
        errors.map(|error| error.to_string()).collect::<String>()
    };
    assert_eq!(errors(&text), "");
    assert!(errors(&change(b"\n", b" ")).contains("number of records"));
    assert!(errors(&change(b"\"policy.updated", b"\"policy.abcdefg")).contains("policies"));
    assert!(
        errors(&change(b"\"position.snapshot", b"\"position.abcdefgh"))
            .contains("harvests that close")
    );
    std::fs::write(&path, [&text[..], b"\n"].concat()).unwrap();
    let error = evaluate(&plan, 1).unwrap_err().to_string();
    assert!(
        error.contains("has changed since the plan was made"),
        "{error}"
    );
}

/// A line belongs to the part that contains its first byte, also if the line is too long to be read.
#[test]
fn cuts_within_a_line_that_is_too_long_are_moved_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = lines(20, 1);
    lines.insert(10, vec![b'x'; portcullis::record::RECORD_BYTES_MAX + 9]);
    let paths = [write(&folder, 0, &lines, Form::Windows)];
    let settings = settings(false);
    let plan = plan(&settings, &paths, &[(0, 0), (0, 1), (0, 300), (0, 700)], 2);
    assert_eq!(plan.parts(), 2);
    let (parts, answers) = evaluate(&plan, true, 1);
    let outcome = merge(named(&parts)).unwrap().outcome.unwrap();
    let result = Result::new(answers, outcome);
    assert_eq!(result, run_whole(&settings, &paths, true));
    assert!(
        result.answers.contains("is longer than"),
        "{}",
        result.answers
    );
}

/// Row groups are the unit of Parquet files.
#[test]
fn a_parquet_file_is_divided_at_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [write(&folder, 0, &lines(300, 5), Form::Parquet)];
    let settings = settings(true);
    let plan = plan(&settings, &paths, &[(0, 200), (0, 500), (0, 999)], 1);
    assert_eq!(plan.parts(), 4);
    let (parts, answers) = evaluate(&plan, true, 1);
    let outcome = merge(named(&parts)).unwrap().outcome.unwrap();
    assert_eq!(
        Result::new(answers, outcome),
        run_whole(&settings, &paths, true)
    );
}

/// Only the footer is read, so the plan is made although a page is damaged. The evaluation of the part fails.
#[test]
fn parquet_without_event_types_is_planned_from_its_footer() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [write(&folder, 0, &lines(100, 5), Form::Intents)];
    let settings = settings(true);
    let expected = plan(&settings, &paths, &[(0, 500)], 1);
    let (parts, _) = evaluate(&expected, true, 1);
    assert_eq!(parts.len(), 2);
    let mut bytes = std::fs::read(&paths[0]).unwrap();
    let time = std::fs::metadata(&paths[0]).unwrap().modified().unwrap();
    bytes[4..40].fill(0xff);
    let mut file = std::fs::File::create(&paths[0]).unwrap();
    file.write_all(&bytes).unwrap();
    file.set_modified(time).unwrap();
    assert_eq!(plan(&settings, &paths, &[(0, 500)], 1), expected);
    let mut answers = Vec::new();
    let reader = expected.reader(1).unwrap();
    let part = expected.evaluate(1, reader, 1, sinks(&mut answers, true, &mut |_| ()));
    assert!(matches!(part, Err(PartsError::Replay(_))), "{part:?}");
    // If a row has an event type (in its column, in a whole record or in another spelling), the footer is not
    // sufficient.
    for line in [
        r#"{"event_type":"policy.withdrawn","ts":1767571205000}"#,
        r#"{"event_type":"policy.withdrawn","ts":[]}"#,
        r#"{"eventType":"policy.withdrawn","ts":1767571205000}"#,
    ] {
        std::fs::write(&paths[0], parquet(&[INTENT.to_vec(), line.into()])).unwrap();
        let input = Input::of(&files(&paths)[0]).unwrap();
        let (from, to) = (Place::beginning(0), Place::beginning(1));
        let tapes = input::tapes(&[input], from, to, 1);
        assert_eq!(input::rows_of_intents(&tapes[0]).unwrap(), None, "{line}");
    }
}

#[test]
fn the_records_of_parts_are_consecutive() {
    let folder = tempfile::tempdir().unwrap();
    let (_, parts) = four_parts(&folder, &settings(true));
    let mut next = 1;
    for part in &parts {
        let records = part.counts.records;
        assert!(records > 1);
        assert_eq!(part.records(), (next, next + records - 1));
        next += records;
    }
    assert_eq!(next - 1, 403);
    let empty = [write(&folder, 1, &[], Form::Empty)];
    let (parts, _) = evaluate(&plan(&settings(true), &empty, &[], 1), true, 1);
    assert_eq!(parts[0].records(), (1, 0));
}

#[test]
fn policy_changes_after_a_file_that_is_not_read_have_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines(300, 3);
    let forms = [Form::Intents, Form::Plain, Form::Intents, Form::Plain];
    let paths = [0, 1, 2, 3].map(|name| write(&folder, name, &lines, forms[name]));
    let plan = plan(&settings(true), &paths, &[], 1);
    let (parts, answers) = evaluate(&plan, true, 1);
    let numbers: Vec<u64> = parts[0].events.iter().map(|event| event.n).collect();
    assert!(numbers.iter().any(|n| *n > 3 * 303) && numbers[0] > 303);
    assert_eq!(numbers, policy_changes(&answers));
}

#[test]
fn a_replay_in_parts_has_all_settings() {
    for assume_in_force in [false, true] {
        let settings = Settings {
            exit_delegates: vec!["helper".to_owned()],
            assume_in_force,
            ..settings(true)
        };
        let replayer = settings.replayer().unwrap();
        assert_eq!(replayer.assume_in_force, assume_in_force);
        assert_eq!(
            replayer.engine.guardrails(),
            &Guardrails::from_json(GUARDRAILS).unwrap()
        );
        let may_exit = |name| replayer.engine.ownership().rule(name).is_some();
        assert!(may_exit("exitbrain_v3_5") && may_exit("helper") && !may_exit("other"));
    }
}

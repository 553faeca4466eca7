//! The division of a replay into parts.

use std::{
    ops::ControlFlow,
    sync::{LazyLock, Mutex, PoisonError},
};

use memchr::memmem::Finder;
use portcullis::record::Scratch;
use serde::{Deserialize, Serialize};

use super::{
    ENGINE, FORMAT, Input, Part, PartsError, Place, Settings,
    event::PolicyEvent,
    input::{UNKNOWN_LINE, rows_of_intents, tapes},
};
use crate::{
    replay::{
        AnswerSink, ChunkOutput, Counts, DigestPart, Replayer, Sinks, Timeline, Work,
        digest::ROW_BYTES_WIDE,
        replayer::{Workspace, may_change_policy},
        run,
    },
    tape::{Chunk, Line, TapeReader, TapeSource},
};

/// A replay that is divided into parts.
///
/// A plan is made in one pass over the tapes. Only the policy records and the positions are evaluated: policies decide
/// later answers, and the length of the digest row of a position depends on its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    format: u32,
    engine: String,
    settings: Settings,
    inputs: Vec<Input>,
    parts: Vec<PlannedPart>,
}

/// A function that is called after each chunk with the counts so far, and returns whether the tapes are read further.
pub type PlanProgress<'p> = &'p mut dyn FnMut(&Counts) -> ControlFlow<()>;

/// A part of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedPart {
    from: Place,
    to: Place,
    /// The number of the first record, counted from 1.
    first_n: u64,
    records: u64,
    /// The number of the first line in its file, counted from 1.
    first_line: u64,
    /// The number of bytes of all digest rows before the part.
    digest_start: u64,
    digest_bytes: u64,
    /// The changes of the policy within the part.
    events: Vec<PolicyEvent>,
}

impl PlannedPart {
    /// Returns true if the part reads the file with this index.
    fn contains_bytes_of(&self, input: usize) -> bool {
        self.from.input <= input && Place::beginning(input) < self.to
    }
}

/// The result of reading the tape of a part.
#[derive(Debug, Default)]
struct Scan {
    records: u64,
    lines: u64,
    digest_bytes: u64,
    events: Vec<PolicyEvent>,
}

impl Plan {
    /// Divides the replay of files and objects into at most `parts` parts of about the same number of bytes. If
    /// `progress` returns [`ControlFlow::Break`], the tapes are not read further.
    ///
    /// # Errors
    /// Returns an error if a tape is neither a regular file nor an object, if it cannot be read, if the settings are
    /// invalid, or if `progress` ended the reading.
    pub fn new(
        settings: Settings,
        tapes: &[TapeSource],
        parts: u64,
        threads: usize,
        progress: PlanProgress<'_>,
    ) -> Result<Self, PartsError> {
        let inputs = tapes.iter().map(Input::of);
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let bytes: u64 = inputs.iter().map(|input| input.bytes).sum();
        let cut = |part: u64| {
            let of_all = u128::from(bytes) * u128::from(part) / u128::from(parts.max(1));
            u64::try_from(of_all).unwrap_or(bytes)
        };
        let mut places = Vec::new();
        let mut before = 0;
        for (index, input) in inputs.iter().enumerate() {
            let end = before + input.bytes;
            for byte in (1..parts)
                .map(cut)
                .filter(|byte| (before..end).contains(byte))
            {
                places.push(input.place_at(index, byte - before)?);
            }
            before = end;
        }
        Self::at(settings, inputs, places, threads, progress)
    }

    /// Divides the replay at these places, which are in order.
    pub(super) fn at(
        settings: Settings,
        inputs: Vec<Input>,
        places: Vec<Place>,
        threads: usize,
        progress: PlanProgress<'_>,
    ) -> Result<Self, PartsError> {
        let ends = (Place::beginning(0), Place::beginning(inputs.len()));
        let mut places: Vec<Place> = [vec![ends.0], places, vec![ends.1]].concat();
        places.dedup();
        let ranges = places.windows(2).filter_map(|places| match places {
            [from, to] => Some((*from, *to)),
            _ => None,
        });
        let ranges: Vec<(Place, Place)> = ranges.collect();
        let scans = scan(&settings, &inputs, &ranges, threads, progress)?;
        let (mut first_n, mut digest_start) = (1, 0);
        let mut lines_before = 0;
        let parts = ranges.into_iter().zip(scans).map(|((from, to), scans)| {
            let records: u64 = scans.iter().map(|scan| scan.records).sum();
            let digest_bytes: u64 = scans.iter().map(|scan| scan.digest_bytes).sum();
            let first_line = 1 + if from.at == 0 { 0 } else { lines_before };
            // The number of lines between the beginning of the last file of this part and the end of the part. It is
            // used if the next part begins in the same file.
            let of_last = scans.last().map_or(0, |scan| scan.lines);
            let is_same_file = scans.len() == 1 && from.at > 0;
            lines_before = of_last + if is_same_file { lines_before } else { 0 };
            let part = PlannedPart {
                from,
                to,
                first_n,
                records,
                first_line,
                digest_start,
                digest_bytes,
                events: scans.into_iter().flat_map(|scan| scan.events).collect(),
            };
            first_n += records;
            digest_start += digest_bytes;
            part
        });
        Ok(Self {
            format: FORMAT,
            engine: ENGINE.to_owned(),
            parts: parts.collect(),
            settings,
            inputs,
        })
    }

    /// Returns the settings of the replay.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the files of the replay.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Returns the number of parts.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Returns part `number`, counted from 1, and the parts before it.
    fn part(&self, number: usize) -> Result<(&PlannedPart, &[PlannedPart]), PartsError> {
        let before = number
            .checked_sub(1)
            .and_then(|index| self.parts.get(..index));
        let part = number
            .checked_sub(1)
            .and_then(|index| self.parts.get(index));
        let parts = self.parts.len();
        part.zip(before).ok_or(PartsError::NoPart { number, parts })
    }

    /// Returns a reader of the records of part `number`, counted from 1.
    ///
    /// # Errors
    /// Returns an error if the part does not exist, the plan was made by another version, or a file has changed since
    /// the plan was made.
    pub fn reader(&self, number: usize) -> Result<TapeReader, PartsError> {
        PartsError::check_version("the plan", self.format, &self.engine)?;
        let (planned, _) = self.part(number)?;
        let inputs = self.inputs.iter().enumerate();
        for (_, input) in inputs.filter(|(index, _)| planned.contains_bytes_of(*index)) {
            input.check()?;
        }
        let tapes = tapes(&self.inputs, planned.from, planned.to, planned.first_line);
        Ok(TapeReader::new(tapes))
    }

    /// Evaluates part `number`, counted from 1. `reader` is the result of [`Self::reader`] for this part.
    ///
    /// # Errors
    /// Returns an error if the part does not exist, its content is not the one that the plan states, or the replay
    /// fails.
    pub fn evaluate(
        &self,
        number: usize,
        reader: TapeReader,
        threads: usize,
        sinks: Sinks<'_, '_>,
    ) -> Result<Part, PartsError> {
        let (planned, before) = self.part(number)?;
        let replayer = self.settings.replayer()?;
        let mut timeline = self.settings.timeline();
        PolicyEvent::apply_all(before.iter().flat_map(|part| &part.events), &mut timeline)?;
        let timeline_before = timeline.fingerprint();
        let mut expected = timeline.clone();
        PolicyEvent::apply_all(&planned.events, &mut expected)?;
        let work: &Work<'_> = &|chunk, first, timeline, workspace, output| {
            let first = first + planned.first_n - 1;
            replayer.chunk(chunk, first, timeline, workspace, output)
        };
        let digest = DigestPart::starting_at(planned.digest_start);
        let run = run(work, timeline, digest, reader, threads, sinks)?;
        run.check()?;
        let changed = |what| Err(PartsError::ContentChanged { number, what });
        if run.counts.records != planned.records {
            return changed("number of records");
        }
        if run.timeline.fingerprint() != expected.fingerprint() {
            return changed("policies");
        }
        if run.digest.end() != planned.digest_start + planned.digest_bytes {
            return changed("harvests that close");
        }
        let tapes = (planned.from.input..).zip(run.tapes);
        Ok(Part {
            format: FORMAT,
            engine: ENGINE.to_owned(),
            settings_hash: self.settings.hash(),
            settings: self.settings.clone(),
            inputs: self.inputs.clone(),
            from: planned.from,
            to: planned.to,
            first_n: planned.first_n,
            events: planned.events.clone(),
            timeline_before: timeline_before.to_hex().to_string(),
            timeline_after: expected.fingerprint().to_hex().to_string(),
            counts: run.counts,
            files: tapes.filter(|(_, counts)| counts.records > 0).collect(),
            digest: run.digest,
        })
    }
}

/// Reads the tapes of all parts, and returns one result for each tape of each part.
fn scan(
    settings: &Settings,
    inputs: &[Input],
    ranges: &[(Place, Place)],
    threads: usize,
    progress: PlanProgress<'_>,
) -> Result<Vec<Vec<Scan>>, PartsError> {
    let replayer = settings.replayer()?;
    let tapes = ranges
        .iter()
        .map(|(from, to)| tapes(inputs, *from, *to, UNKNOWN_LINE));
    let tapes: Vec<Vec<_>> = tapes.collect();
    let with_rows = |tape: &TapeSource| Ok((tape.clone(), rows_of_intents(tape)?));
    let flat = tapes.iter().flatten().map(with_rows);
    let flat = flat.collect::<Result<Vec<_>, PartsError>>()?;
    let mut timeline = settings.timeline();
    let mut before = 0;
    let mut scans = Vec::new();
    for run in flat.chunk_by(|(_, left), (_, right)| left.is_none() && right.is_none()) {
        let of_run = match run {
            [(_, Some(rows))] => vec![Scan::of_intents(*rows)],
            _ => {
                let tapes: Vec<_> = run.iter().map(|(tape, _)| tape.clone()).collect();
                scan_tapes(&replayer, tapes, before, &mut timeline, threads, progress)?
            }
        };
        before += of_run.iter().map(|scan| scan.records).sum::<u64>();
        scans.extend(of_run);
    }
    let mut scans = scans.into_iter();
    let grouped = tapes
        .iter()
        .map(|tapes| scans.by_ref().take(tapes.len()).collect());
    Ok(grouped.collect())
}

/// Reads consecutive tapes, and returns one result for each. `before` is the number of records before them.
fn scan_tapes(
    replayer: &Replayer,
    tapes: Vec<TapeSource>,
    before: u64,
    timeline: &mut Timeline,
    threads: usize,
    progress: PlanProgress<'_>,
) -> Result<Vec<Scan>, PartsError> {
    let mut scans = Vec::new();
    scans.resize_with(tapes.len(), Scan::default);
    let scans = Mutex::new(scans);
    let work: &Work<'_> = &|chunk, first, timeline, workspace, output| {
        let first = before + first;
        let scan = scan_chunk(replayer, (chunk, first), timeline, workspace, output);
        let records = scan.records;
        let mut scans = scans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_tape) = scans.get_mut(chunk.tape()) {
            of_tape.records += scan.records;
            of_tape.lines += scan.lines;
            of_tape.digest_bytes += scan.digest_bytes;
            of_tape.events.extend(scan.events);
        }
        records
    };
    let reader = TapeReader::new(tapes);
    let reading = reader.progress();
    let sinks = Sinks {
        answers: AnswerSink::Discard,
        tally: None,
        progress: &mut |counts| {
            if progress(counts).is_break() {
                reading.stop();
            }
        },
    };
    let digest = DigestPart::default();
    let run = run(work, timeline.clone(), digest, reader, threads, sinks);
    *timeline = run.map_err(PartsError::while_planning)?.timeline;
    // A chunk with policy records is scanned after all earlier chunks with policy records, so the events are in order.
    let scans = scans.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(scans)
}

impl Scan {
    /// Returns the result for rows that are known to be intents, one line each.
    fn of_intents(rows: u64) -> Self {
        Self {
            records: rows,
            lines: rows,
            digest_bytes: rows * ROW_BYTES_WIDE,
            events: Vec::new(),
        }
    }

    /// Counts the lines of a chunk that are records, and evaluates some of them. Returns the number of those.
    fn add_lines(
        &mut self,
        replayer: &Replayer,
        (chunk, first): (&Chunk, u64),
        timeline: &mut Timeline,
        workspace: &mut Workspace,
        output: &mut ChunkOutput,
    ) -> u64 {
        let found = chunk.lines_with(&*EVALUATED);
        self.records += found.records;
        for (line, before) in found.chunk.lines().zip(found.before) {
            self.add_event(replayer, line, first + before, &mut workspace.scratch);
        }
        // The answers have the same lengths with other numbers of records.
        replayer.chunk(&found.chunk, first, timeline, workspace, output)
    }

    /// Counts the rows of a chunk, and evaluates some of them. Returns the number of those.
    fn add_rows(
        &mut self,
        replayer: &Replayer,
        (chunk, first): (&Chunk, u64),
        timeline: &mut Timeline,
        workspace: &mut Workspace,
        output: &mut ChunkOutput,
    ) -> u64 {
        self.records += chunk.line_count();
        if !chunk.any_kind(needs_evaluation) {
            return 0;
        }
        let scratch = &mut workspace.scratch;
        for (record, n) in chunk.records().zip(first..) {
            let line = record.line();
            if line
                .text()
                .is_some_and(|text| needs_evaluation(text.as_bytes()))
            {
                self.add_event(replayer, line, n, scratch);
                replayer.line((line, n, replayer.now), timeline, scratch, output);
            }
        }
        output.counts.records
    }

    /// Adds the change of the policy in record `n`, if it is one.
    fn add_event(&mut self, replayer: &Replayer, line: Line<'_>, n: u64, scratch: &mut Scratch) {
        let text = line.text();
        if text.is_some_and(|text| may_change_policy(text.as_bytes())) {
            let number = usize::try_from(line.number).unwrap_or(usize::MAX);
            self.events
                .extend(PolicyEvent::of(&replayer.read(line, number, scratch), n));
        }
    }
}

/// Counts the records of a chunk, and evaluates those that may change the policy or have a longer digest row.
fn scan_chunk(
    replayer: &Replayer,
    (chunk, first): (&Chunk, u64),
    timeline: &mut Timeline,
    workspace: &mut Workspace,
    output: &mut ChunkOutput,
) -> Scan {
    let mut scan = Scan {
        lines: chunk.line_count(),
        ..Scan::default()
    };
    let evaluated = match chunk.rows() {
        Some(_) => scan.add_rows(replayer, (chunk, first), timeline, workspace, output),
        None => scan.add_lines(replayer, (chunk, first), timeline, workspace, output),
    };
    let digest_bytes = u64::try_from(output.rows.len()).unwrap_or_default();
    scan.digest_bytes = digest_bytes + (scan.records - evaluated) * ROW_BYTES_WIDE;
    // Only the number of records is reported, as progress.
    output.rows.clear();
    output.counts = Counts::default();
    output.counts.records = scan.records;
    scan
}

/// Finders of the texts of which each policy record and each position contains one: the start of its event name, or an
/// escape that hides it.
static EVALUATED: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["policy.", "position.", "\\u"].map(Finder::new));

fn needs_evaluation(bytes: &[u8]) -> bool {
    EVALUATED.iter().any(|finder| finder.find(bytes).is_some())
}

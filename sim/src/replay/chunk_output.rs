//! The result of evaluating a chunk.

use portcullis_rollout::ArmReason;

use super::{
    answer_rows::{AnswerColumns, ArmColumns},
    counts::Counts,
    report_row::ReportRow,
    set_counts::SetCounts,
};

/// The result of evaluating a chunk.
#[derive(Debug, Default)]
pub(crate) struct ChunkOutput {
    /// The digest rows of all answers, in order.
    pub(crate) rows: Vec<u8>,
    /// The answers, if the output needs them.
    pub(crate) answers: AnswerBuffer,
    /// The data for an HTML report; empty if no report is written.
    pub(crate) report_rows: Vec<ReportRow>,
    /// The counts of the answers.
    pub(crate) counts: Counts,
    /// The counts of the entries under a policy set.
    pub(super) set: SetCounts,
    /// The index of the tape among all tapes.
    pub(crate) tape: usize,
}

/// The answers of a chunk, in the form that the output needs.
#[derive(Debug, Default)]
pub(crate) enum AnswerBuffer {
    /// No answers are stored.
    #[default]
    Nothing,
    /// All answers as JSON lines.
    Lines(Vec<u8>),
    /// All answers as columns.
    Columns(Box<AnswerColumns>),
    /// All answers under a policy set as columns, with the arm reasons.
    ArmColumns(Box<ArmColumns>),
    /// All answers as columns, without digest rows and counts.
    Table(Box<AnswerColumns>),
}

impl ChunkOutput {
    /// Creates an empty result that stores answers as JSON lines.
    pub(crate) fn with_lines() -> Self {
        Self::new(AnswerBuffer::Lines(Vec::new()))
    }

    /// Creates an empty result with the given answer buffer.
    pub(super) fn new(answers: AnswerBuffer) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }

    /// Returns the answers as JSON lines; empty if they are not stored in this form.
    pub(crate) fn lines(&self) -> &[u8] {
        match &self.answers {
            AnswerBuffer::Lines(lines) => lines,
            AnswerBuffer::Nothing
            | AnswerBuffer::Columns(_)
            | AnswerBuffer::ArmColumns(_)
            | AnswerBuffer::Table(_) => &[],
        }
    }

    /// Adds the arm reason to the last answer.
    pub(super) fn add_arm_reason(&mut self, reason: Option<ArmReason>) {
        match (&mut self.answers, reason.map(ArmReason::code)) {
            (AnswerBuffer::Lines(lines), Some(code)) => {
                lines.truncate(lines.len().saturating_sub(b"}\n".len()));
                for part in [",\"arm_reason\":\"", code, "\"}\n"] {
                    lines.extend_from_slice(part.as_bytes());
                }
            }
            (AnswerBuffer::ArmColumns(columns), code) => columns.arm_reasons.append_option(code),
            (
                AnswerBuffer::Nothing
                | AnswerBuffer::Lines(_)
                | AnswerBuffer::Columns(_)
                | AnswerBuffer::Table(_),
                _,
            ) => {}
        }
    }

    /// Clears the result after its answers were written, and keeps its allocated memory.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        match &mut self.answers {
            // Writing empties columns.
            AnswerBuffer::Nothing
            | AnswerBuffer::Columns(_)
            | AnswerBuffer::ArmColumns(_)
            | AnswerBuffer::Table(_) => {}
            AnswerBuffer::Lines(lines) => lines.clear(),
        }
        self.report_rows.clear();
        self.counts = Counts::default();
        self.set = SetCounts::default();
    }
}

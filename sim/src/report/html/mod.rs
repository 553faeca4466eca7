//! Reports: one page that fetches nothing.
//!
//! A page is a few facts, what the script counts from (`cube`: answers by time, symbol and kind, which the filters act on),
//! and sections, each with a chart and its table. Charts are drawn by Chart.js, which stands in the page.

mod diff;
mod flips;
mod replay;
mod seen;
mod simulation;
mod tally;

use std::io::{self, Write};

use askama::Template;
use serde::Serialize;

pub use diff::diff_page;
pub use flips::FlipTally;
pub use replay::replay_page;
pub use seen::Seen;
pub use simulation::simulation_page;
pub use tally::Tally;

use super::printable;
use flips::FlipCells;
use tally::CubeData;

/// A report.
#[derive(Debug)]
pub struct Page {
    title: String,
    facts: Vec<(&'static str, String)>,
    data: Data,
}

/// What the script of a page is given.
#[derive(Debug, Default, Serialize)]
struct Data {
    #[serde(skip_serializing_if = "Option::is_none")]
    cube: Option<CubeData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flips: Option<FlipCells>,
    /// What the marks of rows are numbers of.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<Marked>,
    sections: Vec<Section>,
}

/// What rows are marked with, where nothing but rows is filtered.
#[derive(Debug, Serialize)]
struct Marked {
    symbols: Vec<String>,
    kinds: Vec<&'static str>,
    /// As [`FlipCells`] has them.
    start: i64,
    width: i64,
    stretches: i64,
}

/// What a row is about, for the filters: epoch milliseconds (−1: no time), and the numbers of a symbol, a kind and a reason
/// (−1: of none in particular).
type Mark = [i64; 4];

/// A heading, a chart, and its table.
#[derive(Debug, Default, Serialize)]
struct Section {
    id: &'static str,
    title: &'static str,
    lead: String,
    /// What is said where there is nothing to show.
    empty: &'static str,
    /// Over the whole width.
    wide: bool,
    /// What of the cube it shows; such a section follows the filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    cube: Option<&'static str>,
    /// What of the flips it counts; such a section follows the filters too.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<&'static str>,
    /// A mark for each row of the table, so that rows follow the filters. Lines follow the time in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    marks: Option<Vec<Mark>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<Chart>,
    table: Table,
}

#[derive(Debug, Default, Serialize)]
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Bars or lines.
#[derive(Debug, Default, Serialize)]
struct Chart {
    #[serde(rename = "type")]
    kind: &'static str,
    sideways: bool,
    labels: Vec<String>,
    /// Epoch milliseconds, in place of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<Vec<i64>>,
    series: Vec<Series>,
}

#[derive(Debug, Serialize)]
struct Series {
    name: &'static str,
    values: Vec<f64>,
}

impl Section {
    /// One that follows the filters.
    fn of_cube(id: &'static str, title: &'static str, lead: &str, empty: &'static str) -> Self {
        Self {
            id,
            title,
            lead: lead.to_owned(),
            empty,
            cube: Some(id),
            ..Self::default()
        }
    }
}

/// Bars beside one another: what they stand for, and how many.
fn counts_section(
    (id, title): (&'static str, &'static str),
    lead: &str,
    counts: &[(String, u64)],
    columns: [&'static str; 2],
) -> Section {
    let values = counts.iter().map(|(_, count)| float(*count)).collect();
    Section {
        id,
        title,
        lead: lead.to_owned(),
        empty: "None.",
        chart: Some(Chart {
            kind: "bars",
            sideways: true,
            labels: counts.iter().map(|(name, _)| name.clone()).collect(),
            series: vec![Series {
                name: "records",
                values,
            }],
            ..Chart::default()
        }),
        table: Table {
            columns: columns.to_vec(),
            rows: counts
                .iter()
                .map(|(name, count)| vec![name.clone(), super::table::thousands(*count)])
                .collect(),
        },
        ..Section::default()
    }
}

/// For a chart: exact below 2³², and far enough above.
fn float(count: u64) -> f64 {
    let halves = (count >> 32, count & u64::from(u32::MAX));
    let half = |half: u64| u32::try_from(half).map_or(f64::MAX, f64::from);
    half(halves.0) * 4_294_967_296.0 + half(halves.1)
}

#[derive(Template)]
#[template(path = "page.html", escape = "html")]
struct Html<'a> {
    title: &'a str,
    facts: &'a [(&'static str, String)],
    style: &'static str,
    library: &'static str,
    script: &'static str,
    data: String,
}

impl Page {
    /// Writes it.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let html = Html {
            title: &self.title,
            facts: &self.facts,
            style: include_str!("page.css"),
            library: include_str!("vendor/chart.umd.min.js"),
            script: include_str!("page.js"),
            // No end of a script, no beginning of a comment: a text of the tape stays a text.
            data: serde_json::to_string(&self.data)?.replace('<', "\\u003c"),
        };
        let text = html.render().map_err(io::Error::other)?;
        to.write_all(text.as_bytes())
    }
}

/// A text of somebody else's, without what would turn or hide a line.
fn shown(text: &str) -> String {
    printable(text).into_owned()
}

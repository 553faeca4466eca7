//! HTML reports. A report is one self-contained page that loads nothing from the network.
//!
//! A page has a table of facts, the data that its script counts and filters (`cube`: answers by time, symbol and kind),
//! and sections, each with a chart and a table. Charts are drawn by Chart.js, which is embedded in the page.

mod diff;
mod flips;
mod replay;
mod report_row;
mod simulation;
mod tally;

use std::io::{self, Write};

use askama::Template;
use serde::Serialize;

pub use diff::diff_page;
pub use flips::FlipTally;
pub use replay::replay_page;
pub use report_row::ReportRow;
pub use simulation::simulation_page;
pub use tally::Tally;

use super::printable;
use flips::FlipCells;
use tally::CubeData;

/// An HTML report.
#[derive(Debug)]
pub struct Page {
    title: String,
    facts: Vec<(&'static str, String)>,
    data: Data,
}

/// The data for the script of a page.
#[derive(Debug, Default, Serialize)]
struct Data {
    #[serde(skip_serializing_if = "Option::is_none")]
    cube: Option<CubeData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flips: Option<FlipCells>,
    /// The names to which the numbers in row marks refer.
    #[serde(skip_serializing_if = "Option::is_none")]
    marked: Option<Marked>,
    sections: Vec<Section>,
}

/// The names and times to which row marks refer, on a page on which only rows are filtered.
#[derive(Debug, Serialize)]
struct Marked {
    symbols: Vec<String>,
    kinds: Vec<&'static str>,
    /// See [`FlipCells`].
    start: i64,
    width: i64,
    stretches: i64,
}

/// The mark of a row, used by the filters: epoch milliseconds (−1: no timestamp), then the numbers of a symbol, a kind
/// and a reason (−1: matches every choice).
type Mark = [i64; 4];

/// A section of a page: a heading, a chart and a table.
#[derive(Debug, Default, Serialize)]
struct Section {
    id: &'static str,
    title: &'static str,
    lead: String,
    /// The text that is shown if there are no rows.
    empty: &'static str,
    /// True if the section has the full page width.
    wide: bool,
    /// The view of the cube that the section shows. Such a section follows the filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    cube: Option<&'static str>,
    /// The property by which the section counts flips. Such a section follows the filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<&'static str>,
    /// One mark per table row, so that the rows follow the filters. Line charts always follow the time filter.
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

/// A bar or line chart.
#[derive(Debug, Default, Serialize)]
struct Chart {
    #[serde(rename = "type")]
    kind: &'static str,
    sideways: bool,
    labels: Vec<String>,
    /// The x values of a line chart in epoch milliseconds, instead of labels.
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
    /// Creates a section that shows the view `id` of the cube and follows the filters.
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

/// Creates a section with a bar chart and a table of named counts.
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
        empty: "No entries.",
        chart: Some(Chart {
            kind: "bars",
            sideways: true,
            labels: counts.iter().map(|(name, _)| name.clone()).collect(),
            series: vec![Series {
                name: "Count",
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

/// Converts a count for a chart: exact below 2⁵³, rounded above.
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
    /// Writes the page as HTML.
    ///
    /// # Errors
    /// Returns the error of the writer.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let html = Html {
            title: &self.title,
            facts: &self.facts,
            style: include_str!("page.css"),
            library: include_str!("vendor/chart.umd.min.js"),
            script: include_str!("page.js"),
            // `<` is escaped, so that text from a tape cannot end the script element or begin a comment.
            data: serde_json::to_string(&self.data)?.replace('<', "\\u003c"),
        };
        let text = html.render().map_err(io::Error::other)?;
        to.write_all(text.as_bytes())
    }
}

/// Escapes control characters in untrusted text.
fn shown(text: &str) -> String {
    printable(text).into_owned()
}

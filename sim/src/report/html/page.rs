//! The parts of a page, and the page as HTML.

use std::io::{self, Write};

use askama::Template;
use serde::Serialize;

use super::{
    cube::CubeData,
    flips::{FlipCells, Mark},
};
use crate::text::thousands;

/// An HTML report.
#[derive(Debug)]
pub struct Page {
    pub(super) title: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) data: Data,
}

/// The data for the script of a page.
#[derive(Debug, Default, Serialize)]
pub(super) struct Data {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cube: Option<CubeData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) flips: Option<FlipCells>,
    /// The names to which the numbers in row marks refer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) marked: Option<Marked>,
    pub(super) sections: Vec<Section>,
}

/// The names and times that the marks of the rows refer to. They are used on a page whose filters apply to rows only.
#[derive(Debug, Serialize)]
pub(super) struct Marked {
    pub(super) symbols: Vec<String>,
    pub(super) kinds: Vec<&'static str>,
    /// The time axis, as in [`FlipCells`].
    pub(super) start: i64,
    pub(super) width: i64,
    pub(super) buckets: i64,
}

/// A section of a page: a heading, a chart and a table.
#[derive(Debug, Default, Serialize)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: String,
    /// The text that is shown if there are no rows.
    pub(super) empty: &'static str,
    /// True if the section has the full page width.
    pub(super) wide: bool,
    /// The view of the cube that the section shows; `None` if it shows none. A section with a view
    /// follows the filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cube: Option<&'static str>,
    /// The property by which the section counts flips; `None` if it does not count flips. A section
    /// with such a property follows the filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) counts: Option<&'static str>,
    /// One mark per table row, by which the filters select the rows. Line charts always follow the
    /// time filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) marks: Option<Vec<Mark>>,
    /// True if rows that differ only in the number of the record are shown as one row with a count.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) folds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chart: Option<Chart>,
    pub(super) table: Table,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Table {
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A bar or line chart.
#[derive(Debug, Default, Serialize)]
pub(super) struct Chart {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) sideways: bool,
    pub(super) labels: Vec<String>,
    /// The x values of a line chart in epoch milliseconds, instead of labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<Vec<i64>>,
    pub(super) series: Vec<Series>,
}

#[derive(Debug, Serialize)]
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) values: Vec<f64>,
}

impl Section {
    /// Creates a section that shows the view `id` of the cube and follows the filters.
    pub(super) fn of_cube(
        id: &'static str,
        title: &'static str,
        lead: &str,
        empty: &'static str,
    ) -> Self {
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
pub(super) fn counts_section(
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
                .map(|(name, count)| vec![name.clone(), thousands(*count)])
                .collect(),
        },
        ..Section::default()
    }
}

/// Converts a count for a chart: exact below 2⁵³, rounded above.
pub(super) fn float(count: u64) -> f64 {
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

//! A bar chart of the measured figures.

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::{
    Failure,
    measure::Figure,
    table::{short, version},
};

const WIDTH: u32 = 760;
const ROW: u32 = 48;
const AXIS: u32 = 60;

/// Colour of text and axes. The background is transparent, so each colour must be visible on white
/// and on black.
const INK: RGBColor = RGBColor(118, 124, 132);
const GRID: RGBAColor = RGBAColor(118, 124, 132, 0.3);
const OURS: RGBColor = RGBColor(22, 138, 94);
const OTHERS: RGBColor = RGBColor(70, 130, 200);

/// Draws bars on a logarithmic scale, with the fastest engine on top. A line across the end of each
/// bar shows the spread of its rounds.
pub(crate) fn draw(figures: &[Figure]) -> Result<String, Failure> {
    let most = figures.iter().map(|figure| figure.nanos.most);
    // Leaves room for the number after the longest bar.
    let end = most.fold(1.0, f64::max) * 3.0;
    let rows = u32::try_from(figures.len())?;
    let mut picture = String::new();
    {
        let root =
            SVGBackend::with_string(&mut picture, (WIDTH, rows * ROW + AXIS)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_left(16)
            .margin_right(16)
            .x_label_area_size(AXIS - 10)
            .build_cartesian_2d((1.0..end).log_scale(), f64::from(rows)..0.0)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(5)
            .x_label_formatter(&|nanos| axis_label(*nanos))
            .x_desc("time per decision, logarithmic scale")
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .label_style(("sans-serif", 13, &INK))
            .axis_desc_style(("sans-serif", 13, &INK))
            .draw()?;
        let named = ("sans-serif", 14, &INK).into_text_style(&root);
        let middle = named.pos(Pos::new(HPos::Left, VPos::Center));
        for (row, figure) in (0_u32..).map(f64::from).zip(figures) {
            let nanos = figure.nanos;
            let colour = if figure.is_ours() { OURS } else { OTHERS };
            let bar = [(1.0, row + 0.5), (nanos.median, row + 0.86)];
            let spread = [(nanos.least, row + 0.68), (nanos.most, row + 0.68)];
            chart.draw_series([Rectangle::new(bar, colour.filled())])?;
            chart.draw_series([PathElement::new(spread, INK.stroke_width(3))])?;
            let version = version(figure.package)?;
            let part = figure.part.as_str();
            let name = format!("{} {version}, {}: {part}", figure.package, figure.way);
            chart.draw_series([Text::new(name, (1.0, row + 0.28), middle.clone())])?;
            let value = format!("{} ns", short(nanos.median));
            let beside = (nanos.most * 1.06, row + 0.68);
            chart.draw_series([Text::new(value, beside, middle.clone())])?;
        }
        root.present()?;
    }
    Ok(picture)
}

fn axis_label(nanos: f64) -> String {
    if nanos < 1000.0 {
        format!("{nanos:.0} ns")
    } else {
        format!("{:.0} µs", nanos / 1000.0)
    }
}

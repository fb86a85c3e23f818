//! The chart of a report, as its header declares it: `kind x y [colour]`. Rows of one x and one colour are added up. Drawn as
//! SVG in the page, in colours that can be seen in light and in dark.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};
use plotters::chart::ChartContext;
use plotters::coord::ranged1d::SegmentedCoord;
use plotters::coord::types::{RangedCoordf64, RangedCoordusize};
use plotters::prelude::{
    AreaSeries, Cartesian2d, ChartBuilder, IntoDrawingArea, IntoFont, IntoSegmentedCoord, LineSeries, PathElement,
    RGBColor, Rectangle, SVGBackend, SegmentValue,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, TextStyle};

use crate::render::{RenderError, visible};
use crate::warehouse::{Cell, GridColumn};

const SIZE: (u32, u32) = (900, 380);
/// More could not be told apart.
const MOST_PLACES: usize = 40;
const MOST_COLOURS: usize = 8;
const OTHERS: &str = "others";
const LABEL_LENGTH: usize = 22;
/// What an axis can still name.
const GREATEST: f64 = 1e15;
/// That fit side by side below the axis.
const MOST_LETTERS: usize = 110;
/// Stands for the colour of the page's text until the drawing is in the page.
const INK: RGBColor = RGBColor(1, 2, 3);
const INK_WRITTEN: &str = "#010203";
const PALETTE: [RGBColor; 9] = [
    RGBColor(59, 125, 196),
    RGBColor(214, 126, 44),
    RGBColor(63, 152, 96),
    RGBColor(190, 74, 84),
    RGBColor(134, 106, 190),
    RGBColor(146, 112, 90),
    RGBColor(204, 110, 170),
    RGBColor(60, 158, 170),
    RGBColor(128, 134, 142),
];

/// A chart that is being drawn.
type Drawn<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<SegmentedCoord<RangedCoordusize>, RangedCoordf64>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bar,
    Line,
    Area,
}

/// The values so far.
pub(super) struct Chart {
    kind: Kind,
    names: (String, String),
    x: usize,
    y: usize,
    colour: Option<usize>,
    places: Vec<String>,
    colours: Vec<String>,
    values: BTreeMap<(usize, usize), f64>,
    left_out: u64,
}

impl Chart {
    /// `None` where the report has no such columns.
    pub(super) fn declared(declared: &str, columns: &[GridColumn]) -> Option<Self> {
        let mut words = declared.split_whitespace();
        let kind = match words.next()? {
            "line" => Kind::Line,
            "area" => Kind::Area,
            _ => Kind::Bar,
        };
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let (x, y) = (words.next()?, words.next()?);
        Some(Self {
            kind,
            names: (x.to_owned(), y.to_owned()),
            x: place(x)?,
            y: place(y)?,
            colour: words.next().and_then(place),
            places: Vec::new(),
            colours: Vec::new(),
            values: BTreeMap::new(),
            left_out: 0,
        })
    }

    pub(super) fn take(&mut self, row: &[Cell]) {
        let text = |at: usize| row.get(at).map(label).unwrap_or_default();
        let Some(value) = row
            .get(self.y)
            .and_then(number)
            .filter(|value| (0.0..GREATEST).contains(value))
        else {
            return;
        };
        let Some(place) = position(&mut self.places, text(self.x), MOST_PLACES) else {
            self.left_out += 1;
            return;
        };
        let colour = match self.colour {
            None => 0,
            Some(at) => position(&mut self.colours, text(at), MOST_COLOURS).unwrap_or(MOST_COLOURS),
        };
        *self.values.entry((place, colour)).or_default() += value;
    }

    /// The greatest first, unless the places have an order of their own, as months have.
    fn sorted(mut self) -> Self {
        if self.kind != Kind::Bar || self.places.is_sorted() {
            return self;
        }
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_by(|one, other| self.sum(*other).total_cmp(&self.sum(*one)));
        let mut rank = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            if let Some(place) = rank.get_mut(*from) {
                *place = to;
            }
        }
        let moved = |((at, colour), value)| ((rank.get(at).copied().unwrap_or(at), colour), value);
        self.values = self.values.into_iter().map(moved).collect();
        self.places = order.iter().filter_map(|at| self.places.get(*at).cloned()).collect();
        self
    }

    /// `None` where there is nothing to draw.
    pub(super) fn drawn(self) -> Result<Option<Markup>, RenderError> {
        if self.places.len() < 2 || self.greatest() <= 0.0 {
            return Ok(None);
        }
        let chart = self.sorted();
        let svg = chart.svg().map_err(|error| RenderError::Chart(error.to_string()))?;
        let (x, y) = &chart.names;
        Ok(Some(html! {
            figure {
                (PreEscaped(svg.replace(INK_WRITTEN, "currentColor")))
                figcaption {
                    (visible(y)) " by " (visible(x))
                    @if chart.left_out > 0 {
                        ": the first " (chart.places.len()) "; " (chart.left_out) " further rows are not drawn"
                    }
                }
            }
        }))
    }

    fn svg(&self) -> Result<String, Box<dyn std::error::Error + '_>> {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let is_turned = self.is_turned();
        let places = (0..self.places.len() - 1).into_segmented();
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .x_label_area_size(if is_turned { 150 } else { 30 })
            .y_label_area_size(70)
            .build_cartesian_2d(places, 0.0..self.greatest() * 1.05)?;
        let ink = TextStyle::from(("sans-serif", 12).into_font()).color(&INK);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(INK.mix(0.0))
            .bold_line_style(INK.mix(0.15))
            .axis_style(INK.mix(0.4))
            .x_labels(2)
            .x_label_formatter(&|_| String::new())
            .y_label_style(ink.clone())
            .y_label_formatter(&|value| value.to_string())
            .draw()?;
        for colour in 0..=MOST_COLOURS {
            self.draw_series(&mut chart, colour)?;
        }
        for (at, label) in self.places.iter().enumerate() {
            let (x, y) = chart.backend_coord(&(SegmentValue::CenterOf(at), 0.0));
            let style = if is_turned {
                let font = ("sans-serif", 11).into_font().transform(FontTransform::Rotate90);
                TextStyle::from(font)
                    .color(&INK)
                    .pos(Pos::new(HPos::Left, VPos::Center))
            } else {
                ink.clone().pos(Pos::new(HPos::Center, VPos::Top))
            };
            area.draw_text(label, &style, (x, y + 8))?;
        }
        if self.colour.is_some() {
            chart.configure_series_labels().label_font(ink).draw()?;
        }
        area.present()?;
        drop(chart);
        drop(area);
        Ok(svg)
    }

    fn draw_series(&self, chart: &mut Drawn<'_, '_>, colour: usize) -> Result<(), Box<dyn std::error::Error + '_>> {
        let points = self.stacked(colour);
        let Some(style) = PALETTE.get(colour).filter(|_| !points.is_empty()) else {
            return Ok(());
        };
        let bar = |(at, low, value): &(usize, f64, f64)| {
            let corners = [
                (SegmentValue::Exact(*at), *low),
                (SegmentValue::Exact(at + 1), low + value),
            ];
            let mut bar = Rectangle::new(corners, style.filled());
            bar.set_margin(0, 0, 2, 2);
            bar
        };
        let line = points
            .iter()
            .map(|(at, _, value)| (SegmentValue::CenterOf(*at), *value));
        let series = match self.kind {
            Kind::Bar => chart.draw_series(points.iter().map(bar))?,
            Kind::Line => chart.draw_series(LineSeries::new(line, style.stroke_width(2)))?,
            Kind::Area => chart.draw_series(AreaSeries::new(line, 0.0, style.mix(0.4)).border_style(*style))?,
        };
        if self.colour.is_some() {
            let name = self.colours.get(colour).map_or(OTHERS, String::as_str);
            series
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 12, y)], style.stroke_width(6)));
        }
        Ok(())
    }

    /// Whether the labels of the places need more room than there is side by side.
    fn is_turned(&self) -> bool {
        let longest = self.places.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        self.places.len() * longest > MOST_LETTERS
    }

    /// Place, what lies below, and the value, of each place with a value of this colour.
    fn stacked(&self, colour: usize) -> Vec<(usize, f64, f64)> {
        let of_place = |at: usize| {
            let value = self.values.get(&(at, colour))?;
            let low = self.values.range((at, 0)..(at, colour)).map(|(_, value)| value).sum();
            Some((at, low, *value))
        };
        (0..self.places.len()).filter_map(of_place).collect()
    }

    fn greatest(&self) -> f64 {
        (0..self.places.len()).map(|at| self.sum(at)).fold(0.0, f64::max)
    }

    /// All that is drawn at a place.
    fn sum(&self, at: usize) -> f64 {
        self.values.range((at, 0)..(at + 1, 0)).map(|(_, value)| *value).sum()
    }
}

/// The place of a text among those seen, which it joins while there is room.
fn position(known: &mut Vec<String>, text: String, most: usize) -> Option<usize> {
    if let Some(at) = known.iter().position(|known| *known == text) {
        return Some(at);
    }
    (known.len() < most).then(|| {
        known.push(text);
        known.len() - 1
    })
}

/// A value as it stands at an axis: short, on one line.
fn label(cell: &Cell) -> String {
    let text = visible(cell.to_string().trim_end_matches("T00:00:00Z"));
    if text.is_empty() {
        return "(none)".to_owned();
    }
    if text.chars().count() <= LABEL_LENGTH {
        return text;
    }
    text.chars().take(LABEL_LENGTH - 1).chain(['…']).collect()
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(number) => number.to_string().parse().ok(),
        Cell::Float(number) if number.is_finite() => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<GridColumn> {
        let column = |name: &str| GridColumn {
            name: name.to_owned(),
            kind: "VARCHAR".to_owned(),
        };
        ["who", "events", "what"].map(column).to_vec()
    }

    fn chart(declared: &str, rows: &[(&str, i128, &str)]) -> Chart {
        let mut chart = Chart::declared(declared, &columns()).unwrap();
        for (who, events, what) in rows {
            let text = |text: &str| Cell::Text(text.to_owned());
            chart.take(&[text(who), Cell::Integer(*events), text(what)]);
        }
        chart
    }

    #[test]
    fn rows_are_added_up_and_the_greatest_stands_first() {
        let rows = [("b", 1, "x"), ("c", 5, "x"), ("a", 2, "x"), ("b", 3, "y")];
        let drawn = chart("bar who events what", &rows).sorted();
        assert_eq!(drawn.places, ["c", "b", "a"]);
        assert_eq!((drawn.sum(0), drawn.sum(1), drawn.sum(2)), (5.0, 4.0, 2.0));
        assert_eq!(drawn.stacked(1), [(1, 1.0, 3.0)]);
        let months = [("2026-01", 1, ""), ("2026-02", 5, "")];
        assert_eq!(chart("bar who events", &months).sorted().places, ["2026-01", "2026-02"]);
        assert!(Chart::declared("bar who nothing", &columns()).is_none());
    }

    #[test]
    fn a_drawing_is_bounded_and_holds_no_markup_of_a_text() {
        let names: Vec<String> = (0..100).map(|at| format!("<b>{at}</b>{}", "x".repeat(50))).collect();
        for kind in ["bar", "line", "area"] {
            let rows: Vec<(&str, i128, &str)> = names.iter().map(|name| (name.as_str(), 7, name.as_str())).collect();
            let drawn = chart(&format!("{kind} who events what"), &rows)
                .drawn()
                .unwrap()
                .unwrap();
            let text = drawn.into_string();
            assert!(text.contains("60 further rows") && !text.contains("<b>"), "{kind}");
            assert!(text.contains("&lt;b&gt;0") && text.contains("currentColor"), "{kind}");
        }
        assert!(
            chart("bar who events", &[("a", 0, ""), ("b", 0, "")])
                .drawn()
                .unwrap()
                .is_none()
        );
    }
}

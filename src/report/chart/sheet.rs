//! What charts draw on: shapes and texts in points, from the top left.

use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::{DrawingArea, IntoDrawingArea};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, TextStyle};

use super::Drawing;
use super::ink::{INK, Ink};
use super::label::Room;
use super::svg::{Drawn, Svg, UNITS, escaped};
use crate::error::{Error, Result};
use crate::report::face::{ASCENT, Ruler, Weight};

/// A point on a sheet.
pub(super) type Point = (f64, f64);

/// A sheet of a size.
pub(super) struct Sheet<'a> {
    area: DrawingArea<Svg<'a>, Shift>,
    ruler: &'a Ruler<'a>,
}

/// How a text is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) ink: Ink,
    pub(super) side: Side,
}

/// Which part of a text stands at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}

impl Pen {
    pub(super) const fn new(size: f64, ink: Ink, side: Side) -> Self {
        Self { size, weight: Weight::Regular, ink, side }
    }

    pub(super) const fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }
}

/// Draws on a sheet of so many points, and gives what was drawn.
///
/// # Errors
/// Invalid: a text leaves the sheet or lies over another, or has a character that the face lacks.
pub(super) fn drawing(
    ruler: &Ruler<'_>,
    (width, height): (f64, f64),
    alt: &str,
    draw: impl FnOnce(&Sheet<'_>) -> Result<()>,
) -> Result<Drawing> {
    let mut drawn = Drawn::default();
    let size = (units(width).unsigned_abs(), units(height).unsigned_abs());
    {
        let area = Svg { drawn: &mut drawn, ruler, size }.into_drawing_area();
        draw(&Sheet { area, ruler })?;
    }
    check(&drawn.texts, size, ruler)?;
    let (role, title) = match alt {
        "" => (String::new(), String::new()),
        alt => (" role=\"img\"".to_owned(), format!("<title>{}</title>\n", escaped(alt))),
    };
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.2}pt\" height=\"{height:.2}pt\" viewBox=\"0 0 {} {}\" \
         font-family=\"{}\"{role}>\n{title}{}</svg>\n",
        size.0,
        size.1,
        escaped(ruler.family()),
        drawn.elements
    );
    Ok(Drawing { svg, width, height })
}

/// By how much a text may leave the sheet, in units: letters do not fill their boxes.
const LEAVES: f64 = 0.5 * UNITS;

fn check(texts: &[(String, Room)], size: (u32, u32), ruler: &Ruler<'_>) -> Result<()> {
    let size = (f64::from(size.0), f64::from(size.1));
    for (at, (text, room)) in texts.iter().enumerate() {
        ruler.check(text)?;
        if !room.leaves_by_at_most(LEAVES, size) {
            return Err(Error::invalid(format!("the label '{text}' does not fit into its chart")));
        }
        if let Some((other, _)) = texts.iter().take(at).find(|(_, other)| room.meets(other)) {
            let message = format!("the labels '{other}' and '{text}' of a chart lie over each other");
            return Err(Error::invalid(message));
        }
    }
    Ok(())
}

impl Sheet<'_> {
    /// A line through points.
    pub(super) fn line(&self, points: &[Point], width: f64, ink: Ink) -> Result<()> {
        let style = ink.stroke_width(units(width).unsigned_abs().max(1));
        done(self.area.draw(&PathElement::new(pixels(points), style)))
    }

    /// A dashed line from a point to the right.
    pub(super) fn dashed(&self, (left, y): Point, right: f64, width: f64, ink: Ink) -> Result<()> {
        const DASH: f64 = 2.0;
        const FREE: f64 = 1.6;
        let mut from = left;
        while from < right {
            self.line(&[(from, y), ((from + DASH).min(right), y)], width, ink)?;
            from += DASH + FREE;
        }
        Ok(())
    }

    /// A filled rectangle from one corner to the other.
    pub(super) fn bar(&self, a: Point, b: Point, ink: Ink) -> Result<()> {
        done(self.area.draw(&Rectangle::new([pixel(a), pixel(b)], ink.filled())))
    }

    /// A rectangle that is hatched at 45° and outlined.
    pub(super) fn hatched(&self, a: Point, b: Point, ink: Ink) -> Result<()> {
        const STROKE: f64 = 0.5;
        const STEP: f64 = 2.3;
        let (left, right) = (a.0.min(b.0), a.0.max(b.0));
        let (top, bottom) = (a.1.min(b.1), a.1.max(b.1));
        let mut sum = left + top + STEP;
        // A line at 45° joins points of one sum of coordinates; it is cut where it leaves the rectangle.
        while sum < right + bottom {
            let from = (right.min(sum - top), top.max(sum - right));
            let to = (left.max(sum - bottom), bottom.min(sum - left));
            self.line(&[from, to], STROKE, ink)?;
            sum += STEP;
        }
        self.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], STROKE, ink)
    }

    /// A filled area.
    pub(super) fn area(&self, points: &[Point], ink: Ink) -> Result<()> {
        done(self.area.draw(&Polygon::new(pixels(points), ink)))
    }

    /// A dot with a rim that keeps it apart from the line.
    pub(super) fn dot(&self, at: Point, radius: f64, ink: Ink, rim: Ink) -> Result<()> {
        const RIM: f64 = 0.5;
        done(self.area.draw(&Circle::new(pixel(at), units(radius + RIM), rim.filled())))?;
        done(self.area.draw(&Circle::new(pixel(at), units(radius), ink.filled())))
    }

    /// A text whose baseline is at a point.
    pub(super) fn text(&self, text: &str, (x, y): Point, pen: Pen) -> Result<()> {
        let style = if pen.weight == Weight::Bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = FontDesc::new(FontFamily::Name(self.ruler.family()), pen.size * UNITS, style);
        let side = match pen.side {
            Side::Left => HPos::Left,
            Side::Middle => HPos::Center,
            Side::Right => HPos::Right,
        };
        let style = TextStyle { font, color: pen.ink.to_backend_color(), pos: Pos::new(side, VPos::Top) };
        done(self.area.draw_text(text, &style, pixel((x, y - ASCENT * pen.size))))
    }

    /// The width of a text.
    pub(super) fn width(&self, text: &str, pen: Pen) -> f64 {
        self.ruler.width(text, pen.weight, pen.size)
    }
}

/// A text of a chart in ink.
pub(super) const LABEL: Pen = Pen::new(7.5, INK, Side::Middle);

fn units(points: f64) -> i32 {
    (points * UNITS).round() as i32
}

fn pixel((x, y): Point) -> (i32, i32) {
    (units(x), units(y))
}

fn pixels(points: &[Point]) -> Vec<(i32, i32)> {
    points.iter().copied().map(pixel).collect()
}

fn done<E: std::error::Error + Send + Sync + 'static>(drawn: std::result::Result<(), E>) -> Result<()> {
    drawn.map_err(|error| Error::internal(format!("a chart cannot be drawn: {error}")).with_source(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::face::of_tests;

    fn draw(draw: impl FnOnce(&Sheet<'_>) -> Result<()>) -> Result<Drawing> {
        let faces = of_tests();
        let ruler = faces.ruler()?;
        drawing(&ruler, (100.0, 50.0), "an <alt> & \"text\"", draw)
    }

    #[test]
    fn texts_are_data_and_families_are_named() {
        let drawn = draw(|sheet| sheet.text("<b>&'\"", (50.0, 25.0), LABEL)).unwrap();
        assert!(drawn.svg.contains(">&lt;b&gt;&amp;&#39;&quot;</text>"), "{}", drawn.svg);
        assert!(drawn.svg.contains("<title>an &lt;alt&gt; &amp; &quot;text&quot;</title>"));
        assert!(drawn.svg.contains("font-family=\"Noto Sans CJK TC\""));
        assert!(drawn.svg.contains("text-anchor=\"middle\""));
    }

    #[test]
    fn labels_that_leave_or_meet_are_refused() {
        let message = |drawn: Result<Drawing>| drawn.unwrap_err().message().to_owned();
        let outside = draw(|sheet| sheet.text("a long label", (98.0, 25.0), LABEL));
        assert!(message(outside).contains("'a long label' does not fit"));
        let over = draw(|sheet| {
            sheet.text("one", (50.0, 25.0), LABEL)?;
            sheet.text("two", (52.0, 26.0), LABEL)
        });
        assert!(message(over).contains("'one' and 'two'"));
        let emoji = draw(|sheet| sheet.text("🙂", (50.0, 25.0), LABEL));
        assert!(message(emoji).contains("U+1F642"));
    }

    #[test]
    fn hatching_stays_inside() {
        let drawn = draw(|sheet| sheet.hatched((10.0, 40.0), (30.0, 5.0), INK)).unwrap();
        let mut count = 0;
        for points in drawn.svg.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            for point in points.split(' ') {
                let (x, y) = point.split_once(',').unwrap();
                let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((200..=600).contains(&x) && (100..=800).contains(&y), "{point}");
                count += 1;
            }
        }
        assert!(count > 30);
    }
}

//! Our backend of plotters: SVG whose texts are measured with the face that draws them. plotters' own backend guesses the
//! width of a text from its bytes, three to a Han character, and so cannot place a label.
//!
//! plotters counts in whole pixels, so a pixel here is a twentieth of a point.

use std::fmt::Write;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    text_anchor::{HPos, VPos},
};

use super::label::Room;
use crate::report::face::{ASCENT, DESCENT, Ruler, Weight};

/// How many units a point has.
pub(super) const UNITS: f64 = 20.0;

/// What has been drawn so far.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// The elements.
    pub(super) elements: String,
    /// Each text and its room, in units.
    pub(super) texts: Vec<(String, Room)>,
}

/// The backend.
pub(super) struct Svg<'a> {
    pub(super) drawn: &'a mut Drawn,
    pub(super) ruler: &'a Ruler<'a>,
    /// Width and height in units.
    pub(super) size: (u32, u32),
}

/// Drawing into memory does not fail.
#[derive(Debug)]
pub(super) struct Never;

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing could be drawn")
    }
}

impl std::error::Error for Never {}

type Outcome = Result<(), DrawingErrorKind<Never>>;

impl Svg<'_> {
    fn element(&mut self, element: std::fmt::Arguments<'_>) -> Outcome {
        self.drawn.elements.write_fmt(element).map_err(|_| DrawingErrorKind::DrawingError(Never))
    }
}

/// The six hexadecimal digits of a colour.
fn hex(color: BackendColor) -> String {
    let (red, green, blue) = color.rgb;
    format!("#{red:02X}{green:02X}{blue:02X}")
}

fn points(all: impl IntoIterator<Item = BackendCoord>) -> String {
    let texts: Vec<String> = all.into_iter().map(|(x, y)| format!("{x},{y}")).collect();
    texts.join(" ")
}

impl DrawingBackend for Svg<'_> {
    type ErrorType = Never;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Outcome {
        self.element(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\" fill=\"{}\"/>\n", hex(color)))
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Outcome {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, a: BackendCoord, b: BackendCoord, style: &S, fill: bool) -> Outcome {
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        let (width, height) = (a.0.abs_diff(b.0), a.1.abs_diff(b.1));
        let paint = match fill {
            true => format!("fill=\"{}\"", hex(style.color())),
            false => {
                format!("fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"", hex(style.color()), style.stroke_width())
            }
        };
        self.element(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {paint}/>\n"))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        self.element(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>\n",
            points(path),
            hex(style.color()),
            style.stroke_width()
        ))
    }

    fn draw_circle<S: BackendStyle>(&mut self, (x, y): BackendCoord, radius: u32, style: &S, fill: bool) -> Outcome {
        let paint = match fill {
            true => format!("fill=\"{}\"", hex(style.color())),
            false => {
                format!("fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"", hex(style.color()), style.stroke_width())
            }
        };
        self.element(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {paint}/>\n"))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        self.element(format_args!("<polygon points=\"{}\" fill=\"{}\"/>\n", points(path), hex(style.color())))
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Outcome {
        let (size, weight) = (style.size(), weight(style));
        let width = self.ruler.width(text, weight, size);
        let (anchor, left) = match style.anchor().h_pos {
            HPos::Left => ("start", f64::from(x)),
            HPos::Center => ("middle", f64::from(x) - width / 2.0),
            HPos::Right => ("end", f64::from(x) - width),
        };
        let baseline = f64::from(y)
            + match style.anchor().v_pos {
                VPos::Top => ASCENT * size,
                VPos::Center => (ASCENT - DESCENT) / 2.0 * size,
                VPos::Bottom => -DESCENT * size,
            };
        self.drawn.texts.push((text.to_owned(), Room::covered(left, width, baseline, size)));
        let bold = if weight == Weight::Bold { " font-weight=\"bold\"" } else { "" };
        self.element(format_args!(
            "<text x=\"{x}\" y=\"{:.0}\" font-size=\"{size:.0}\"{bold} text-anchor=\"{anchor}\" fill=\"{}\">{}</text>\n",
            baseline,
            hex(style.color()),
            escaped(text)
        ))
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Never>> {
        let width = self.ruler.width(text, weight(style), style.size());
        Ok((width.ceil() as u32, style.size().ceil() as u32))
    }
}

fn weight<T: BackendTextStyle>(style: &T) -> Weight {
    if matches!(style.style(), FontStyle::Bold) { Weight::Bold } else { Weight::Regular }
}

/// A text as XML has it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no other control characters, escaped or not.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

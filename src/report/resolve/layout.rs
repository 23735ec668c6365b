//! Where tiles stand: twelve columns on a landscape page of A4, rows filled from the left, lengths in millimetres.

/// Where a tile stands, in millimetres from the page's left and top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Its left edge.
    pub left: f64,
    /// Its top, where its rule is.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// A tile's height without its rows, and that of each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rows {
    /// What stands above and below the rows.
    pub head: f64,
    /// How high a row is.
    pub pitch: f64,
}

impl Rows {
    /// The height of a tile of so many rows.
    pub(super) fn height(self, rows: usize) -> f64 {
        self.head + self.pitch * rows as f64
    }
}

/// Measures, whose rows are what they are compared with.
pub(super) const KPIS: Rows = Rows { head: 18.75, pitch: 4.5 };
/// A change by its drivers, with the measure before and after.
pub const DRIVERS: Rows = Rows { head: 16.53, pitch: 7.72 };
/// Members by what they contributed to a change.
pub const CONTRIBUTIONS: Rows = Rows { head: 15.75, pitch: 6.65 };
/// Members as bars: at least this high together, and a row at most so.
pub const BARS: Rows = Rows { head: 12.5, pitch: 4.7 };
/// Members with measures.
pub const LISTING: Rows = Rows { head: 15.6, pitch: 5.6 };
/// How near its rows may come.
pub(super) const LISTING_LEAST: f64 = 5.0;
/// How far apart they stand at most.
pub const LISTING_MOST: f64 = 6.75;
/// The least height of a chart, and that of one whose report does not say it.
pub(super) const CHART: (f64, f64) = (25.0, 45.0);
/// The least height of columns with rows of figures below them, and that of those whose report does not say it.
pub(super) const STANDING: (f64, f64) = (50.0, 69.75);
/// The same of weekdays by hours.
pub(super) const HEAT: (f64, f64) = (70.0, 80.25);
/// The least height of words, and that of those whose report does not say it.
pub(super) const WORDS: (f64, f64) = (5.0, 45.0);

/// The part of a page that tiles stand in.
pub const PAGE: Area = Area { left: 15.0, top: 38.25, width: 267.0, height: 156.0 };
/// How many columns it has.
const COLUMNS: u64 = 12;
/// The room between columns.
const GUTTER: f64 = 5.0;
/// The room between rows of tiles.
const BETWEEN: f64 = 6.0;

/// Places the tiles of cells, each of so many columns, with the heights of its tiles from top to bottom.
///
/// # Errors
/// The height that they need, when there is not as much.
pub(super) fn placed(cells: &[(u64, Vec<f64>)]) -> Result<Vec<Area>, f64> {
    let column = (PAGE.width + GUTTER) / COLUMNS as f64;
    let mut areas: Vec<Area> = Vec::new();
    let (mut at, mut top, mut tallest) = (0, PAGE.top, 0.0_f64);
    for (span, heights) in cells {
        if at + span > COLUMNS {
            (at, top, tallest) = (0, top + tallest + BETWEEN, 0.0);
        }
        let mut below = 0.0;
        for height in heights {
            areas.push(Area {
                left: PAGE.left + column * at as f64,
                top: top + below,
                width: column * *span as f64 - GUTTER,
                height: *height,
            });
            tallest = tallest.max(below + height);
            below += height + BETWEEN;
        }
        at += span;
    }
    let needed = top + tallest - PAGE.top;
    // Heights are written with decimals, and their sum may miss the page's by a hair.
    if needed > PAGE.height + 1e-6 { Err(needed) } else { Ok(areas) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of one tile each.
    fn single(cells: &[(u64, f64)]) -> Vec<(u64, Vec<f64>)> {
        cells.iter().map(|(span, height)| (*span, vec![*height])).collect()
    }

    #[test]
    fn rows_wrap_after_twelve_columns() {
        let areas = placed(&single(&[(12, 27.75), (7, 71.25), (5, 60.0), (12, 45.0)])).unwrap();
        let tops: Vec<f64> = areas.iter().map(|area| area.top).collect();
        assert_eq!(tops, [38.25, 72.0, 72.0, 149.25]);
        assert!((areas[1].width - 153.667).abs() < 0.001 && (areas[2].left - 173.667).abs() < 0.001);
        assert!((areas[2].left + areas[2].width - 282.0).abs() < 1e-9);
        assert_eq!(areas[3].width, 267.0);
        assert_eq!(placed(&[]), Ok(Vec::new()));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        assert_eq!(placed(&single(&[(12, 80.0), (6, 70.0), (6, 10.0)])).map(|areas| areas.len()), Ok(3));
        assert_eq!(placed(&single(&[(12, 80.0), (6, 70.1)])), Err(156.1));
        assert_eq!(placed(&[(6, vec![80.0, 70.1])]), Err(156.1));
    }

    #[test]
    fn a_stack_stands_beside_what_is_as_high() {
        let areas = placed(&[(7, vec![96.75]), (5, vec![45.25, 45.5]), (12, vec![50.0])]).unwrap();
        let tops: Vec<f64> = areas.iter().map(|area| area.top).collect();
        assert_eq!(tops, [38.25, 38.25, 89.5, 141.0]);
        assert_eq!((areas[1].left, areas[1].width), (areas[2].left, areas[2].width));
    }
}

//! The data of a report: what its tiles ask of the cubes, and what is computed of the answers. The same for every
//! language.

mod bars;
mod concentration;
mod contributions;
mod drivers;
mod figures;
mod flow;
mod frame;
mod heat;
mod members;
mod rank;
mod record;
mod series;
mod split;
mod table;
mod time;

pub use bars::Bars;
pub use concentration::{Concentration, Part};
pub use contributions::{Contributions, Member, Others, difference};
pub use drivers::{Drivers, Effect};
pub use figures::{FigureRow, csv};
pub use flow::{Flow, FlowWeek, Moves};
pub use frame::{FOUR, Frame};
pub use heat::{Beside, Heat, HotCell, HotDay, Lull};
pub use rank::{Place, Rank};
pub use record::{Record, Since};
pub use series::{Compared, Series, change, evaluate};
pub use split::{Above, Run, above, halves, runs, smaller};
pub use table::{Row, Rows};
pub use time::{Day, Days, OneWeek, Weeks};

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::mart::Session;

use super::ask::Answered;
use super::period::Week;
use super::resolve::{Body, Kpis, Report, Tile};
use super::spec::TimeSpec;
use series::Points;

/// All that a report shows.
#[derive(Debug, Clone)]
pub struct Data {
    /// The week, and what is known of the facts around it.
    pub frame: Frame,
    /// What the tiles show, by page and in their order.
    pub pages: Vec<Vec<Shown>>,
}

/// What a tile shows.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Measures beside earlier weeks, and weekly values of each where a line is drawn.
    Kpis(Series, Vec<Kpi>),
    /// The days of the week.
    Days(Days),
    /// Weeks up to this one.
    Weeks(Weeks),
    /// A change by its drivers.
    Drivers(Box<Drivers>),
    /// What members contributed to a change.
    Contributions(Contributions),
    /// Members beside their last four weeks.
    Bars(Bars),
    /// What a base gained and lost.
    Flow(Flow),
    /// Parts of a sum.
    Concentration(Concentration),
    /// Weekdays by hours.
    Heat(Heat),
    /// Members with measures.
    Table(Rows),
    /// Words need no data.
    Text,
}

/// A measure beside earlier weeks.
#[derive(Debug, Clone, PartialEq)]
pub struct Kpi {
    /// This week and what it is compared with.
    pub compared: Compared,
    /// The weeks of the small line; no value where the week is not complete.
    pub spark: Vec<(Week, Option<crate::report::figure::Figure>)>,
}

impl Shown {
    /// The questions and answers.
    pub fn answered(&self) -> Vec<&Answered> {
        match self {
            Self::Kpis(series, _) => series.answered.iter().collect(),
            Self::Days(days) => days.series.answered.iter().collect(),
            Self::Weeks(weeks) => weeks.series.answered.iter().collect(),
            Self::Drivers(drivers) => drivers.series.answered.iter().collect(),
            Self::Contributions(contributions) => contributions.answered.iter().collect(),
            Self::Bars(bars) => bars.answered.iter().collect(),
            Self::Flow(flow) => vec![&flow.answered],
            Self::Concentration(concentration) => concentration.answered.iter().collect(),
            Self::Heat(heat) => heat.answered.iter().collect(),
            Self::Table(rows) => rows.answered.iter().collect(),
            Self::Text => Vec::new(),
        }
    }
}

/// Asks for everything that a report shows, of facts up to `as_of`.
///
/// # Errors
/// Invalid: no facts, or no complete week; otherwise as the queries, with the tile whose they are.
pub async fn gather(session: &Session, report: &Report, as_of: Option<NaiveDate>) -> Result<Data> {
    let frame = frame::frame(session, report, as_of).await?;
    let mut pages = Vec::new();
    for page in &report.pages {
        let mut tiles = Vec::new();
        for tile in &page.tiles {
            tiles.push(shown(session, tile, &frame).await.map_err(|error| of_tile(tile, error))?);
        }
        pages.push(tiles);
    }
    Ok(Data { frame, pages })
}

fn of_tile(tile: &Tile, error: Error) -> Error {
    Error::new(error.kind(), format!("tile '{}': {error}", tile.name)).with_source(error)
}

async fn shown(session: &Session, tile: &Tile, frame: &Frame) -> Result<Shown> {
    Ok(match &tile.body {
        Body::Kpis(kpis) => self::kpis(session, kpis, frame).await?,
        Body::Chart(chart) if chart.time == TimeSpec::Days => Shown::Days(Days::ask(session, chart, frame).await?),
        Body::Chart(chart) => Shown::Weeks(Weeks::ask(session, chart, frame).await?),
        Body::Waterfall(waterfall) => Shown::Drivers(Box::new(Drivers::ask(session, waterfall, frame).await?)),
        Body::Contributions(asked) => Shown::Contributions(Contributions::ask(session, asked, frame).await?),
        Body::Bars(asked) => Shown::Bars(Bars::ask(session, asked, frame).await?),
        Body::Flow(asked) => Shown::Flow(Flow::ask(session, asked, frame).await?),
        Body::Concentration(asked) => Shown::Concentration(Concentration::ask(session, asked, frame).await?),
        Body::Heat(asked) => Shown::Heat(Heat::ask(session, asked, frame).await?),
        Body::Table(table) => Shown::Table(Rows::ask(session, table, frame).await?),
        Body::Text(_) => Shown::Text,
    })
}

async fn kpis(session: &Session, kpis: &Kpis, frame: &Frame) -> Result<Shown> {
    let weeks = kpis.spark.unwrap_or(1).max(FOUR + 1);
    let measures: Vec<_> = kpis.items.iter().map(|item| &item.measure).collect();
    let bounds = (frame.week.before(weeks - 1).first(), frame.week.end());
    let series = Series::ask(session, &kpis.source, &measures, None, Points::Weeks, bounds).await?;
    let spark = |measure| {
        let first = frame.week.before(kpis.spark.unwrap_or(1) - 1);
        let weekly = first.through(frame.week).map(|week| {
            let complete = frame.span.completes(week);
            (week, if complete { series.of_week(measure, week) } else { None })
        });
        weekly.collect()
    };
    let of = |measure| Kpi { compared: series.compared(measure, frame), spark: spark(measure) };
    let all = measures.into_iter().map(of).collect();
    Ok(Shown::Kpis(series, all))
}

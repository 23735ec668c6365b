//! Who came and who stayed away: a base of four weeks, and what was gained and lost of it in each.

use crate::error::{Error, Result};
use crate::mart::Session;

use super::super::ask::{Answered, Cell};
use super::super::figure::Figure;
use super::super::period::Week;
use super::super::resolve::Flow as Asked;
use super::frame::{FOUR, Frame};
use super::series::ask_sql;

/// The weeks of a year up to the report's.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// What was asked.
    pub answered: Answered,
    /// The complete weeks, the report's last.
    pub weeks: Vec<FlowWeek>,
}

/// A week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowWeek {
    /// The week.
    pub week: Week,
    /// How many came in it or in one of the three before; none where those are not all complete.
    pub base: Option<Figure>,
    /// How many came in it.
    pub own: Figure,
    /// What it gained and lost; none without four complete weeks before.
    pub moves: Option<Moves>,
}

/// What a week gained and lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moves {
    /// Those that came for the first time.
    pub new: Figure,
    /// Those that had stayed away for four weeks.
    pub returned: Figure,
    /// Those that had come four weeks before, and not since.
    pub lapsed: Figure,
}

impl Moves {
    /// New and returned ones.
    pub fn gained(self) -> Figure {
        self.new.plus(self.returned)
    }

    /// By how much the base grew.
    pub fn net(self) -> Figure {
        self.gained().minus(self.lapsed)
    }
}

/// What the columns of the SELECT are.
const COLUMNS: &str = "a Monday, the base, those of the week, new ones, returned ones, lapsed ones";
/// How many they are.
const COUNT: usize = 6;
/// The fewest bases among which the largest says anything.
const FEWEST: usize = 5;

impl Flow {
    pub(super) async fn ask(session: &Session, asked: &Asked, frame: &Frame) -> Result<Self> {
        let first = frame.week.first_of_year().max(Week::of(frame.span.first));
        // Thirteen weeks may begin in the year before.
        let first = first.min(frame.week.before(asked.last - 1)).max(Week::of(frame.span.first));
        let answered = ask_sql(session, &asked.sql, (first.first(), frame.week.end()), None, frame).await?;
        if answered.columns.len() != COUNT {
            let found = answered.columns.len();
            return Err(Error::invalid(format!("the sql of a flow gives {found} columns, not {COUNT}: {COLUMNS}")));
        }
        let mut weeks: Vec<FlowWeek> = Vec::new();
        for row in &answered.rows {
            let week = read(row, frame)?;
            weeks.extend(week.filter(|week| frame.span.completes(week.week) && week.week <= frame.week));
        }
        weeks.sort_by_key(|week| week.week);
        if let Some(pair) = weeks.windows(2).find(|pair| pair[0].week == pair[1].week) {
            return Err(Error::invalid(format!("the sql of a flow gives the week of {} twice", pair[0].week.first())));
        }
        Ok(Self { answered, weeks })
    }

    /// The report's week, if there is a row for it.
    pub fn this(&self, frame: &Frame) -> Option<&FlowWeek> {
        self.weeks.last().filter(|week| week.week == frame.week)
    }

    /// How far the base moved from the week before.
    pub fn change(&self, frame: &Frame) -> Option<Figure> {
        let before = self.weeks.iter().find(|week| week.week == frame.week.before(1))?;
        Some(self.this(frame)?.base?.minus(before.base?))
    }

    /// Whether the base is the largest of its year, or the smallest; none where it is neither, or there are too few.
    pub fn extreme(&self, frame: &Frame) -> Option<std::cmp::Ordering> {
        let first = frame.week.first_of_year();
        let others = self.weeks.iter().filter(|week| week.week >= first && week.week < frame.week);
        let others: Vec<Figure> = others.filter_map(|week| week.base).collect();
        let this = self.this(frame)?.base?;
        if others.len() + 1 < FEWEST {
            return None;
        }
        let mut orders = others.iter().map(|other| this.compared(*other));
        let first = orders.next().filter(|order| order.is_ne())?;
        orders.all(|order| order == first).then_some(first)
    }

    /// For how many weeks in a row, up to this one, the base grew or shrank as it does now.
    pub fn run(&self, frame: &Frame) -> usize {
        let sign = |week: &FlowWeek| {
            let net = week.moves?.net();
            (!net.is_zero()).then(|| net.is_negative())
        };
        let Some(own) = self.this(frame).and_then(sign) else { return 0 };
        let back = (0..).map(|weeks| frame.week.before(weeks));
        let same = back.zip(self.weeks.iter().rev()).take_while(|(week, of)| of.week == *week && sign(of) == Some(own));
        same.count()
    }
}

fn read(row: &[Cell], frame: &Frame) -> Result<Option<FlowWeek>> {
    let [day, numbers @ ..] = row else { return Ok(None) };
    let refused = |what: &Cell| Error::invalid(format!("'{}' is none of {COLUMNS}", what.written()));
    let monday = day.day().ok_or_else(|| refused(day))?;
    let week = Week::of(monday);
    let mut values = Vec::new();
    for number in numbers {
        values.push(match number {
            Cell::Null => Figure::ZERO,
            Cell::Figure(figure) => *figure,
            other => return Err(refused(other)),
        });
    }
    let &[base, own, new, returned, lapsed] = values.as_slice() else { return Ok(None) };
    let reaches = |weeks: u64| frame.span.completes(week.before(weeks));
    Ok(Some(FlowWeek {
        week,
        base: Some(base).filter(|_| reaches(FOUR - 1)),
        own,
        moves: Some(Moves { new, returned, lapsed }).filter(|_| reaches(FOUR)),
    }))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    fn frame() -> Frame {
        Frame::of_tests("2017-11-20", "2017-01-01")
    }

    /// The last weeks by their bases and by how much they grew.
    fn flow(weeks: &[(i128, i128)]) -> Flow {
        let back = |at: usize| (weeks.len() - 1 - at) as u64;
        let one = |(at, (base, net)): (usize, &(i128, i128))| FlowWeek {
            week: frame().week.before(back(at)),
            base: Some(Figure::whole(*base)),
            own: Figure::whole(1),
            moves: Some(Moves { new: Figure::whole(5 + net), returned: Figure::ZERO, lapsed: Figure::whole(5) }),
        };
        let answered = Answered { sql: String::new(), columns: Vec::new(), rows: Vec::new() };
        Flow { answered, weeks: weeks.iter().enumerate().map(one).collect() }
    }

    #[test]
    fn an_extreme_is_told_of_five_and_without_equals() {
        let extreme = |bases: &[i128]| flow(&bases.iter().map(|base| (*base, 1)).collect::<Vec<_>>()).extreme(&frame());
        assert_eq!(extreme(&[1, 2, 3, 4, 5]), Some(Ordering::Greater));
        assert_eq!(extreme(&[5, 4, 3, 2, 1]), Some(Ordering::Less));
        assert_eq!(extreme(&[1, 2, 3, 5, 5]), None);
        assert_eq!(extreme(&[1, 9, 3, 4, 5]), None);
        assert_eq!(extreme(&[1, 2, 3, 5]), None);
        assert_eq!(extreme(&[]), None);
    }

    #[test]
    fn a_run_is_of_weeks_that_moved_alike() {
        let run = |nets: &[i128]| flow(&nets.iter().map(|net| (100, *net)).collect::<Vec<_>>()).run(&frame());
        assert_eq!(run(&[-1, 3, 8]), 2);
        assert_eq!(run(&[-1, -3, -8]), 3);
        assert_eq!(run(&[1, 0, 8]), 1, "a week that stood still ends a run");
        assert_eq!(run(&[1, 1, 0]), 0);
        assert_eq!(run(&[]), 0);
        let mut broken = flow(&[(1, 1), (1, 1), (1, 1)]);
        broken.weeks.remove(1);
        assert_eq!(broken.run(&frame()), 1, "a week that is missing ends one too");
    }

    #[test]
    fn a_row_is_read_or_refused() {
        let number = |value: i128| Cell::Figure(Figure::whole(value));
        let day = Cell::Day("2017-01-16".parse().unwrap());
        let row = vec![day, number(9), Cell::Null, number(2), number(3), number(1)];
        let week = read(&row, &frame()).unwrap().unwrap();
        assert_eq!(
            (week.base, week.own, week.moves),
            (None, Figure::ZERO, None),
            "three weeks before are not complete"
        );
        let message = |row: &[Cell]| read(row, &frame()).unwrap_err().message().to_owned();
        assert!(
            message(&[Cell::Text("x".into())]).starts_with("'x' is none of a Monday"),
            "{}",
            message(&[Cell::Text("x".into())])
        );
        assert!(message(&[row[0].clone(), Cell::Text("many".into())]).starts_with("'many' is none of"));
    }
}

//! Charts over time, as written.

use super::super::{
    ChartKind, ChartMark, ChartSpec, ColumnSpec, CountedSpec, Finding, PhrasesSpec, QuerySpec, TimeSpec, ValuesSpec,
};
use super::Decoder;
use crate::model::Better;
use crate::yaml::Node;

impl Decoder {
    pub(super) fn chart(&mut self, node: &Node) -> Option<ChartSpec> {
        let is_line = node.get("chart").and_then(Node::text) == Some("line");
        let (values, time) = self.values(node)?;
        let finding = node.get("finding").and_then(Node::text).map(|word| match word {
            "split" => Finding::Split,
            "rank" => Finding::Rank,
            "record" => Finding::Record,
            _ => Finding::Count,
        });
        let mark = node.get("mark").and_then(Node::text).map(|word| match word {
            "last" => ChartMark::Last,
            _ => ChartMark::AverageOfFour,
        });
        let phrases = self.phrases(node);
        let by_day = time == TimeSpec::Days;
        let mut refuse = |key: &str, misplaced: bool, why: &str| {
            if let Some(value) = node.get(key).filter(|_| misplaced) {
                self.fault(value, why);
            }
        };
        refuse("behind", !(is_line && by_day), "only behind a line of days stands the week before");
        refuse("mark", is_line && by_day, "days are not marked; 'behind: previous' puts the week before behind them");
        refuse(
            "mark",
            mark == Some(ChartMark::Last) && is_line,
            "a line ends at its last value; columns are marked there",
        );
        refuse("mark", mark == Some(ChartMark::AverageOfFour) && !is_line, "a line of weeks is marked so");
        refuse("finding", finding == Some(Finding::Split) && !by_day, "'split' is said of days");
        refuse("finding", finding == Some(Finding::Rank) && time != TimeSpec::WeeksOfYear, RANK);
        let is_line_of_weeks = is_line && matches!(time, TimeSpec::LastWeeks(_));
        refuse("finding", finding == Some(Finding::Record) && !is_line_of_weeks, RECORD);
        let needed = finding == Some(Finding::Record) && (phrases.subject.is_none() || phrases.value.is_none());
        refuse("finding", needed, "'record' needs 'subject', what rose or fell, and 'value', a number in a sentence");
        let is_counted = !is_line && matches!(time, TimeSpec::LastWeeks(_));
        refuse("finding", finding == Some(Finding::Count) && !is_counted, COUNT);
        let needed = finding == Some(Finding::Count) && phrases.counted.is_none();
        refuse("finding", needed, "'count' needs 'counted', such as \"{n} coupons redeemed\"");
        refuse("chart", !is_line && by_day, "days are drawn as a line");
        refuse("chart", is_line && time == TimeSpec::WeeksOfYear, "the weeks of a year are drawn as columns");
        Some(ChartSpec {
            kind: if is_line { ChartKind::Line } else { ChartKind::Columns },
            values,
            time,
            behind: node.get("behind").is_some(),
            mark,
            finding,
            phrases,
        })
    }

    fn phrases(&self, node: &Node) -> PhrasesSpec {
        let words = |key: &str| node.get(key).and_then(|words| self.words(words));
        let counted = node.get("counted").and_then(|counted| {
            let form = |key: &str| counted.get(key).and_then(|words| self.words(words));
            Some(CountedSpec { many: form("many")?, one: form("one")?, none: form("none")? })
        });
        PhrasesSpec {
            verb: words("verb"),
            about: words("about"),
            subject: words("subject"),
            value: words("value"),
            counted,
        }
    }

    /// Where a chart's values come from: a measure of a cube, or a SELECT.
    fn values(&mut self, node: &Node) -> Option<(ValuesSpec, TimeSpec)> {
        match (node.get("query"), node.get("sql")) {
            (Some(query), None) => {
                for key in ["time", "column"] {
                    if let Some(value) = node.get(key) {
                        self.fault(value, &format!("'{key}' belongs to 'sql'; a query has its own"));
                    }
                }
                let time = self.time(query.get("time")?)?;
                Some((ValuesSpec::Query(self.query(query)?), time))
            }
            (None, Some(sql)) => {
                let (Some(time), Some(column)) = (node.get("time"), node.get("column")) else {
                    self.fault(sql, "'sql' needs 'time', its points, and 'column', what its number is");
                    return None;
                };
                let (sql, column) = (self.written(sql)?, self.column(column)?);
                Some((ValuesSpec::Sql(sql, column), self.time(time)?))
            }
            (Some(_), Some(sql)) => {
                self.fault(sql, "a chart has a 'query' or 'sql', not both");
                None
            }
            (None, None) => {
                self.fault(node, "a chart needs a 'query' or 'sql'");
                None
            }
        }
    }

    pub(super) fn column(&self, node: &Node) -> Option<ColumnSpec> {
        Some(ColumnSpec {
            title: self.words(node.get("title")?)?,
            unit: node.get("unit").and_then(|unit| self.words(unit)),
            currency: node.get("currency").and_then(Node::text).map(str::to_owned),
            decimals: node.get("decimals").and_then(Node::u64),
            percent: node.get("percent").and_then(Node::bool).unwrap_or(false),
            is_additive: node.get("additive").and_then(Node::bool).unwrap_or(false),
            better: node.get("better").and_then(Node::text).and_then(Better::of),
        })
    }

    fn time(&mut self, node: &Node) -> Option<TimeSpec> {
        let last = node.get("last").and_then(Node::u64);
        let by_day = node.get("grain").and_then(Node::text) == Some("day");
        match (by_day, last, node.get("since").is_some()) {
            (true, None | Some(7), false) => Some(TimeSpec::Days),
            (false, None, true) => Some(TimeSpec::WeeksOfYear),
            (false, Some(weeks), false) => Some(TimeSpec::LastWeeks(weeks)),
            (true, ..) => {
                self.fault(node, "days are the seven of the week: grain: day, last: 7");
                None
            }
            (false, ..) => {
                self.fault(node, "weeks need either 'last' or 'since'");
                None
            }
        }
    }

    fn query(&mut self, node: &Node) -> Option<QuerySpec> {
        let measures = node.get("measures")?.items();
        if let Some(second) = measures.get(1) {
            self.fault(second, "a chart shows one measure");
        }
        Some(QuerySpec {
            cube: self.written(node.get("cube")?)?,
            measure: self.written(measures.first()?)?,
            filter: self.filter(node),
        })
    }
}

/// What a record and a count are said of.
const RECORD: &str = "'record' is said of a line of weeks: chart: line, time: {grain: week, last: 26}";
const COUNT: &str = "'count' is said of the columns of the last weeks: chart: columns, time: {grain: week, last: 13}";
/// What a rank is said of.
const RANK: &str = "'rank' is said of the weeks of a year: time: {grain: week, since: year_start}";

//! Charts over time, as written.

use super::super::{ChartKind, ChartSpec, ColumnSpec, Finding, QuerySpec, TimeSpec, ValuesSpec};
use super::Decoder;
use crate::model::Better;
use crate::yaml::Node;

impl Decoder {
    pub(super) fn chart(&mut self, node: &Node) -> Option<ChartSpec> {
        let is_line = node.get("chart").and_then(Node::text) == Some("line");
        let (values, time) = self.values(node)?;
        let finding = node.get("finding").and_then(Node::text).map(|word| match word {
            "split" => Finding::Split,
            _ => Finding::Rank,
        });
        let by_day = time == TimeSpec::Days;
        let mut refuse = |key: &str, misplaced: bool, why: &str| {
            if let Some(value) = node.get(key).filter(|_| misplaced) {
                self.fault(value, why);
            }
        };
        refuse("behind", !(is_line && by_day), "only behind a line of days stands the week before");
        refuse("mark", is_line, "only columns are marked");
        refuse("finding", finding == Some(Finding::Split) && !by_day, "'split' is said of days");
        refuse("finding", finding == Some(Finding::Rank) && time != TimeSpec::WeeksOfYear, RANK);
        refuse("chart", is_line != by_day, "days are drawn as a line, and weeks as columns");
        Some(ChartSpec {
            kind: if is_line { ChartKind::Line } else { ChartKind::Columns },
            values,
            time,
            behind: node.get("behind").is_some(),
            mark: node.get("mark").is_some(),
            finding,
            verb: node.get("verb").and_then(|verb| self.words(verb)),
        })
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

/// What a rank is said of.
const RANK: &str = "'rank' is said of the weeks of a year: time: {grain: week, since: year_start}";

//! Members of dimensions, as written.

use super::super::{BarsSpec, ContributionsSpec, LeadSpec, NamesSpec, RowsSpec, TableSpec};
use super::Decoder;
use crate::yaml::Node;

impl Decoder {
    pub(super) fn contributions(&mut self, node: &Node) -> Option<ContributionsSpec> {
        let words = |key: &str| node.get(key).and_then(|words| self.words(words));
        let nouns = node.get("nouns")?;
        Some(ContributionsSpec {
            cube: self.written(node.get("cube")?)?,
            measure: self.written(node.get("measure")?)?,
            by: self.written(node.get("by")?)?,
            nouns: (self.words(nouns.get("one")?)?, self.words(nouns.get("many")?)?),
            whole: words("whole"),
            verb: words("verb"),
            filter: self.filter(node),
            top: node.get("top").and_then(Node::u64).unwrap_or(5),
            bottom: node.get("bottom").and_then(Node::u64).unwrap_or(5),
        })
    }

    pub(super) fn bars(&mut self, node: &Node) -> Option<BarsSpec> {
        let words = |key: &str| node.get(key).and_then(|words| self.words(words));
        let nouns = node.get("nouns")?;
        let least = node.get("least").and_then(|least| {
            let percent = least.get("percent").and_then(Node::u64)?;
            Some((self.written(least.get("measure")?)?, u32::try_from(percent).ok()?))
        });
        Some(BarsSpec {
            cube: self.written(node.get("cube")?)?,
            measure: self.written(node.get("measure")?)?,
            by: self.written(node.get("by")?)?,
            nouns: (self.words(nouns.get("one")?)?, self.words(nouns.get("many")?)?),
            whole: words("whole"),
            subject: words("subject")?,
            least,
            filter: self.filter(node),
            top: node.get("top").and_then(Node::u64).unwrap_or(8),
            explains: node.get("explains").and_then(Node::bool).unwrap_or(false),
        })
    }

    pub(super) fn table(&mut self, node: &Node) -> Option<TableSpec> {
        let of_sql = node.get("sql").is_some();
        let (others, whose): (&[&str], _) = if of_sql {
            (&["by", "measures", "where", "others", "total"], "cube")
        } else {
            (&["columns", "total_sql", "lead"], "sql")
        };
        for key in others {
            if let Some(value) = node.get(key) {
                self.fault(value, &format!("'{key}' belongs to a table of '{whose}'"));
            }
        }
        let rows = if of_sql { self.rows_of_sql(node) } else { self.members(node) };
        let is_shown = |key: &str| !of_sql && node.get(key).and_then(Node::bool).unwrap_or(true);
        Some(TableSpec {
            rows: rows?,
            top: node.get("top").and_then(Node::u64).unwrap_or(10),
            others: is_shown("others"),
            total: is_shown("total"),
        })
    }

    fn members(&mut self, node: &Node) -> Option<RowsSpec> {
        if node.get("by").is_none() || node.get("measures").is_none() {
            self.fault(node, "a table of a 'cube' needs 'by', its dimensions, and 'measures'");
        }
        Some(RowsSpec::Members {
            cube: self.written(node.get("cube")?)?,
            by: self.list(node.get("by")),
            items: self.items(node.get("measures")),
            filter: self.filter(node),
        })
    }

    fn rows_of_sql(&mut self, node: &Node) -> Option<RowsSpec> {
        let columns = node.get("columns").map(Node::items).unwrap_or_default();
        let is_set = |column: &Node, key: &str| column.get(key).and_then(Node::bool).unwrap_or(false);
        let has_names = |column: &&Node| is_set(column, "names") || is_set(column, "days");
        let (names, numbers) = columns.split_at(columns.iter().take_while(has_names).count());
        if names.is_empty() || numbers.is_empty() {
            self.fault(node, "a table of 'sql' needs 'columns': one or more of names, then one or more of numbers");
        }
        if let Some(late) = numbers.iter().find(has_names) {
            self.fault(late, "columns of names come before those of numbers");
        }
        Some(RowsSpec::Sql {
            sql: self.written(node.get("sql")?)?,
            names: names.iter().filter_map(|column| self.names(column)).collect(),
            numbers: numbers.iter().filter_map(|column| self.column(column)).collect(),
            total: node.get("total_sql").and_then(|total| self.written(total)),
            lead: node.get("lead").and_then(|lead| self.lead(lead)),
        })
    }

    fn names(&self, node: &Node) -> Option<NamesSpec> {
        Some(NamesSpec {
            title: self.words(node.get("title")?)?,
            are_days: node.get("days").and_then(Node::bool).unwrap_or(false),
            labels: node.get("labels").and_then(|labels| self.written(labels)),
        })
    }

    fn lead(&self, node: &Node) -> Option<LeadSpec> {
        let words = |key: &str| node.get(key).and_then(|words| self.words(words));
        Some(LeadSpec {
            by: self.written(node.get("by")?)?,
            says: words("says")?,
            none: words("none")?,
            empty: words("empty")?,
        })
    }
}

//! Tables, as written.

use super::super::{RowsSpec, TableSpec};
use super::Decoder;
use crate::yaml::Node;

impl Decoder {
    pub(super) fn table(&mut self, node: &Node) -> Option<TableSpec> {
        let of_sql = node.get("sql").is_some();
        let (others, whose): (&[&str], _) =
            if of_sql { (&["by", "measures", "where", "others", "total"], "cube") } else { (&["columns"], "sql") };
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
        let has_names = |column: &&Node| column.get("names").and_then(Node::bool).unwrap_or(false);
        let (names, numbers) = columns.split_at(columns.iter().take_while(has_names).count());
        if names.is_empty() || numbers.is_empty() {
            self.fault(node, "a table of 'sql' needs 'columns': one or more of names, then one or more of numbers");
        }
        if let Some(late) = numbers.iter().find(has_names) {
            self.fault(late, "columns of names come before those of numbers");
        }
        Some(RowsSpec::Sql {
            sql: self.written(node.get("sql")?)?,
            names: names.iter().filter_map(|column| self.words(column.get("title")?)).collect(),
            numbers: numbers.iter().filter_map(|column| self.column(column)).collect(),
        })
    }
}

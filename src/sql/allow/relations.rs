//! What the allow-list looks at after FROM.

use datafusion::sql::sqlparser::ast::{Join, JoinConstraint, TableAlias, TableFactor, TableWithJoins};

use crate::error::{Error, Result};

use super::super::{constraint, version_number};
use super::{absent, refused, refused_for, replaced};

pub(super) fn joins(from: &TableWithJoins) -> Result<()> {
    let TableWithJoins { relation: _, joins } = from;
    for Join { relation: _, global, join_operator } in joins {
        absent(*global, "GLOBAL")?;
        match constraint(join_operator) {
            Some(constraint) => {
                replaced(matches!(constraint, JoinConstraint::Natural), "NATURAL JOIN", "write USING (…)")?
            }
            None => refused_for("this kind of join", "there are JOIN, LEFT, RIGHT, FULL and CROSS JOIN")?,
        }
    }
    Ok(())
}

pub(super) fn factor(factor: &TableFactor) -> Result<()> {
    match factor {
        TableFactor::Table {
            name,
            alias,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
        } => {
            let quoted = name.0.iter().filter_map(|part| part.as_ident()).any(|ident| {
                ident.quote_style == Some('\'') || ident.value.contains(['/', '\\']) || ident.value.contains("://")
            });
            if quoted {
                return Err(Error::denied(format!("{name} is a file or URL; files are read by `starmart load` only")));
            }
            if args.is_some() {
                return Err(Error::denied(format!("the table function {name}() is never run here")));
            }
            absent(!with_hints.is_empty(), "WITH (hints) after a table")?;
            absent(*with_ordinality, "WITH ORDINALITY")?;
            absent(!partitions.is_empty(), "PARTITION after a table")?;
            absent(json_path.is_some(), "a path into a table")?;
            absent(sample.is_some(), "TABLESAMPLE")?;
            absent(!index_hints.is_empty(), "an index hint")?;
            version.as_ref().map(version_number).transpose()?;
            alias.as_ref().map_or(Ok(()), self::alias)
        }
        TableFactor::Derived { lateral, subquery: _, alias, sample } => {
            absent(*lateral, "LATERAL")?;
            absent(sample.is_some(), "TABLESAMPLE")?;
            alias.as_ref().map_or(Ok(()), self::alias)
        }
        TableFactor::NestedJoin { table_with_joins, alias } => {
            absent(alias.is_some(), "an alias of a join in brackets")?;
            joins(table_with_joins)
        }
        TableFactor::TableFunction { .. } | TableFactor::Function { .. } => {
            Err(Error::denied("table functions are never run here"))
        }
        TableFactor::UNNEST { .. } => refused("UNNEST"),
        TableFactor::JsonTable { .. } | TableFactor::OpenJsonTable { .. } => refused("JSON_TABLE"),
        TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } => refused("PIVOT"),
        TableFactor::MatchRecognize { .. } => refused("MATCH_RECOGNIZE"),
        _ => refused("this kind of relation after FROM"),
    }
}

pub(super) fn alias(alias: &TableAlias) -> Result<()> {
    let TableAlias { explicit: _, name: _, columns, at } = alias;
    absent(at.is_some(), "AT after an alias")?;
    absent(columns.iter().any(|column| column.data_type.is_some()), "a type in an alias")
}

//! Statements as SQL.

use std::fmt::{self, Display, Write};

use super::tree::{Body, Bound, Call, Expr, Frame, From, Groups, Item, On, Order, Query, Select};
use super::value::Type;

fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{name}\"") }
}

/// Parts with something between them.
fn listed<T: Display>(parts: &[T], between: &str) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

impl Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "BOOLEAN",
            Self::Integer => "BIGINT",
            Self::Decimal => "DECIMAL(38,4)",
            Self::Double => "DOUBLE",
            Self::Text => "TEXT",
            Self::Date => "DATE",
            Self::Instant => "TIMESTAMP",
        })
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(parts) => f.write_str(&parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(".")),
            Self::Literal(value) => write!(f, "{value}"),
            Self::Binary(op, left, right) => write!(f, "({left} {op} {right})"),
            Self::Not(inner) => write!(f, "(NOT {inner})"),
            Self::IsNull(inner, negated) => write!(f, "({inner} IS {}NULL)", if *negated { "NOT " } else { "" }),
            Self::In(inner, list) => write!(f, "({inner} IN ({}))", listed(list, ", ")),
            Self::InQuery(inner, query, negated) => {
                write!(f, "({inner} {}IN ({query}))", if *negated { "NOT " } else { "" })
            }
            Self::Exists(query) => write!(f, "EXISTS ({query})"),
            Self::Scalar(query) => write!(f, "({query})"),
            Self::Outer(inner) => write!(f, "{inner}"),
            Self::Case(branches, otherwise) => {
                f.write_str("CASE")?;
                branches.iter().try_for_each(|(when, then)| write!(f, " WHEN {when} THEN {then}"))?;
                otherwise.iter().try_for_each(|value| write!(f, " ELSE {value}"))?;
                f.write_str(" END")
            }
            Self::Cast(inner, to) => write!(f, "CAST({inner} AS {to})"),
            Self::Coalesce(inner, default) => write!(f, "coalesce({inner}, {default})"),
            Self::Truncated("hour", inner) => write!(f, "date_trunc('hour', {inner})"),
            Self::Truncated(grain, inner) => write!(f, "CAST(date_trunc('{grain}', {inner}) AS DATE)"),
            Self::Wall(_, inner) => write!(f, "{inner}"),
            Self::Zoned(_, at, minutes) => {
                let offset = chrono::FixedOffset::east_opt(minutes * 60).expect("an offset that is less than a day");
                let there = chrono::DateTime::from_timestamp_micros(*at).expect("an instant").with_timezone(&offset);
                match minutes {
                    0 => write!(f, "'{}Z'", there.format("%Y-%m-%dT%H:%M:%S")),
                    60 => write!(f, "CAST('{}' AS TIMESTAMP)", there.format("%Y-%m-%dT%H:%M:%S%:z")),
                    _ => write!(f, "TIMESTAMP '{}'", there.format("%Y-%m-%d %H:%M:%S%:z")),
                }
            }
            Self::Function(name, inner) => write!(f, "{name}({inner})"),
            Self::Grouping(inner) => write!(f, "GROUPING({inner})"),
            Self::Call(call) => write!(f, "{call}"),
        }
    }
}

impl Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        let argument = match &self.argument {
            Some(argument) if self.function.starts_with("percentile") => format!("{argument}, 0.25"),
            None if self.function == "ntile" => "3".to_owned(),
            Some(argument) => argument.to_string(),
            None if self.function == "count" => "*".to_owned(),
            None => String::new(),
        };
        write!(f, "{}({distinct}{argument})", self.function)?;
        self.filter.iter().try_for_each(|filter| write!(f, " FILTER (WHERE {filter})"))?;
        let Some(over) = &self.over else { return Ok(()) };
        let mut inside = Vec::new();
        if !over.partition.is_empty() {
            inside.push(format!("PARTITION BY {}", listed(&over.partition, ", ")));
        }
        if !over.order.is_empty() {
            inside.push(format!("ORDER BY {}", listed(&over.order, ", ")));
        }
        inside.extend(over.frame.iter().map(ToString::to_string));
        write!(f, " OVER ({})", inside.join(" "))
    }
}

impl Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |bound: Bound, unbounded: &str| match bound {
            Bound::Unbounded => format!("UNBOUNDED {unbounded}"),
            Bound::Row(0) => "CURRENT ROW".to_owned(),
            Bound::Row(rows) if rows < 0 => format!("{} PRECEDING", -rows),
            Bound::Row(rows) => format!("{rows} FOLLOWING"),
        };
        write!(f, "{} BETWEEN {} AND {}", self.unit, bound(self.start, "PRECEDING"), bound(self.end, "FOLLOWING"))
    }
}

impl Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.expr, if self.descending { " DESC" } else { "" })?;
        match self.nulls_first {
            None => Ok(()),
            Some(first) => f.write_str(if first { " NULLS FIRST" } else { " NULLS LAST" }),
        }
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.with.is_empty() {
            let named = self.with.iter().map(|(name, query)| format!("{} AS ({query})", quoted(name)));
            write!(f, "WITH {} ", named.collect::<Vec<_>>().join(", "))?;
        }
        match &self.body {
            Body::Select(select) => write!(f, "{select}")?,
            Body::Set(op, left, right) => {
                // INTERSECT binds more tightly than what stands to its left.
                let bare_left = left.is_bare() && (*op != "INTERSECT" || matches!(left.body, Body::Select(_)));
                let bare_right = right.is_bare() && matches!(right.body, Body::Select(_));
                let side = |bare: bool, side: &Query| if bare { side.to_string() } else { format!("({side})") };
                write!(f, "{} {op} {}", side(bare_left, left), side(bare_right, right))?;
            }
        }
        if !self.order.is_empty() {
            write!(f, " ORDER BY {}", listed(&self.order, ", "))?;
        }
        self.limit.iter().try_for_each(|limit| write!(f, " LIMIT {limit}"))?;
        if self.offset > 0 { write!(f, " OFFSET {}", self.offset) } else { Ok(()) }
    }
}

impl Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.distinct { "SELECT DISTINCT " } else { "SELECT " })?;
        f.write_str(&listed(&self.items, ", "))?;
        write!(f, " FROM {}", self.from)?;
        self.filter.iter().try_for_each(|filter| write!(f, " WHERE {filter}"))?;
        write!(f, "{}", self.groups)?;
        self.having.iter().try_for_each(|having| write!(f, " HAVING {having}"))
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Star => f.write_char('*'),
            Self::Expr(expr, None) => write!(f, "{expr}"),
            Self::Expr(expr, Some(alias)) => write!(f, "{expr} AS {}", quoted(alias)),
        }
    }
}

impl Display for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Implied => Ok(()),
            Self::By(keys) => write!(f, " GROUP BY {}", listed(keys, ", ")),
            Self::Rollup(keys) => write!(f, " GROUP BY ROLLUP({})", listed(keys, ", ")),
            Self::Cube(keys) => write!(f, " GROUP BY CUBE({})", listed(keys, ", ")),
            Self::Sets(sets) => {
                let sets: Vec<String> = sets.iter().map(|set| format!("({})", listed(set, ", "))).collect();
                write!(f, " GROUP BY GROUPING SETS ({})", sets.join(", "))
            }
        }
    }
}

impl Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name, None) => f.write_str(&quoted(name)),
            Self::Name(name, Some(alias)) => write!(f, "{} AS {}", quoted(name), quoted(alias)),
            Self::Table(name, alias) => write!(f, "mart.{} AS {}", quoted(name), quoted(alias)),
            Self::Block(query, alias) => write!(f, "({query}) AS {}", quoted(alias)),
            Self::Join(kind, left, right, on) => {
                write!(f, "{left}{}{kind} {right}", if *kind == "," { "" } else { " " })?;
                match on {
                    On::Nothing => Ok(()),
                    On::Condition(on) => write!(f, " ON {on}"),
                    On::Using(names, _) => {
                        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
                        write!(f, " USING ({})", names.join(", "))
                    }
                }
            }
        }
    }
}

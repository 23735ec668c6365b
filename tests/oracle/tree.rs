//! Statements as trees of our own, printed as SQL for the planner and evaluated as they are by the oracle.

use std::fmt::{self, Display, Write};

use super::value::{Type, Value};

/// An expression, of the model or of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// A column: its name, with the relation (or the joins that lead to it) before it.
    Name(Vec<String>),
    Literal(Value),
    /// `+ - * /`, comparisons, AND and OR.
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    /// IS NULL, or IS NOT NULL.
    IsNull(Box<Expr>, bool),
    In(Box<Expr>, Vec<Expr>),
    /// `x IN (SELECT …)`, or NOT IN.
    InQuery(Box<Expr>, Box<Query>, bool),
    Exists(Box<Query>),
    /// A query of one column and at most one row.
    Scalar(Box<Query>),
    /// In the WHERE of a query within an expression: what is outside.
    Outer(Box<Expr>),
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
    Cast(Box<Expr>, Type),
    Coalesce(Box<Expr>, Box<Expr>),
    /// `date_trunc(grain, x)` of a date, as a date.
    Truncated(&'static str, Box<Expr>),
    Call(Box<Call>),
    /// `GROUPING(x)`.
    Grouping(Box<Expr>),
}

/// A call of an aggregate, of MEASURE, or of a window function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) function: &'static str,
    pub(crate) distinct: bool,
    /// What it takes; none for `count(*)` and `rank()`.
    pub(crate) argument: Option<Expr>,
    pub(crate) filter: Option<Expr>,
    pub(crate) over: Option<Over>,
}

/// A window.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Over {
    pub(crate) partition: Vec<Expr>,
    pub(crate) order: Vec<Order>,
}

/// An item of ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    /// NULLS FIRST or LAST, where it is written.
    pub(crate) nulls_first: Option<bool>,
}

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) with: Vec<(String, Query)>,
    pub(crate) body: Body,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
}

/// What a query selects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Select(Box<Select>),
    /// UNION, UNION ALL, INTERSECT or EXCEPT.
    Set(&'static str, Box<Query>, Box<Query>),
}

/// A SELECT.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Select {
    pub(crate) distinct: bool,
    pub(crate) items: Vec<Item>,
    pub(crate) from: From,
    pub(crate) filter: Option<Expr>,
    pub(crate) groups: Groups,
    pub(crate) having: Option<Expr>,
}

/// An item of SELECT.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Star,
    Expr(Expr, Option<String>),
}

/// GROUP BY.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Groups {
    /// There is none.
    Implied,
    By(Vec<Expr>),
    Rollup(Vec<Expr>),
    Cube(Vec<Expr>),
    Sets(Vec<Vec<Expr>>),
}

/// What stands after FROM.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum From {
    /// A cube or a query of WITH, and what it is called.
    Name(String, Option<String>),
    Block(Box<Query>, String),
    /// JOIN, LEFT JOIN or CROSS JOIN of two, and the condition.
    Join(&'static str, Box<From>, Box<From>, Option<Expr>),
}

impl Expr {
    pub(crate) fn name(name: &str) -> Self {
        Self::Name(vec![name.to_owned()])
    }

    pub(crate) fn binary(op: &'static str, left: Self, right: Self) -> Self {
        Self::Binary(op, Box::new(left), Box::new(right))
    }

    pub(crate) fn call(function: &'static str, argument: Option<Self>) -> Self {
        Self::Call(Box::new(Call { function, distinct: false, argument, filter: None, over: None }))
    }

    /// The parts of an expression, and what queries in it name outside.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Name(_) | Self::Literal(_) | Self::Outer(_) => Vec::new(),
            Self::Exists(query) | Self::Scalar(query) => query.outer(),
            Self::InQuery(inner, query, _) => std::iter::once(&**inner).chain(query.outer()).collect(),
            Self::Binary(_, left, right) | Self::Coalesce(left, right) => vec![left, right],
            Self::Not(inner)
            | Self::IsNull(inner, _)
            | Self::Cast(inner, _)
            | Self::Truncated(_, inner)
            | Self::Grouping(inner) => vec![inner],
            Self::In(inner, list) => std::iter::once(&**inner).chain(list).collect(),
            Self::Case(branches, otherwise) => {
                let both = branches.iter().flat_map(|(when, then)| [when, then]);
                both.chain(otherwise.as_deref()).collect()
            }
            Self::Call(call) => {
                let mut parts: Vec<&Self> = call.argument.iter().chain(&call.filter).collect();
                if let Some(over) = &call.over {
                    parts.extend(&over.partition);
                    parts.extend(over.order.iter().map(|item| &item.expr));
                }
                parts
            }
        }
    }

    /// The same expression with every part changed.
    pub(crate) fn map(&self, change: &mut dyn FnMut(&Self) -> Self) -> Self {
        let mut boxed = |inner: &Self| Box::new(change(inner));
        match self {
            Self::Name(_) | Self::Literal(_) | Self::Outer(_) => self.clone(),
            Self::Exists(query) => Self::Exists(Box::new(query.with_outer(change))),
            Self::Scalar(query) => Self::Scalar(Box::new(query.with_outer(change))),
            Self::Binary(op, left, right) => Self::Binary(op, boxed(left), boxed(right)),
            Self::Coalesce(left, right) => Self::Coalesce(boxed(left), boxed(right)),
            Self::Not(inner) => Self::Not(boxed(inner)),
            Self::IsNull(inner, negated) => Self::IsNull(boxed(inner), *negated),
            Self::Cast(inner, to) => Self::Cast(boxed(inner), *to),
            Self::Truncated(grain, inner) => Self::Truncated(grain, boxed(inner)),
            Self::InQuery(inner, query, negated) => {
                let inner = boxed(inner);
                Self::InQuery(inner, Box::new(query.with_outer(change)), *negated)
            }
            Self::Grouping(inner) => Self::Grouping(boxed(inner)),
            Self::In(inner, list) => {
                let inner = boxed(inner);
                Self::In(inner, list.iter().map(change).collect())
            }
            Self::Case(branches, otherwise) => {
                let branches = branches.iter().map(|(when, then)| (change(when), change(then))).collect();
                Self::Case(branches, otherwise.as_ref().map(|inner| Box::new(change(inner))))
            }
            Self::Call(call) => {
                let mut call = call.clone();
                call.argument = call.argument.as_ref().map(&mut *change);
                call.filter = call.filter.as_ref().map(&mut *change);
                if let Some(over) = &mut call.over {
                    over.partition = over.partition.iter().map(&mut *change).collect();
                    over.order.iter_mut().for_each(|item| item.expr = change(&item.expr));
                }
                Self::Call(call)
            }
        }
    }

    /// Whether the expression, or a part of it, is so.
    pub(crate) fn any(&self, is: &mut dyn FnMut(&Self) -> bool) -> bool {
        is(self) || self.parts().into_iter().any(|part| part.any(is))
    }
}

impl Groups {
    /// The sets of keys that grouping sets stand for (rule 8); none where there are none.
    pub(crate) fn levels(&self) -> Option<Vec<Vec<Expr>>> {
        match self {
            Self::Implied | Self::By(_) => None,
            Self::Rollup(keys) => Some((0..=keys.len()).map(|length| keys[..length].to_vec()).collect()),
            Self::Cube(keys) => {
                let subset = |mask: usize| {
                    (0..keys.len()).filter(|at| mask & (1 << at) != 0).map(|at| keys[at].clone()).collect()
                };
                Some((0..1 << keys.len()).map(subset).collect())
            }
            Self::Sets(sets) => Some(sets.clone()),
        }
    }
}

impl Query {
    /// A query that is its SELECT alone.
    pub(crate) fn of(select: Select) -> Self {
        Self { with: Vec::new(), body: Body::Select(Box::new(select)), order: Vec::new(), limit: None }
    }
}

impl Query {
    fn filter(&self) -> Option<&Expr> {
        match &self.body {
            Body::Select(select) => select.filter.as_ref(),
            Body::Set(..) => None,
        }
    }

    /// What it names outside.
    pub(crate) fn outer(&self) -> Vec<&Expr> {
        fn within(expr: &Expr) -> Vec<&Expr> {
            match expr {
                Expr::Outer(inner) => vec![inner],
                other => other.parts().into_iter().flat_map(within).collect(),
            }
        }
        self.filter().map(within).unwrap_or_default()
    }

    /// The same with what it names outside changed.
    fn with_outer(&self, change: &mut dyn FnMut(&Expr) -> Expr) -> Self {
        self.replaced(&mut |inner| Expr::Outer(Box::new(change(inner))))
    }

    /// The same with something in the place of what it names outside.
    pub(crate) fn replaced(&self, change: &mut dyn FnMut(&Expr) -> Expr) -> Self {
        fn within(expr: &Expr, change: &mut dyn FnMut(&Expr) -> Expr) -> Expr {
            match expr {
                Expr::Outer(inner) => change(inner),
                other => other.map(&mut |part| within(part, change)),
            }
        }
        let mut query = self.clone();
        if let Body::Select(select) = &mut query.body {
            select.filter = select.filter.as_ref().map(|filter| within(filter, change));
        }
        query
    }
}

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
            Self::Truncated(grain, inner) => write!(f, "CAST(date_trunc('{grain}', {inner}) AS DATE)"),
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
        write!(f, " OVER ({})", inside.join(" "))
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
            Body::Set(op, left, right) => write!(f, "({left}) {op} ({right})")?,
        }
        if !self.order.is_empty() {
            write!(f, " ORDER BY {}", listed(&self.order, ", "))?;
        }
        self.limit.iter().try_for_each(|limit| write!(f, " LIMIT {limit}"))
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
            Self::Block(query, alias) => write!(f, "({query}) AS {}", quoted(alias)),
            Self::Join(kind, left, right, on) => {
                write!(f, "{left} {kind} {right}")?;
                on.iter().try_for_each(|on| write!(f, " ON {on}"))
            }
        }
    }
}

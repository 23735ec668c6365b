//! Statements as trees of our own, printed as SQL for the planner and evaluated as they are by the oracle.

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
    /// In a model: what clocks of a zone show at an instant.
    Wall(chrono_tz::Tz, Box<Expr>),
    /// A literal with an offset of so many minutes, as the clocks of the session's zone show it.
    Zoned(chrono_tz::Tz, i64, i32),
    /// `upper(x)` or `lower(x)`.
    Function(&'static str, Box<Expr>),
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
    pub(crate) frame: Option<Frame>,
}

/// The rows around each that a window looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    /// ROWS or RANGE.
    pub(crate) unit: &'static str,
    pub(crate) start: Bound,
    pub(crate) end: Bound,
}

/// Where a frame begins or ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// UNBOUNDED PRECEDING, or FOLLOWING.
    Unbounded,
    /// So many rows on, or back where it is negative; CURRENT ROW where it is 0.
    Row(i32),
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
    /// How many rows OFFSET leaves out; 0 where it is not written.
    pub(crate) offset: usize,
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
    /// A table of the mart, and what it is called.
    Table(String, String),
    Block(Box<Query>, String),
    /// JOIN, LEFT JOIN, RIGHT JOIN, FULL JOIN, CROSS JOIN or a comma between two, and by what they meet.
    Join(&'static str, Box<From>, Box<From>, On),
}

impl From {
    /// Whether a cube, or what may be one, is read: what only tables give comes in no order.
    pub(crate) fn reads_cube(&self) -> bool {
        fn within(query: &Query) -> bool {
            match &query.body {
                Body::Select(select) => select.from.reads_cube(),
                Body::Set(_, left, right) => within(left) || within(right),
            }
        }
        match self {
            Self::Name(..) => true,
            Self::Table(..) => false,
            Self::Block(query, _) => within(query),
            Self::Join(_, left, right, _) => left.reads_cube() || right.reads_cube(),
        }
    }
}

/// By what the rows of a join meet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum On {
    /// Nothing: each meets each.
    Nothing,
    Condition(Expr),
    /// USING, with the names of columns that both sides have, and what WHERE adds to it.
    Using(Vec<String>, Option<Expr>),
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
            Self::Name(_) | Self::Literal(_) | Self::Zoned(..) | Self::Outer(_) => Vec::new(),
            Self::Exists(query) | Self::Scalar(query) => query.outer(),
            Self::InQuery(inner, query, _) => std::iter::once(&**inner).chain(query.outer()).collect(),
            Self::Binary(_, left, right) | Self::Coalesce(left, right) => vec![left, right],
            Self::Not(inner)
            | Self::IsNull(inner, _)
            | Self::Cast(inner, _)
            | Self::Truncated(_, inner)
            | Self::Wall(_, inner)
            | Self::Function(_, inner)
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
            Self::Name(_) | Self::Literal(_) | Self::Zoned(..) | Self::Outer(_) => self.clone(),
            Self::Exists(query) => Self::Exists(Box::new(query.with_outer(change))),
            Self::Scalar(query) => Self::Scalar(Box::new(query.with_outer(change))),
            Self::Binary(op, left, right) => Self::Binary(op, boxed(left), boxed(right)),
            Self::Coalesce(left, right) => Self::Coalesce(boxed(left), boxed(right)),
            Self::Not(inner) => Self::Not(boxed(inner)),
            Self::IsNull(inner, negated) => Self::IsNull(boxed(inner), *negated),
            Self::Cast(inner, to) => Self::Cast(boxed(inner), *to),
            Self::Truncated(grain, inner) => Self::Truncated(grain, boxed(inner)),
            Self::Function(name, inner) => Self::Function(name, boxed(inner)),
            Self::Wall(zone, inner) => Self::Wall(*zone, boxed(inner)),
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
        Self::bare(Body::Select(Box::new(select)))
    }

    /// Two queries in a set operation.
    pub(crate) fn set(op: &'static str, left: Self, right: Self) -> Self {
        Self::bare(Body::Set(op, Box::new(left), Box::new(right)))
    }

    fn bare(body: Body) -> Self {
        Self { with: Vec::new(), body, order: Vec::new(), limit: None, offset: 0 }
    }

    /// Whether it has ORDER BY, LIMIT or OFFSET.
    pub(crate) fn is_bare(&self) -> bool {
        self.order.is_empty() && self.limit.is_none() && self.offset == 0
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

//! Small tools on the syntax tree: the children of an expression, and the making of nodes.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, LimitClause,
    Offset, Query, Select, SelectItem, SetExpr, TableAlias, TableFactor, TableWithJoins, TimezoneInfo, TypedString,
    Value, Visit, Visitor, WindowSpec, WindowType, visit_expressions_mut,
};

use crate::error::{Error, Result};
use crate::sql;

pub(super) use crate::sql::{arguments, call, cast, function_name};

/// The relations of a FROM, those within brackets as well.
pub(super) fn factors(from: &TableWithJoins) -> Vec<&TableFactor> {
    let each = std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation));
    each.flat_map(|factor| match factor {
        TableFactor::NestedJoin { table_with_joins, alias: None } => factors(table_with_joins),
        other => vec![other],
    })
    .collect()
}

/// What is marked or kept apart, or the expression itself.
pub(super) fn unmarked(expr: &Expr) -> &Expr {
    marked(expr).unwrap_or(expr)
}

fn marked(expr: &Expr) -> Option<&Expr> {
    let Expr::Function(function) = expr else { return None };
    let marks = function_name(function).is_some_and(|name| [sql::MARK, sql::APART].contains(&name.as_str()));
    arguments(function).filter(|_| marks)?.first().copied()
}

/// Takes the marks out of an expression and the queries in it, for whoever reads it.
pub(super) fn unmark(expr: &mut Expr) {
    let _: ControlFlow<()> = visit_expressions_mut(expr, |inner| {
        if let Some(plain) = marked(inner).cloned() {
            *inner = plain;
        }
        ControlFlow::Continue(())
    });
}

/// The direct children of an expression, subqueries apart. All variants that the allow-list lets through are here.
pub(super) fn children(expr: &mut Expr) -> Result<Vec<&mut Expr>> {
    Ok(match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Value(_)
        | Expr::TypedString(_)
        | Expr::Exists { .. }
        | Expr::Subquery(_) => Vec::new(),
        Expr::IsFalse(inner)
        | Expr::IsNotFalse(inner)
        | Expr::IsTrue(inner)
        | Expr::IsNotTrue(inner)
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsUnknown(inner)
        | Expr::IsNotUnknown(inner)
        | Expr::Nested(inner) => vec![inner],
        Expr::InSubquery { expr, .. }
        | Expr::UnaryOp { expr, .. }
        | Expr::Cast { expr, .. }
        | Expr::Extract { expr, .. }
        | Expr::Ceil { expr, .. }
        | Expr::Floor { expr, .. } => vec![expr],
        Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right)
        | Expr::BinaryOp { left, right, .. } => vec![left, right],
        Expr::InList { expr, list, .. } => std::iter::once(expr.as_mut()).chain(list).collect(),
        Expr::Between { expr, low, high, .. } => vec![expr, low, high],
        Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => vec![expr, pattern],
        Expr::Position { expr, r#in } => vec![expr, r#in],
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let rest = [substring_from, substring_for].into_iter().flatten();
            std::iter::once(expr.as_mut()).chain(rest.map(AsMut::as_mut)).collect()
        }
        Expr::Trim { expr, trim_what, trim_characters, .. } => std::iter::once(expr.as_mut())
            .chain(trim_what.iter_mut().map(AsMut::as_mut))
            .chain(trim_characters.iter_mut().flatten())
            .collect(),
        Expr::Case { operand, conditions, else_result, .. } => {
            let mut parts: Vec<&mut Expr> = operand.iter_mut().map(AsMut::as_mut).collect();
            for when in conditions {
                parts.push(&mut when.condition);
                parts.push(&mut when.result);
            }
            parts.extend(else_result.iter_mut().map(AsMut::as_mut));
            parts
        }
        Expr::Interval(interval) => vec![&mut interval.value],
        Expr::Tuple(items) => items.iter_mut().collect(),
        Expr::Function(function) => call_parts(function),
        other => return Err(Error::invalid(format!("the expression '{other}' is not supported"))),
    })
}

/// What a call takes, its FILTER, and what its window is made of.
pub(super) fn call_parts(function: &mut Function) -> Vec<&mut Expr> {
    let mut parts: Vec<&mut Expr> = Vec::new();
    if let FunctionArguments::List(list) = &mut function.args {
        for argument in &mut list.args {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument {
                parts.push(expr);
            }
        }
    }
    parts.extend(function.filter.iter_mut().map(AsMut::as_mut));
    if let Some(WindowType::WindowSpec(WindowSpec { partition_by, order_by, .. })) = &mut function.over {
        parts.extend(partition_by);
        parts.extend(order_by.iter_mut().map(|item| &mut item.expr));
    }
    parts
}

/// The queries that stand directly in an expression.
pub(super) fn subquery(expr: &mut Expr) -> Option<&mut Query> {
    match expr {
        Expr::InSubquery { subquery, .. } | Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => Some(subquery),
        _ => None,
    }
}

/// A quoted name.
pub(super) fn ident(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

/// A column of no particular relation.
pub(super) fn column(name: &str) -> Expr {
    Expr::Identifier(ident(name))
}

/// A column of a relation.
pub(super) fn column_of(relation: &str, name: &str) -> Expr {
    Expr::CompoundIdentifier(vec![ident(relation), ident(name)])
}

/// A text literal.
pub(super) fn text(value: &str) -> Expr {
    Expr::value(Value::SingleQuotedString(value.to_owned()))
}

/// An integer.
pub(super) fn number(value: i64) -> Expr {
    Expr::value(Value::Number(value.to_string(), false))
}

/// `left op right`, each in brackets where it is an operation itself.
pub(super) fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// `2 * bits + bit`.
pub(super) fn doubled_and(bits: Expr, bit: Expr) -> Expr {
    let doubled = binary(number(2), BinaryOperator::Multiply, Expr::Nested(Box::new(bits)));
    Expr::Nested(Box::new(binary(doubled, BinaryOperator::Plus, bit)))
}

/// All of the conditions, none for an empty list.
pub(super) fn all(conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    conditions
        .into_iter()
        .map(|condition| Expr::Nested(Box::new(condition)))
        .reduce(|left, right| binary(left, BinaryOperator::And, right))
}

/// `TIMESTAMP 'value'`, without a zone.
pub(super) fn timestamp(value: &str) -> Expr {
    Expr::TypedString(TypedString {
        data_type: DataType::Timestamp(None, TimezoneInfo::None),
        value: Value::SingleQuotedString(value.to_owned()).into(),
        uses_odbc_syntax: false,
    })
}

/// An alias of a relation.
pub(super) fn alias(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: ident(name), columns: Vec::new(), at: None }
}

/// A query after FROM.
pub(super) fn derived(subquery: Query, alias: impl Into<Option<TableAlias>>) -> TableFactor {
    TableFactor::Derived { lateral: false, subquery: Box::new(subquery), alias: alias.into(), sample: None }
}

/// What stands after FROM, called otherwise.
pub(super) fn renamed(mut factor: TableFactor, name: &str) -> TableFactor {
    if let TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } = &mut factor {
        let columns = alias.take().map(|alias| alias.columns).unwrap_or_default();
        *alias = Some(TableAlias { columns, ..self::alias(name) });
    }
    factor
}

/// A SELECT with nothing in it.
pub(super) fn empty_select() -> Result<Select> {
    static EMPTY: LazyLock<Option<Select>> = LazyLock::new(|| match *sql::parse_query("SELECT 1").ok()?.body {
        SetExpr::Select(mut select) => {
            select.projection.clear();
            Some(*select)
        }
        _ => None,
    });
    EMPTY.clone().ok_or_else(|| Error::internal("an empty SELECT does not parse"))
}

/// The query that is just this SELECT.
pub(super) fn query_of(select: Select) -> Query {
    Query {
        with: None,
        body: Box::new(SetExpr::Select(Box::new(select))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}

/// The arguments of a function that are expressions, to be changed; none where one is `*`.
pub(super) fn arguments_mut(function: &mut Function) -> Option<Vec<&mut Expr>> {
    match &mut function.args {
        FunctionArguments::List(list) => list
            .args
            .iter_mut()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                _ => None,
            })
            .collect(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => None,
    }
}

/// Whether anything in the expression, subqueries apart, is so.
pub(super) fn any(expr: &Expr, is: impl FnMut(&Expr) -> bool) -> bool {
    let mut search = Search { is, depth: 0 };
    expr.visit(&mut search).is_break()
}

/// Whether a window function stands in an expression.
pub(super) fn holds_window(expr: &Expr) -> bool {
    any(expr, |inner| matches!(inner, Expr::Function(function) if function.over.is_some()))
}

/// Whether a query stands in an expression.
pub(super) fn holds_query(expr: &Expr) -> bool {
    any(expr, |inner| matches!(inner, Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. }))
}

/// An item of SELECT under a name.
pub(super) fn named(expr: Expr, name: &str) -> SelectItem {
    SelectItem::ExprWithAlias { expr, alias: ident(name) }
}

/// How many terms an expression has, subqueries apart.
pub(super) fn terms(expr: &Expr) -> usize {
    let mut count = 0;
    any(expr, |_| {
        count += 1;
        false
    });
    count
}

/// Whether an expression looks for rows by IN or EXISTS.
pub(super) fn searches(expr: &Expr) -> bool {
    any(expr, |inner| matches!(inner, Expr::InSubquery { .. } | Expr::Exists { .. }))
}

/// The conditions of every CASE within an expression.
pub(super) fn case_conditions(expr: &Expr) -> Vec<Expr> {
    let mut found = Vec::new();
    any(expr, |inner| {
        if let Expr::Case { operand, conditions, .. } = inner {
            found.extend(operand.iter().map(|operand| operand.as_ref().clone()));
            found.extend(conditions.iter().map(|when| when.condition.clone()));
        }
        false
    });
    found
}

struct Search<F> {
    is: F,
    depth: usize,
}

impl<F: FnMut(&Expr) -> bool> Visitor for Search<F> {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.depth == 0 && (self.is)(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Marks the LIMIT of a query, or else its OFFSET, as one whose rows nobody asked to be in an order.
pub(super) fn mark_limit(query: &mut Query) {
    let number = match &mut query.limit_clause {
        Some(
            LimitClause::LimitOffset { limit: Some(number), .. }
            | LimitClause::OffsetCommaLimit { limit: number, .. }
            | LimitClause::LimitOffset { limit: None, offset: Some(Offset { value: number, .. }), .. },
        ) => number,
        _ => return,
    };
    *number = sql::marked_by_chance(std::mem::replace(number, Expr::value(Value::Null)));
}

/// `count(*)`.
pub(super) fn count_of_rows() -> Function {
    let mut count = call("count", Vec::new());
    if let FunctionArguments::List(list) = &mut count.args {
        list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
    }
    count
}

/// The conditions that AND joins.
pub(super) fn conjuncts(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let mut all = conjuncts(*left);
            all.extend(conjuncts(*right));
            all
        }
        Expr::Nested(inner) => match *inner {
            Expr::BinaryOp { op: BinaryOperator::And, .. } | Expr::Nested(_) => conjuncts(*inner),
            other => vec![Expr::Nested(Box::new(other))],
        },
        other => vec![other],
    }
}

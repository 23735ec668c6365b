//! The allow-list. DataFusion silently ignores what it does not know (TABLESAMPLE, FOR UPDATE, WITH (NOLOCK), …), so
//! every field of the syntax tree is looked at here, and what has no meaning is refused by name. The structs are taken
//! apart without `..`: a field that a newer parser adds does not slip through.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, LimitClause, OrderBy, OrderByKind, Query, Select, SelectFlavor, SelectItem,
    SetExpr, SetOperator, SetQuantifier, TableFactor, Visit, Visitor, WildcardAdditionalOptions, With,
};

use crate::error::{Error, Result};

mod exprs;
mod relations;

/// Refuses every clause of the query, at any depth, that has no meaning here.
///
/// # Errors
/// Invalid: a clause that would be ignored. Denied: what is never run, such as files and table functions.
pub fn allow(query: &Query) -> Result<()> {
    allowed(query, AllowList { versions: true })
}

/// As [`allow`], for the query of a derived table, which reads its tables as the load has them.
///
/// # Errors
/// As [`allow`]; Invalid too: VERSION AS OF.
pub fn allow_derived(query: &Query) -> Result<()> {
    allowed(query, AllowList { versions: false })
}

fn allowed(query: &Query, mut list: AllowList) -> Result<()> {
    match query.visit(&mut list) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct AllowList {
    /// Whether a table may be read at an older mart version.
    versions: bool,
}

type Flow = ControlFlow<Box<Error>>;

fn flow(result: Result<()>) -> Flow {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(Box::new(error)),
    }
}

impl Visitor for AllowList {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Query) -> Flow {
        flow(one_query(query))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Flow {
        let versioned = matches!(factor, TableFactor::Table { version: Some(_), .. });
        flow(
            absent(versioned && !self.versions, "VERSION AS OF in a derived table")
                .and_then(|()| relations::factor(factor)),
        )
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        flow(exprs::expression(expr))
    }
}

/// The refusal of a clause.
fn refused(clause: &str) -> Result<()> {
    Err(Error::invalid(format!("{clause} is not supported")))
}

/// The refusal of a clause that something else says too.
fn refused_for(clause: &str, instead: &str) -> Result<()> {
    Err(Error::invalid(format!("{clause} is not supported; {instead}")))
}

fn absent(there: bool, clause: &str) -> Result<()> {
    if there { refused(clause) } else { Ok(()) }
}

fn replaced(there: bool, clause: &str, instead: &str) -> Result<()> {
    if there { refused_for(clause, instead) } else { Ok(()) }
}

fn one_query(query: &Query) -> Result<()> {
    let Query { with, body, order_by, limit_clause, fetch, locks, for_clause, settings, format_clause, pipe_operators } =
        query;
    replaced(fetch.is_some(), "FETCH … WITH TIES or PERCENT", "FETCH FIRST n ROWS ONLY and LIMIT n are")?;
    absent(!locks.is_empty(), "FOR UPDATE or FOR SHARE")?;
    absent(for_clause.is_some(), "FOR XML, JSON or BROWSE")?;
    absent(settings.is_some(), "SETTINGS")?;
    absent(format_clause.is_some(), "FORMAT")?;
    absent(!pipe_operators.is_empty(), "the pipe operator |>")?;
    if let Some(With { with_token: _, recursive, cte_tables }) = with {
        absent(*recursive, "WITH RECURSIVE")?;
        for Cte { alias, query: _, from, materialized, closing_paren_token: _ } in cte_tables {
            relations::alias(alias)?;
            absent(
                alias.name.value.contains(['.', '@']),
                &format!("a name with a dot or @ after WITH ({})", alias.name),
            )?;
            absent(from.is_some(), "FROM after a CTE")?;
            absent(materialized.is_some(), "MATERIALIZED")?;
        }
    }
    if let Some(OrderBy { kind, interpolate }) = order_by {
        absent(interpolate.is_some(), "INTERPOLATE")?;
        match kind {
            OrderByKind::All(_) => refused("ORDER BY ALL")?,
            OrderByKind::Expressions(items) => {
                absent(items.iter().any(|item| item.with_fill.is_some()), "WITH FILL")?;
            }
        }
    }
    if let Some(LimitClause::LimitOffset { limit: _, offset: _, limit_by }) = limit_clause {
        absent(!limit_by.is_empty(), "LIMIT BY")?;
    }
    set_expr(body)
}

fn set_expr(body: &SetExpr) -> Result<()> {
    match body {
        SetExpr::Select(one) => select(one),
        SetExpr::Query(_) => Ok(()),
        SetExpr::SetOperation { left, op, set_quantifier, right } => {
            replaced(matches!(op, SetOperator::Minus), "MINUS", "write EXCEPT")?;
            // DataFusion's are semi joins, which count wrongly.
            let all = matches!(set_quantifier, SetQuantifier::All);
            absent(all && matches!(op, SetOperator::Except | SetOperator::Intersect), &format!("{op} ALL"))?;
            absent(
                matches!(
                    set_quantifier,
                    SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName
                ),
                "BY NAME",
            )?;
            set_expr(left)?;
            set_expr(right)
        }
        SetExpr::Values(_) => Ok(()),
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            Err(Error::denied("SQL only reads here"))
        }
        SetExpr::Table(_) => refused_for("TABLE name", "write SELECT * FROM name"),
    }
}

fn select(select: &Select) -> Result<()> {
    let Select {
        select_token: _,
        optimizer_hints,
        distinct,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection,
        exclude,
        into,
        from,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    absent(!optimizer_hints.is_empty(), "an optimizer hint")?;
    replaced(
        matches!(distinct, Some(Distinct::On(_))),
        "DISTINCT ON",
        "choose rows by ROW_NUMBER() in a query around theirs",
    )?;
    absent(select_modifiers.is_some(), "a modifier after SELECT")?;
    replaced(top.is_some(), "TOP", "write LIMIT")?;
    absent(exclude.is_some(), "EXCLUDE")?;
    absent(into.is_some(), "SELECT INTO")?;
    absent(!lateral_views.is_empty(), "LATERAL VIEW")?;
    absent(prewhere.is_some(), "PREWHERE")?;
    absent(!connect_by.is_empty(), "CONNECT BY")?;
    absent(!cluster_by.is_empty(), "CLUSTER BY")?;
    absent(!distribute_by.is_empty(), "DISTRIBUTE BY")?;
    absent(!sort_by.is_empty(), "SORT BY")?;
    replaced(!named_window.is_empty(), "WINDOW", "write each window out after OVER")?;
    replaced(qualify.is_some(), "QUALIFY", "write WHERE in a query around it: SELECT … FROM (SELECT …) AS t WHERE …")?;
    absent(value_table_mode.is_some(), "SELECT AS STRUCT or VALUE")?;
    absent(!matches!(flavor, SelectFlavor::Standard), "FROM before SELECT")?;
    let modifiers = match group_by {
        GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers) => modifiers,
    };
    absent(!modifiers.is_empty(), "a modifier after GROUP BY")?;
    for item in projection {
        match item {
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => wildcard(options)?,
            SelectItem::ExprWithAliases { .. } => refused("several aliases of one item")?,
            SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } => {}
        }
    }
    from.iter().try_for_each(relations::joins)
}

fn wildcard(options: &WildcardAdditionalOptions) -> Result<()> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    absent(opt_ilike.is_some(), "* ILIKE")?;
    absent(opt_exclude.is_some(), "* EXCLUDE")?;
    absent(opt_except.is_some(), "* EXCEPT")?;
    absent(opt_replace.is_some(), "* REPLACE")?;
    absent(opt_rename.is_some(), "* RENAME")?;
    absent(opt_alias.is_some(), "an alias of *")
}

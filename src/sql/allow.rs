//! The allow-list. DataFusion silently ignores what it does not know (TABLESAMPLE, FOR UPDATE, WITH (NOLOCK), …), so
//! every field of the syntax tree is looked at here, and what has no meaning is refused by name. The structs are taken
//! apart without `..`: a field that a newer parser adds does not slip through.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, Cte, DataType, Distinct, DuplicateTreatment, ExactNumberInfo, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, GroupByExpr, Join, JoinConstraint, LimitClause, OrderBy, OrderByKind, Query,
    Select, SelectFlavor, SelectItem, SetExpr, SetOperator, SetQuantifier, TableAlias, TableFactor, TableWithJoins,
    Visit, Visitor, WildcardAdditionalOptions, With,
};

use crate::error::{Error, Result};

use super::{constraint, version_number};

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
            absent(versioned && !self.versions, "VERSION AS OF in a derived table").and_then(|()| table_factor(factor)),
        )
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        flow(expression(expr))
    }
}

/// The refusal of a clause; behind a semicolon stands what to write instead.
fn refused(clause: &str) -> Result<()> {
    let (clause, instead) = clause.split_at(clause.find("; ").unwrap_or(clause.len()));
    Err(Error::invalid(format!("{clause} is not supported{instead}")))
}

fn absent(there: bool, clause: &str) -> Result<()> {
    if there { refused(clause) } else { Ok(()) }
}

fn one_query(query: &Query) -> Result<()> {
    let Query { with, body, order_by, limit_clause, fetch, locks, for_clause, settings, format_clause, pipe_operators } =
        query;
    absent(fetch.is_some(), "FETCH; write LIMIT")?;
    absent(!locks.is_empty(), "FOR UPDATE or FOR SHARE")?;
    absent(for_clause.is_some(), "FOR XML, JSON or BROWSE")?;
    absent(settings.is_some(), "SETTINGS")?;
    absent(format_clause.is_some(), "FORMAT")?;
    absent(!pipe_operators.is_empty(), "the pipe operator |>")?;
    if let Some(With { with_token: _, recursive, cte_tables }) = with {
        absent(*recursive, "WITH RECURSIVE")?;
        for Cte { alias, query: _, from, materialized, closing_paren_token: _ } in cte_tables {
            table_alias(alias)?;
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
            absent(matches!(op, SetOperator::Minus), "MINUS; write EXCEPT")?;
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
        SetExpr::Table(_) => refused("TABLE name; write SELECT * FROM name"),
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
    absent(
        matches!(distinct, Some(Distinct::On(_))),
        "DISTINCT ON; choose rows by ROW_NUMBER() in a query around theirs",
    )?;
    absent(select_modifiers.is_some(), "a modifier after SELECT")?;
    absent(top.is_some(), "TOP; write LIMIT")?;
    absent(exclude.is_some(), "EXCLUDE")?;
    absent(into.is_some(), "SELECT INTO")?;
    absent(!lateral_views.is_empty(), "LATERAL VIEW")?;
    absent(prewhere.is_some(), "PREWHERE")?;
    absent(!connect_by.is_empty(), "CONNECT BY")?;
    absent(!cluster_by.is_empty(), "CLUSTER BY")?;
    absent(!distribute_by.is_empty(), "DISTRIBUTE BY")?;
    absent(!sort_by.is_empty(), "SORT BY")?;
    absent(!named_window.is_empty(), "WINDOW; write each window out after OVER")?;
    absent(qualify.is_some(), "QUALIFY; write WHERE in a query around it: SELECT … FROM (SELECT …) AS t WHERE …")?;
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
    from.iter().try_for_each(joins)
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

fn joins(from: &TableWithJoins) -> Result<()> {
    let TableWithJoins { relation: _, joins } = from;
    for Join { relation: _, global, join_operator } in joins {
        absent(*global, "GLOBAL")?;
        match constraint(join_operator) {
            Some(constraint) => absent(matches!(constraint, JoinConstraint::Natural), "NATURAL JOIN; write USING (…)")?,
            None => refused("this kind of join; there are JOIN, LEFT, RIGHT, FULL and CROSS JOIN")?,
        }
    }
    Ok(())
}

fn table_factor(factor: &TableFactor) -> Result<()> {
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
            alias.as_ref().map_or(Ok(()), table_alias)
        }
        TableFactor::Derived { lateral, subquery: _, alias, sample } => {
            absent(*lateral, "LATERAL")?;
            absent(sample.is_some(), "TABLESAMPLE")?;
            alias.as_ref().map_or(Ok(()), table_alias)
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

fn table_alias(alias: &TableAlias) -> Result<()> {
    let TableAlias { explicit: _, name: _, columns, at } = alias;
    absent(at.is_some(), "AT after an alias")?;
    absent(columns.iter().any(|column| column.data_type.is_some()), "a type in an alias")
}

fn expression(expr: &Expr) -> Result<()> {
    match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::InList { .. }
        | Expr::Between { .. }
        | Expr::BinaryOp { .. }
        | Expr::UnaryOp { .. }
        | Expr::Extract { .. }
        | Expr::Position { .. }
        | Expr::Nested(_)
        | Expr::Value(_)
        | Expr::TypedString(_)
        | Expr::Case { .. }
        | Expr::Exists { .. }
        | Expr::Subquery(_)
        | Expr::Interval(_)
        | Expr::Tuple(_)
        | Expr::Trim { .. }
        | Expr::Substring { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. } => Ok(()),
        Expr::InSubquery { expr, .. } => absent(
            matches!(expr.as_ref(), Expr::Tuple(_)),
            "IN of several columns; write EXISTS (SELECT 1 FROM … WHERE a = … AND b = …)",
        ),
        Expr::AnyOp { .. } | Expr::AllOp { .. } => {
            refused("ANY and ALL of a query but = ANY and <> ALL; compare with its MIN or MAX")
        }
        Expr::AtTimeZone { .. } => refused("AT TIME ZONE; SET timezone = '…' shows times by another clock"),
        Expr::SimilarTo { .. } => refused("SIMILAR TO; write ~ and a regular expression"),
        Expr::Like { any, .. } | Expr::ILike { any, .. } => absent(*any, "LIKE ANY"),
        Expr::Cast { kind, expr: _, data_type, array, format } => {
            cast_type(data_type)?;
            absent(*array, "CAST … ARRAY")?;
            absent(format.is_some(), "CAST … FORMAT")?;
            absent(matches!(kind, CastKind::SafeCast), "SAFE_CAST; write TRY_CAST")
        }
        Expr::Function(function) => call(function),
        // They stand in GROUP BY alone, and whoever walks other expressions refuses them.
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => Ok(()),
        other => Err(Error::invalid(format!("the expression '{other}' is not supported"))),
    }
}

/// Refuses a type whose length or scale would be ignored.
fn cast_type(data_type: &DataType) -> Result<()> {
    use DataType::{Char, CharVarying, Character, CharacterVarying, Dec, Decimal, Numeric, Nvarchar, Varchar};
    match data_type {
        Char(Some(_))
        | Character(Some(_))
        | CharVarying(Some(_))
        | CharacterVarying(Some(_))
        | Varchar(Some(_))
        | Nvarchar(Some(_)) => refused(&format!("a length ({data_type}); write text or substr()")),
        Decimal(info) | Dec(info) | Numeric(info) => match info {
            ExactNumberInfo::None => Ok(()),
            ExactNumberInfo::Precision(1..=38) => Ok(()),
            ExactNumberInfo::PrecisionAndScale(precision @ 1..=38, scale)
                if (0..=*precision as i64).contains(scale) =>
            {
                Ok(())
            }
            _ => refused(&format!("{data_type}; a decimal has 1 to 38 digits, some of them behind the point")),
        },
        _ => Ok(()),
    }
}

fn call(function: &Function) -> Result<()> {
    let Function { name, uses_odbc_syntax, parameters, args, filter: _, null_treatment: _, over: _, within_group } =
        function;
    absent(*uses_odbc_syntax, &format!("{{fn {name}(…)}}"))?;
    absent(!matches!(parameters, FunctionArguments::None), "a function's parameters before its arguments")?;
    absent(!within_group.is_empty(), "WITHIN GROUP, but of percentiles in ascending order,")?;
    let plain = name.0.last().and_then(|part| part.as_ident()).map(|name| name.value.to_lowercase());
    // It multiplies rows behind the back of whatever adds them up.
    absent(plain.as_deref() == Some("unnest"), "unnest()")?;
    match args {
        FunctionArguments::None => Ok(()),
        FunctionArguments::Subquery(_) => refused(&format!("a query as the argument of {name}")),
        FunctionArguments::List(list) => {
            let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
            let star = |argument: &FunctionArg| matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
            absent(distinct && list.args.iter().any(star), &format!("{name}(DISTINCT *)"))?;
            absent(!list.clauses.is_empty(), &format!("a clause within the arguments of {name}"))?;
            for argument in &list.args {
                match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(_) | FunctionArgExpr::Wildcard) => {}
                    other => refused(&format!("the argument '{other}' of {name}"))?,
                }
            }
            Ok(())
        }
    }
}

//! Statements that a report holds: over cubes alone, of facts up to its last day, with dates by their names, and never giving
//! the rows of a fact.

use std::ops::ControlFlow;

use chrono::NaiveDate;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, LimitClause, ObjectName, Query, Select, SelectItem, SetExpr, TableAlias, TableFactor, Value, Visit,
    VisitMut, Visitor, VisitorMut, visit_expressions, visit_expressions_mut,
};

use super::Statement;
use super::parameters::placeholder;
use crate::error::{Error, Result};
use crate::sql::{self, fold};

impl Statement {
    /// The query with literals of SQL in the places of names such as `$start`.
    ///
    /// # Errors
    /// Invalid: it is no query, has a name that is not among `values`, or a value that is no literal.
    pub fn with_names(mut self, values: &[(&str, String)]) -> Result<Self> {
        let literals =
            values.iter().map(|(name, value)| Ok((*name, sql::parse_expr(value)?))).collect::<Result<Vec<_>>>()?;
        let Some(query) = self.query_mut() else { return Err(Error::invalid("this is no query")) };
        let unknown = visit_expressions(query, |expr| match placeholder(expr) {
            Some(name) if literals.iter().all(|(own, _)| *own != name) => ControlFlow::Break(name.to_owned()),
            _ => ControlFlow::Continue(()),
        });
        if let ControlFlow::Break(name) = unknown {
            let names: Vec<&str> = literals.iter().map(|(name, _)| *name).collect();
            return Err(Error::invalid(format!("there is no '{name}' here; there are {}", names.join(", "))));
        }
        let _: ControlFlow<()> = visit_expressions_mut(query, |expr| {
            if let Some(name) = placeholder(expr)
                && let Some((_, literal)) = literals.iter().find(|(own, _)| *own == name)
            {
                *expr = literal.clone();
            }
            ControlFlow::Continue(())
        });
        Ok(self)
    }

    /// The query with no more than so many rows, unless it has a limit of its own: where a limit cuts, ties are broken, so
    /// that its rows come in one order.
    ///
    /// # Errors
    /// Invalid: it is no query, or says no order.
    pub fn in_order(mut self, rows: usize) -> Result<Self> {
        let Some(query) = self.query_mut() else { return Err(Error::invalid("this is no query")) };
        if query.order_by.is_none() {
            return Err(Error::invalid("its rows come in any order; say which by ORDER BY"));
        }
        if query.limit_clause.is_none() && query.fetch.is_none() {
            let limit = Some(Expr::value(Value::Number(rows.to_string(), false)));
            query.limit_clause = Some(LimitClause::LimitOffset { limit, offset: None, limit_by: Vec::new() });
        }
        Ok(self)
    }

    /// The query over facts before a day: each cube is read as the subquery of its earlier facts, which is the cube itself
    /// (semantics, rule 3). `time_of` tells a cube's time by its name; one without any is read whole.
    ///
    /// # Errors
    /// Invalid: it is no query, or calls a query of its own by a cube's name.
    pub fn before(mut self, day: NaiveDate, time_of: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let Some(query) = self.query_mut() else { return Err(Error::invalid("this is no query")) };
        match VisitMut::visit(query, &mut Before { day, time_of }) {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(self),
        }
    }

    /// Refuses whatever is not a query over cubes that groups them: tables, and `*` over a cube, give rows of facts.
    ///
    /// # Errors
    /// Denied: it names a table, or asks for the rows of a fact. Invalid: it is no query.
    pub fn refuse_facts(&self, is_cube: &dyn Fn(&str) -> bool) -> Result<()> {
        let Self::Query(query) = self else { return Err(Error::invalid("this is no query")) };
        let mut facts = Facts { is_cube, ctes: Vec::new() };
        match query.visit(&mut facts) {
            ControlFlow::Break(why) => Err(Error::denied(why)),
            ControlFlow::Continue(()) => Ok(()),
        }
    }
}

/// The name of a cube, if it were one: by itself or in the schema of cubes.
fn in_cubes(name: &ObjectName) -> Option<String> {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(fold).collect();
    let (last, schema) = parts.split_last()?;
    schema.last().is_none_or(|schema| schema == "cubes").then(|| last.clone())
}

/// What the queries within a query are called.
fn ctes(query: &Query) -> impl Iterator<Item = String> {
    query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| fold(&cte.alias.name))
}

/// Reads cubes up to a day.
struct Before<'a> {
    day: NaiveDate,
    time_of: &'a dyn Fn(&str) -> Option<String>,
}

impl VisitorMut for Before<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        match ctes(query).find(|name| (self.time_of)(name).is_some()) {
            Some(name) => {
                let message = format!("a query within is called '{name}', as a cube is; give it another name");
                ControlFlow::Break(Error::invalid(message))
            }
            None => ControlFlow::Continue(()),
        }
    }

    // Afterwards, since what is put in place names the cube too.
    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        let TableFactor::Table { name, alias, .. } = factor else { return ControlFlow::Continue(()) };
        let Some((cube, time)) = in_cubes(name).and_then(|cube| Some((cube.clone(), (self.time_of)(&cube)?))) else {
            return ControlFlow::Continue(());
        };
        let quoted = |name: &str| Ident::with_quote('"', name);
        let own = TableAlias { explicit: true, name: quoted(&cube), columns: Vec::new(), at: None };
        let alias = alias.take().unwrap_or(own);
        let earlier = format!("SELECT * FROM {factor} WHERE {} < DATE '{}'", quoted(&time), self.day);
        match sql::parse_query(&earlier) {
            Ok(subquery) => {
                let (subquery, alias) = (Box::new(subquery), Some(alias));
                *factor = TableFactor::Derived { lateral: false, subquery, alias, sample: None };
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

/// Looks for rows of facts.
struct Facts<'a> {
    is_cube: &'a dyn Fn(&str) -> bool,
    ctes: Vec<String>,
}

impl Facts<'_> {
    fn cube(&self, name: &ObjectName) -> Option<String> {
        in_cubes(name).filter(|cube| (self.is_cube)(cube))
    }

    fn stars(&self, select: &Select) -> Option<String> {
        let is_star = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        if !select.projection.iter().any(is_star) {
            return None;
        }
        let joined = select
            .from
            .iter()
            .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
        joined
            .filter_map(|factor| match factor {
                TableFactor::Table { name, .. } => self.cube(name),
                _ => None,
            })
            .next()
    }
}

impl Visitor for Facts<'_> {
    type Break = String;

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<String> {
        let alone = name.0.len() == 1;
        let last = name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default();
        if self.cube(name).is_some() || (alone && self.ctes.contains(&last)) {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(format!("a report asks cubes, and '{name}' is none; its rows are no figures"))
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        self.ctes.extend(ctes(query));
        let mut bodies = vec![query.body.as_ref()];
        while let Some(body) = bodies.pop() {
            match body {
                SetExpr::Select(select) => {
                    if let Some(cube) = self.stars(select) {
                        return ControlFlow::Break(format!(
                            "'*' over cube '{cube}' gives the rows of its facts, which a report never shows; name what it groups by"
                        ));
                    }
                }
                SetExpr::SetOperation { left, right, .. } => bodies.extend([left.as_ref(), right.as_ref()]),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::statement;
    use super::*;

    fn checked(sql: &str) -> Result<String> {
        let dates = [("$start", "DATE '2017-11-20'".to_owned()), ("$end", "DATE '2017-11-27'".to_owned())];
        let statement = statement(sql)?.with_names(&dates)?;
        statement.refuse_facts(&|name| name == "sales")?;
        Ok(statement.query().map(ToString::to_string).unwrap_or_default())
    }

    #[test]
    fn names_become_dates() {
        let sql = "WITH w AS (SELECT sold_at__day AS d, revenue FROM sales WHERE sold_at >= $start AND sold_at < $end) \
                   SELECT d, revenue, SUM(revenue) OVER (ORDER BY d) FROM w UNION ALL SELECT $start, 1, 2";
        let text = checked(sql).unwrap();
        assert!(
            text.contains("sold_at >= DATE '2017-11-20'") && text.contains("sold_at < DATE '2017-11-27'"),
            "{text}"
        );
        assert!(!text.contains('$'), "{text}");
        assert!(checked("SELECT '$start' AS s, revenue FROM sales").unwrap().contains("'$start'"), "texts are texts");
        let error = checked("SELECT revenue FROM sales WHERE sold_at > $begin").unwrap_err();
        assert!(error.message().contains("no '$begin' here; there are $start, $end"), "{error}");
    }

    #[test]
    fn cubes_are_read_up_to_a_day() {
        let day = NaiveDate::from_ymd_opt(2017, 11, 27).unwrap();
        let time_of = |name: &str| (name == "sales").then(|| "sold_at".to_owned());
        let earlier = |sql: &str| {
            let text = statement(sql)?.before(day, &time_of)?.text();
            Ok::<_, Error>(text.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        let cut = |name: &str| format!("(SELECT * FROM {name} WHERE \"sold_at\" < DATE '2017-11-27')");
        assert_eq!(
            earlier("SELECT revenue FROM sales").unwrap(),
            format!("SELECT revenue FROM {} AS \"sales\"", cut("sales"))
        );
        let within = "WITH w AS (SELECT s.department, revenue FROM cubes.sales AS s) SELECT department FROM w \
                      WHERE department IN (SELECT department FROM sales) UNION ALL SELECT 'x' FROM stores";
        let text = earlier(within).unwrap();
        assert!(text.contains(&format!("FROM {} AS s)", cut("cubes.sales"))), "{text}");
        assert!(text.contains(&format!("FROM {} AS \"sales\"", cut("sales"))), "{text}");
        assert!(text.contains("FROM w WHERE") && text.contains("FROM stores"), "{text}");
        let error = earlier("WITH sales AS (SELECT revenue FROM sales) SELECT revenue FROM sales").unwrap_err();
        assert!(error.message().contains("'sales', as a cube is"), "{error}");
    }

    #[test]
    fn rows_of_facts_are_refused() {
        for sql in [
            "SELECT * FROM sales",
            "SELECT s.* FROM sales s",
            "SELECT COUNT(*) FROM (SELECT * FROM cubes.sales) t",
            "WITH w AS (SELECT * FROM sales) SELECT department FROM w",
            "SELECT department, revenue FROM sales UNION ALL SELECT * FROM sales",
            "SELECT household_id FROM mart.transactions",
            "SELECT department, revenue FROM sales WHERE department IN (SELECT department FROM mart.products)",
            "SELECT query FROM system.queries",
        ] {
            let error = checked(sql).unwrap_err();
            assert_eq!(error.kind(), crate::error::Kind::Denied, "{sql}: {error}");
        }
        assert!(checked("SELECT * FROM (SELECT department, revenue FROM sales) t").is_ok());
        assert!(checked("SET timezone = 'UTC'").is_err());
    }
}

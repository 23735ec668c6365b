//! WITH: what its queries are called, and what each may name.

use datafusion::sql::sqlparser::ast::{Ident, Query, With};

use crate::error::{Error, Result};
use crate::sql::fold;

use super::super::ast;
use super::super::relation::Relation;
use super::{Binder, column_names};

/// A query of WITH.
#[derive(Clone)]
pub(super) enum NamedQuery {
    /// It is bound, and planned under this name.
    Bound { planned: Ident, relation: Relation },
    /// It is a plain block over a cube: what it becomes is for each reference to say.
    Plain(Box<Query>),
}

/// A place among the queries of WITH: how many scopes there are, and how many queries in the innermost.
pub(super) type Defined = (usize, usize);

impl Binder<'_> {
    /// Binds the queries of WITH. A plain block over a cube stands wherever it is named, and no longer in WITH.
    pub(super) fn with_queries(&mut self, query: &mut Query) -> Result<()> {
        let Some(mut with) = query.with.take() else { return Ok(()) };
        for mut cte in std::mem::take(&mut with.cte_tables) {
            let name = fold(&cte.alias.name);
            if self.ctes.last().is_some_and(|scope| scope.iter().any(|(known, _)| *known == name)) {
                return Err(Error::invalid(format!("WITH names two queries '{name}'; rename one")));
            }
            let renames = column_names(&cte.alias);
            if renames.is_empty() && self.plain_query(&cte.query, true)?.is_some() {
                self.name(name, NamedQuery::Plain(cte.query));
                continue;
            }
            let relation = self.query(&mut cte.query)?.renamed(&renames);
            // One that hides another of a scope around it, which `SqlToRel` does not know, is planned under its own name.
            if self.ctes.iter().any(|scope| scope.iter().any(|(known, _)| *known == name)) {
                cte.alias.name = ast::ident(&format!("{name}${}", self.ctes.len()));
            }
            self.name(name, NamedQuery::Bound { planned: cte.alias.name.clone(), relation });
            self.with.push(cte.clone());
            with.cte_tables.push(cte);
        }
        query.with = (!with.cte_tables.is_empty()).then_some(with);
        Ok(())
    }

    /// Does something where the queries of a WITH are known, which will be bound with the query that bears it.
    pub(super) fn in_scope_of<T>(&mut self, with: Option<With>, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let Some(with) = with else { return run(self) };
        let mut bearer = ast::query_of(ast::empty_select()?);
        bearer.with = Some(with);
        let (told, visible) = (self.told.take(), self.with.len());
        self.ctes.push(Vec::new());
        let done = self.with_queries(&mut bearer).and_then(|()| run(self));
        self.ctes.pop();
        self.with.truncate(visible);
        self.told = told;
        done
    }

    /// Whether all queries of WITH are plain blocks, which are named then; a query above which one is not is none itself.
    pub(super) fn plain_with(&mut self, query: &Query) -> Result<bool> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            if !column_names(&cte.alias).is_empty() || self.plain_query(&cte.query, true)?.is_none() {
                return Ok(false);
            }
            self.name(fold(&cte.alias.name), NamedQuery::Plain(cte.query.clone()));
        }
        Ok(true)
    }

    fn name(&mut self, name: String, named: NamedQuery) {
        if let Some(scope) = self.ctes.last_mut() {
            scope.push((name, named));
        }
    }

    /// Does something where only those queries of WITH are known that were known somewhere before.
    pub(super) fn as_defined<T>(
        &mut self,
        (scopes, queries): Defined,
        run: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let inner = self.ctes.split_off(scopes.min(self.ctes.len()));
        let later = match self.ctes.last_mut() {
            Some(scope) => scope.split_off(queries.min(scope.len())),
            None => Vec::new(),
        };
        let done = run(self);
        if let Some(scope) = self.ctes.last_mut() {
            scope.extend(later);
        }
        self.ctes.extend(inner);
        done
    }

    /// The query of WITH of a name, the innermost and latest, and where it was defined.
    pub(super) fn named(&self, name: &str) -> Option<(Defined, &NamedQuery)> {
        self.ctes.iter().enumerate().rev().find_map(|(depth, scope)| {
            let at = scope.iter().rposition(|(known, _)| known == name)?;
            Some(((depth + 1, at), &scope[at].1))
        })
    }
}

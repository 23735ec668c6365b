//! Names over a cube, and over what stands beside it.

use super::meaning::{Beside, Lazy};
use super::places::place;
use super::scalar::{Answer, Refusal, refuse};
use super::tree::{Expr, From};

/// The names that the expressions of a SELECT see.
pub(crate) struct Names<'l> {
    alias: String,
    columns: &'l [(String, Expr)],
    beside: &'l [Beside],
    within: usize,
}

impl<'l> Names<'l> {
    pub(crate) fn of(from: &From, lazy: &'l Lazy<'_>) -> Self {
        let alias = lazy.called.clone().unwrap_or_else(|| called(from).to_owned());
        Self { alias, columns: &lazy.columns, beside: &lazy.beside, within: lazy.within }
    }

    /// What a name stands for; a bare one may not name a column of another relation as well.
    pub(crate) fn meaning(&self, parts: &[String]) -> Option<Expr> {
        let own = |name: &String| self.columns.iter().find(|(known, _)| known == name).map(|(_, expr)| expr.clone());
        let theirs = |(at, beside): (usize, &Beside)| {
            let column = place(&Expr::Name(parts.to_vec()), &beside.alias, &beside.rows)?;
            Some(Expr::Name(vec![format!("${at}"), column.to_string()]))
        };
        let mut beside = self.beside.iter().enumerate().skip(self.within);
        match parts {
            [name] => {
                let others = beside.filter(|(_, beside)| !beside.using.contains(name)).filter_map(theirs);
                let mut meant = own(name).into_iter().chain(others);
                let first = meant.next()?;
                meant.next().is_none().then_some(first)
            }
            [relation, name] if *relation == self.alias => own(name),
            [_, _] => beside.find_map(theirs),
            _ => None,
        }
    }

    /// An expression with every name spelled out over the cube.
    pub(crate) fn resolved(&self, expr: &Expr) -> Answer<Expr> {
        self.resolved_with(expr, &[])
    }

    /// The same, where aliases may be named too, after columns.
    pub(crate) fn resolved_with(&self, expr: &Expr, aliases: &[(String, Expr)]) -> Answer<Expr> {
        let mut wrong: Option<Refusal> = None;
        let resolved = self.spelled_out(expr, aliases, &mut wrong);
        wrong.map_or(Ok(resolved), Err)
    }

    fn spelled_out(&self, expr: &Expr, aliases: &[(String, Expr)], wrong: &mut Option<Refusal>) -> Expr {
        if let Expr::Name(parts) = expr {
            let alias = || match parts.as_slice() {
                [name] => aliases.iter().find(|(known, _)| known == name).map(|(_, expr)| expr.clone()),
                _ => None,
            };
            return self.meaning(parts).or_else(alias).unwrap_or_else(|| {
                *wrong = refuse::<()>("SQL", format!("unknown name {expr}")).err();
                expr.clone()
            });
        }
        expr.map(&mut |part| self.spelled_out(part, aliases, wrong))
    }
}

/// What a relation is called.
pub(crate) fn called(from: &From) -> &str {
    match from {
        From::Name(name, alias) => alias.as_deref().unwrap_or(name),
        From::Block(_, alias) | From::Table(_, alias) => alias,
        From::Join(_, left, ..) => called(left),
    }
}

/// The name of an item's column.
pub(crate) fn output_name(expr: &Expr, alias: Option<&String>) -> String {
    alias.cloned().unwrap_or_else(|| match expr {
        Expr::Name(parts) => parts.last().cloned().unwrap_or_default(),
        other => other.to_string(),
    })
}

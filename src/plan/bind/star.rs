//! A cube's star: the fact as the probe side of left joins to the dimensions that are used, and every dimension,
//! filter and argument as an expression over it.

use std::collections::BTreeSet;

use arrow::datatypes::DataType as SqlType;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, DuplicateTreatment, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Join, JoinConstraint, JoinOperator, ObjectName, TableFactor, TableWithJoins, Value,
};

use crate::error::{Error, Result};
use crate::model::{Aggregate, Cube, Dimension, DimensionKind, Grain, Leaf, RowExpr};

use super::super::catalog::{KeyClaim, NotLoaded};
use super::super::{Context, ast};

/// What the fact is called in a star; no column or join can bear it.
pub(super) const FACT: &str = "$f";

/// A cube's star as one block needs it.
pub(super) struct Star<'a> {
    context: &'a Context<'a>,
    cube: &'a Cube,
    /// The join paths used, each with all paths that lead to it.
    paths: BTreeSet<Vec<String>>,
    /// What else the facts are joined with, one row at most to each.
    pub(super) beside: Vec<Join>,
    /// Whether no row of it counts, so that only names and types of what is joined matter.
    pub(super) unread: bool,
}

impl<'a> Star<'a> {
    pub(super) fn new(context: &'a Context<'a>, cube: &'a Cube) -> Self {
        Self { context, cube, paths: BTreeSet::new(), beside: Vec::new(), unread: false }
    }

    /// A row expression over the star.
    pub(super) fn row(&mut self, row: &RowExpr) -> Result<Expr> {
        for path in &row.paths {
            for length in 1..=path.len() {
                self.paths.insert(path[..length].to_vec());
            }
        }
        let mut expr = row.ast.clone();
        qualify(&mut expr)?;
        Ok(Expr::Nested(Box::new(expr)))
    }

    /// What the clock on the wall shows at an instant.
    fn wall(&self, instant: Expr) -> Expr {
        Expr::Function(ast::call("wall_clock", vec![instant, ast::text(self.context.query.timezone.name())]))
    }

    /// A dimension's value over the star.
    pub(super) fn dimension(&mut self, dimension: &Dimension) -> Result<Expr> {
        match &dimension.kind {
            DimensionKind::Plain => self.row(&dimension.expr),
            DimensionKind::Instant => {
                let instant = self.row(&dimension.expr)?;
                Ok(self.wall(instant))
            }
            DimensionKind::Grain { of, grain } => {
                let base = self.row(&dimension.expr)?;
                let instant = self.cube.dimension(of).is_some_and(|of| of.kind == DimensionKind::Instant);
                let base = if instant { self.wall(base) } else { base };
                let start = Expr::Function(ast::call("date_trunc", vec![ast::text(grain.name()), base]));
                Ok(if *grain == Grain::Hour { start } else { ast::cast(start, DataType::Date) })
            }
        }
    }

    /// The fact's own column that an instant (or a grain of one) is made of: what files are pruned by.
    pub(super) fn raw_instant(&self, dimension: &Dimension) -> Option<Expr> {
        let instant = match &dimension.kind {
            DimensionKind::Instant => true,
            DimensionKind::Grain { of, .. } => {
                self.cube.dimension(of).is_some_and(|of| of.kind == DimensionKind::Instant)
            }
            DimensionKind::Plain => false,
        };
        match &dimension.expr.ast {
            Expr::Identifier(column) if instant => Some(ast::column_of(FACT, &column.value)),
            _ => None,
        }
    }

    /// The fact's own key, where the last load found that it tells rows apart.
    pub(super) fn key(&self) -> Option<Vec<Expr>> {
        let key = &self.context.model.tables.get(&self.cube.table)?.primary_key;
        let holds = matches!(self.context.catalog.key_claim(&self.cube.table, key), KeyClaim::Holds);
        (holds && !key.is_empty()).then(|| key.iter().map(|column| ast::column_of(FACT, column)).collect())
    }

    /// A leaf over the star, with a further filter.
    pub(super) fn leaf(&mut self, leaf: &Leaf, filter: Option<&Expr>) -> Result<Expr> {
        let argument = leaf.argument.as_ref().map(|argument| self.row(argument)).transpose()?;
        let own = leaf.filter.as_ref().map(|filter| self.row(filter)).transpose()?;
        let argument = match leaf.aggregate {
            Aggregate::ApproxPercentileCont => {
                argument.map(|argument| ast::cast(argument, DataType::Double(ExactNumberInfo::None)))
            }
            _ => argument,
        };
        let mut call = aggregate(leaf.aggregate, argument);
        if let (Some(fraction), FunctionArguments::List(list)) = (&leaf.fraction, &mut call.args) {
            let place = Expr::value(Value::Number(fraction.clone(), false));
            list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(place)));
        }
        call.filter = ast::all(own.into_iter().chain(filter.cloned())).map(Box::new);
        let value = Expr::Function(call);
        let value = if leaf.aggregate == Aggregate::Hll { ast::cast(value, DataType::BigInt(None)) } else { value };
        let instant = matches!(leaf.data_type, SqlType::Timestamp(_, Some(_)));
        Ok(if instant { self.wall(value) } else { value })
    }

    /// The FROM clause.
    ///
    /// # Errors
    /// Invalid: a join whose claim is false or untested. NotFound: one to a table that is not loaded.
    pub(super) fn from(&self) -> Result<TableWithJoins> {
        let mut joins = Vec::with_capacity(self.paths.len());
        for path in &self.paths {
            joins.push(self.join(path)?);
        }
        joins.extend(self.beside.iter().cloned());
        Ok(TableWithJoins { relation: table(&self.cube.table, FACT), joins })
    }

    fn join(&self, path: &[String]) -> Result<Join> {
        let model = self.context.model;
        let internal = || Error::internal(format!("the join path {} leads nowhere", path.join(".")));
        let mut from = model.tables.get(&self.cube.table).ok_or_else(internal)?;
        let mut last = None;
        for name in path {
            let join = from.join(name).ok_or_else(internal)?;
            last = Some(join);
            from = model.tables.get(&join.table).ok_or_else(internal)?;
        }
        let join = last.ok_or_else(internal)?;
        let shown = path.join(".");
        match self.context.catalog.key_claim(&join.table, &from.primary_key) {
            KeyClaim::Holds => {}
            KeyClaim::Broken { .. } if self.unread => {}
            KeyClaim::Broken { violations } => {
                return Err(Error::invalid(format!(
                    "the join '{shown}' needs one row of '{table}' for each ({key}), but {violations} keys break that; \
                     mend the file of '{table}' and load it again",
                    table = join.table,
                    key = from.primary_key.join(", ")
                )));
            }
            KeyClaim::Untested if self.context.catalog.table(&join.table, None).is_none() => {
                return Err(NotLoaded::table(&join.table));
            }
            KeyClaim::Untested => {
                return Err(Error::invalid(format!(
                    "the join '{shown}' relies on the key ({}) of '{}', which no load has tested; run `starmart load`",
                    from.primary_key.join(", "),
                    join.table
                )));
            }
        }
        let mine = relation(&path[..path.len() - 1]);
        let theirs = relation(path);
        let equalities = join.keys.iter().map(|(my_key, their_key)| {
            ast::binary(ast::column_of(&mine, my_key), BinaryOperator::Eq, ast::column_of(&theirs, their_key))
        });
        let on = ast::all(equalities).ok_or_else(internal)?;
        Ok(Join {
            relation: table(&join.table, &theirs),
            global: false,
            join_operator: JoinOperator::Left(JoinConstraint::On(on)),
        })
    }

    /// The cube's own filter over the star.
    pub(super) fn cube_filter(&mut self) -> Result<Option<Expr>> {
        let cube = self.cube;
        cube.filter.as_ref().map(|filter| self.row(filter)).transpose()
    }
}

/// What the table at the end of a path is called in a star.
fn relation(path: &[String]) -> String {
    if path.is_empty() { FACT.to_owned() } else { format!("${}", path.join(".")) }
}

fn table(name: &str, alias: &str) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(vec![ast::ident("starmart"), ast::ident("mart"), ast::ident(name)]),
        alias: Some(ast::alias(alias)),
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

/// The columns of a model's expression as columns of the star's relations.
fn qualify(expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Identifier(column) => *expr = ast::column_of(FACT, &column.value),
        Expr::CompoundIdentifier(parts) => {
            if let Some((column, path)) = parts.split_last() {
                let path: Vec<String> = path.iter().map(|part| part.value.clone()).collect();
                *expr = ast::column_of(&relation(&path), &column.value);
            }
        }
        other => {
            for child in ast::children(other)? {
                qualify(child)?;
            }
        }
    }
    Ok(())
}

/// The call of an aggregate; without an argument it counts rows.
pub(super) fn aggregate(aggregate: Aggregate, argument: Option<Expr>) -> Function {
    let bare = argument.is_none();
    let mut call = ast::call(aggregate.name(), argument.into_iter().collect());
    if let FunctionArguments::List(list) = &mut call.args {
        if aggregate == Aggregate::CountDistinct {
            list.duplicate_treatment = Some(DuplicateTreatment::Distinct);
        }
        if bare {
            list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
        }
    }
    call
}

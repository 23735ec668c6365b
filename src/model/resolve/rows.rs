//! Row expressions: SQL over one fact row and the rows that it joins, its names followed to columns and its type
//! told. What would not be about one row (aggregates, windows, subqueries) is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DFSchema;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, FunctionArguments, Ident, VisitMut, VisitorMut};

use crate::error::Error;
use crate::model::conversion::mart_type;
use crate::model::spec::{Place, Written};
use crate::model::{Column, RowExpr, Table};
use crate::sql::{fold, parse_expr, planning_error, type_expr};
use crate::yaml::hint;

use super::Resolver;
use super::growth::{parts, refuse_deep, refuse_many};
use super::instants::refuse_computed_instants;
use super::leaves::ONLY_HERE;
use super::names::{unknown, unknown_of};

/// What the bare names of an expression mean before they mean columns: dimensions, by their expressions.
pub(super) type Names = BTreeMap<String, RowExpr>;

impl Resolver<'_> {
    /// The expression that `written` says of `about`, parsed; what is wrong with it is noted.
    pub(super) fn parsed(&mut self, about: &str, written: &Written<String>) -> Option<Expr> {
        parse_expr(&written.value).map_err(|error| self.misparsed(about, written, &error)).ok()
    }

    /// The row expression that is written at `place`; its faults are noted there.
    pub(super) fn row(
        &mut self,
        about: &str,
        place: &Place,
        ast: Expr,
        fact: &Table,
        names: &Names,
    ) -> Option<RowExpr> {
        self.row_of(ast, fact, names).map_err(|message| self.fault(about, place, &message)).ok()
    }

    /// The same. The error is empty where the fault is noted elsewhere.
    pub(super) fn row_of(&self, mut ast: Expr, fact: &Table, names: &Names) -> Result<RowExpr, String> {
        let mut follow =
            Follow { resolver: self, fact, names, paths: BTreeSet::new(), columns: BTreeMap::new(), parts: 0 };
        if let ControlFlow::Break(message) = VisitMut::visit(&mut ast, &mut follow) {
            return Err(message);
        }
        let Follow { paths, columns, .. } = follow;
        refuse_deep(&ast)?;
        refuse_computed_instants(&ast, &columns)?;
        let data_type = self.type_row(&ast, &columns)?;
        Ok(RowExpr { sql: ast.to_string(), ast, paths, data_type })
    }

    /// Types an expression whose names are followed. Each column stands there under one name, path and all.
    fn type_row(&self, ast: &Expr, columns: &BTreeMap<String, DataType>) -> Result<DataType, String> {
        let mut flat = ast.clone();
        let _: ControlFlow<()> = VisitMut::visit(&mut flat, &mut Flatten);
        match self.type_over(&flat, columns).map_err(|error| error.message().to_owned())? {
            DataType::Timestamp(_, None) => Ok(DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None)),
            DataType::Null => Err("it is always NULL; name a column".into()),
            other => mart_type(&other)
                .ok_or_else(|| format!("it is {other}, which a cube cannot show; cast it to text or a number")),
        }
    }

    /// The type of an expression over columns of these types, each of which may be NULL.
    pub(super) fn type_over(&self, ast: &Expr, columns: &BTreeMap<String, DataType>) -> Result<DataType, Error> {
        if let Some(data_type) = plain_type(ast, columns) {
            return Ok(data_type);
        }
        let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(name, kind.clone(), true)).collect();
        let schema = DFSchema::try_from(Schema::new(fields)).map_err(planning_error)?;
        type_expr(ast, &schema, self.zone(), self.functions).map(|(_, data_type)| data_type)
    }
}

/// The type of what most measures are: a column, or arithmetic that is Float64 whatever its numbers are (semantics, rule
/// 11). Planning would find the same, but a model may have hundreds of measures.
fn plain_type(ast: &Expr, columns: &BTreeMap<String, DataType>) -> Option<DataType> {
    match ast {
        Expr::Identifier(ident) => columns.get(&fold(ident)).cloned(),
        Expr::Nested(inner) => plain_type(inner, columns),
        Expr::BinaryOp { left, op, right } => {
            let (left, right) = (plain_type(left, columns)?, plain_type(right, columns)?);
            let is_double = match op {
                BinaryOperator::Divide => true,
                BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply => {
                    left == DataType::Float64 || right == DataType::Float64
                }
                _ => false,
            };
            (is_double && left.is_numeric() && right.is_numeric()).then_some(DataType::Float64)
        }
        _ => None,
    }
}

/// All conditions at once; none without any.
pub(super) fn all_of(conditions: impl IntoIterator<Item = RowExpr>) -> Option<RowExpr> {
    conditions.into_iter().reduce(|left, right| {
        let ast = Expr::BinaryOp {
            left: Box::new(nested(left.ast)),
            op: BinaryOperator::And,
            right: Box::new(nested(right.ast)),
        };
        let paths = left.paths.into_iter().chain(right.paths).collect();
        RowExpr { sql: ast.to_string(), ast, paths, data_type: DataType::Boolean }
    })
}

/// The same expression as one operand: in parentheses, unless it cannot fall apart.
pub(super) fn nested(expr: Expr) -> Expr {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) | Expr::Nested(_) | Expr::Function(_) => {
            expr
        }
        other => Expr::Nested(Box::new(other)),
    }
}

/// Follows the names of an expression to columns.
struct Follow<'r, 'a> {
    resolver: &'r Resolver<'a>,
    fact: &'r Table,
    names: &'r Names,
    paths: BTreeSet<Vec<String>>,
    /// The types of the columns met, by their whole names.
    columns: BTreeMap<String, DataType>,
    /// How many parts were set in place.
    parts: usize,
}

impl VisitorMut for Follow<'_, '_> {
    type Break = String;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        let followed = match expr {
            Expr::Identifier(ident) => self.bare(&fold(ident)),
            Expr::CompoundIdentifier(parts) => self.path(&parts.iter().map(fold).collect::<Vec<_>>()),
            other => match self.resolver.refusal(other) {
                Some(message) => return ControlFlow::Break(message),
                None => return ControlFlow::Continue(()),
            },
        };
        match followed {
            Ok(followed) => *expr = followed,
            Err(message) => return ControlFlow::Break(message),
        }
        ControlFlow::Continue(())
    }
}

impl Follow<'_, '_> {
    fn bare(&mut self, name: &str) -> Result<Expr, String> {
        if let Some(row) = self.names.get(name) {
            self.parts += parts(&row.ast);
            refuse_many(self.parts)?;
            self.paths.extend(row.paths.iter().cloned());
            let mut ast = row.ast.clone();
            // The names in it are followed already; only their types are still wanted.
            let plain = Names::new();
            let mut types = Follow { names: &plain, paths: BTreeSet::new(), columns: BTreeMap::new(), ..*self };
            if let ControlFlow::Break(message) = VisitMut::visit(&mut ast, &mut types) {
                return Err(message);
            }
            self.columns.extend(types.columns);
            return Ok(nested(ast));
        }
        if self.resolver.is_faulty(&self.fact.name, name) {
            return Err(String::new());
        }
        let Some(column) = self.fact.column(name) else {
            if name.contains("__") {
                return Err(format!(
                    "'{name}' is not a column; grains of time depend on the session's zone: ask for them in SQL"
                ));
            }
            let columns = self.fact.columns.iter().map(|column| column.name.as_str());
            return Err(unknown("column", name, columns.chain(self.names.keys().map(String::as_str))));
        };
        self.columns.insert(name.to_owned(), column.data_type.clone());
        Ok(Expr::Identifier(Ident::new(name)))
    }

    fn path(&mut self, parts: &[String]) -> Result<Expr, String> {
        let (path, column) = self.resolver.column_at(self.fact, parts)?;
        self.columns.insert(parts.join("."), column.data_type.clone());
        self.paths.insert(path);
        Ok(Expr::CompoundIdentifier(parts.iter().map(Ident::new).collect()))
    }
}

impl Resolver<'_> {
    /// The column that a dotted name leads to, and the joins on the way. The error is empty where a table on the way
    /// is itself at fault.
    pub(super) fn column_at(&self, fact: &Table, parts: &[String]) -> Result<(Vec<String>, Column), String> {
        let Some((name, path)) = parts.split_last() else { return Err(String::new()) };
        let mut table = fact;
        for step in path {
            let Some(join) = table.join(step) else {
                let is_faulty = self
                    .spec
                    .tables
                    .get(&table.name)
                    .is_some_and(|spec| spec.joins.iter().any(|join| &join.name == step));
                if is_faulty {
                    return Err(String::new());
                }
                let known = table.joins.iter().map(|join| join.name.as_str());
                return Err(unknown_of("join", step, &format!(" of table '{}'", table.name), known));
            };
            table = self.tables.get(&join.table).ok_or_else(String::new)?;
        }
        if self.is_faulty(&table.name, name) {
            return Err(String::new());
        }
        match table.column(name) {
            Some(column) => Ok((path.to_vec(), column.clone())),
            None => {
                let known = table.columns.iter().map(|column| column.name.as_str());
                Err(unknown_of("column", name, &format!(" of table '{}'", table.name), known))
            }
        }
    }

    /// Why an expression is not about one row, if it is not.
    pub(super) fn refusal(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                Some("a subquery is not about one row; derive a table by `sql` and join it".into())
            }
            Expr::Value(value) if matches!(value.value, datafusion::sql::sqlparser::ast::Value::Placeholder(_)) => {
                Some(format!("'{expr}' is a parameter, and a model has none; write the value"))
            }
            Expr::Wildcard(_) | Expr::QualifiedWildcard(_, _) => Some("'*' stands only in count(*)".into()),
            Expr::Function(function) => {
                let name = function.name.to_string().to_lowercase();
                if function.over.is_some() {
                    return Some(format!(
                        "{name}(…) OVER is a window, which is not about one row; derive a table by `sql`"
                    ));
                }
                if matches!(function.args, FunctionArguments::Subquery(_)) {
                    return Some("a subquery is not about one row; derive a table by `sql` and join it".into());
                }
                if self.is_aggregate(&name) {
                    return Some(format!("{name}(…) aggregates rows, and this is about one row; write a measure"));
                }
                self.unknown_function(&name)
            }
            _ => None,
        }
    }

    /// Says that there is no such function, if there is none.
    pub(super) fn unknown_function(&self, name: &str) -> Option<String> {
        let functions = &self.functions;
        let known = || functions.scalar.keys().chain(functions.aggregate.keys()).map(String::as_str);
        let is_known = functions.scalar.contains_key(name) || self.is_aggregate(name);
        (!is_known).then(|| format!("unknown function '{name}'{}", hint(name, known())))
    }

    /// Whether a function takes many rows: known or promised as an aggregate.
    pub(super) fn is_aggregate(&self, name: &str) -> bool {
        const NAMED: [&str; 3] = ["measure", "agg", "aggregate"];
        NAMED.contains(&name)
            || ONLY_HERE.contains(&name)
            || self.functions.aggregate.contains_key(name) && !self.functions.scalar.contains_key(name)
    }
}

/// Compound names to one identifier each, so that paths of any length can be typed.
pub(super) struct Flatten;

impl VisitorMut for Flatten {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr {
            let whole: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
            *expr = Expr::Identifier(Ident::with_quote('"', whole.join(".")));
        }
        ControlFlow::Continue(())
    }
}

//! Detail (semantics, rule 6): `*` over a cube is its fact rows: the dimensions, each additive measure's value for the row,
//! and NULL for every other measure.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    CaseWhen, Distinct, Expr, GroupByExpr, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Value,
};

use crate::error::{Error, Result};
use crate::model::{Aggregate, Cube, Leaf, Measure};
use crate::sql::fold;

use super::super::ast;
use super::super::relation::{Column, Lineage, Relation};
use super::Binder;
use super::cube::over;
use super::items::{Names, ordinal};
use super::measure::Evaluation;

/// Whether a SELECT asks for `*`, alone or of the cube by its alias.
pub(super) fn is_star(select: &Select, alias: &str) -> bool {
    match select.projection.as_slice() {
        [SelectItem::Wildcard(_)] => true,
        [SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _)] => {
            name.0.last().and_then(|part| part.as_ident()).map(fold).as_deref() == Some(alias)
        }
        _ => false,
    }
}

/// EXISTS asks whether there are rows, not what they hold.
pub(super) fn without_star(expr: &mut Expr) {
    if let Expr::Exists { subquery, .. } = expr
        && let SetExpr::Select(select) = subquery.body.as_mut()
        && let [SelectItem::Wildcard(_)] = select.projection.as_slice()
    {
        select.projection = vec![SelectItem::UnnamedExpr(integer(1))];
    }
}

impl<'a> Binder<'a> {
    /// Binds a query whose body is `SELECT *` over one cube, in place.
    pub(super) fn detail(
        &mut self,
        query: &mut Query,
        mut select: Select,
        mut block: Evaluation<'a>,
    ) -> Result<Relation> {
        refuse_grouping(&select, block.names.cube)?;
        let conditions = block.detail_conditions(&mut select)?;
        let plain = !matches!(select.distinct, Some(Distinct::Distinct))
            && conditions.measures.is_empty()
            && query.order_by.is_none()
            && query.limit_clause.is_none();
        if plain && !self.is_outermost() {
            return Err(block.names.is_the_cube_itself());
        }
        let cube = block.names.cube;
        let mut inner = ast::empty_select()?;
        for dimension in &cube.dimensions {
            let expr = block.star.dimension(dimension)?;
            inner.projection.push(SelectItem::ExprWithAlias { expr, alias: ast::ident(&dimension.name) });
        }
        for measure in &cube.measures {
            let expr = block.value_of_a_row(measure)?;
            inner.projection.push(SelectItem::ExprWithAlias { expr, alias: ast::ident(&measure.name) });
        }
        let mut rows = conditions.rows;
        rows.extend(block.star.cube_filter()?);
        inner.selection = ast::all(rows);
        inner.from = vec![block.star.from()?];
        let mut outer = ast::empty_select()?;
        outer.distinct = select.distinct.filter(|distinct| matches!(distinct, Distinct::Distinct));
        let columns = columns(cube);
        outer.projection = columns.iter().map(|column| SelectItem::UnnamedExpr(ast::column(&column.name))).collect();
        outer.selection = ast::all(conditions.measures);
        query.order_by = block.detail_order(query, &columns)?;
        *query.body = SetExpr::Select(Box::new(over(outer, ast::query_of(inner))));
        Ok(Relation { columns, unique: Vec::new(), cube: true, plain })
    }
}

/// A block's WHERE, split: what chooses rows of the star, and what is asked of a row's measures.
struct Conditions {
    rows: Vec<Expr>,
    measures: Vec<Expr>,
}

impl Evaluation<'_> {
    fn detail_conditions(&mut self, select: &mut Select) -> Result<Conditions> {
        let mut conditions = Conditions { rows: Vec::new(), measures: Vec::new() };
        let Some(selection) = &select.selection else { return Ok(conditions) };
        let mut selection = self.names.normalised(selection, &[])?;
        self.on_the_wall(&mut selection)?;
        for condition in ast::conjuncts(selection) {
            self.refuse_valueless(&condition)?;
            if self.names.mentioned_measure(&condition).is_some() {
                conditions.measures.push(condition);
            } else {
                conditions.rows.extend(self.pruning(&condition)?);
                conditions.rows.push(self.rows(&condition)?);
            }
        }
        Ok(conditions)
    }

    /// ORDER BY over the rows: ordinals, and expressions of dimensions and additive measures.
    fn detail_order(&self, query: &Query, columns: &[Column]) -> Result<Option<OrderBy>> {
        let Some(OrderBy { kind: OrderByKind::Expressions(written), .. }) = &query.order_by else { return Ok(None) };
        let mut order = Vec::with_capacity(written.len());
        for item in written {
            let expr = match ordinal(&item.expr) {
                Some(at) => {
                    let column = at.checked_sub(1).and_then(|at| columns.get(at));
                    let missing = || Error::invalid(format!("ORDER BY {at}: there are {} columns", columns.len()));
                    ast::column(&column.ok_or_else(missing)?.name)
                }
                None => {
                    let mut expr = self.names.normalised(&item.expr, &[])?;
                    self.on_the_wall(&mut expr)?;
                    expr
                }
            };
            self.refuse_valueless(&expr)?;
            order.push(OrderByExpr { expr, options: item.options, with_fill: None });
        }
        Ok(Some(OrderBy { kind: OrderByKind::Expressions(order), interpolate: None }))
    }

    /// Refuses what has no value in a row: aggregates, and measures that do not add up.
    fn refuse_valueless(&self, expr: &Expr) -> Result<()> {
        if self.holds_call(expr) {
            return Err(Error::invalid(format!(
                "* over the cube '{}' means its fact rows, and '{}' aggregates; name what you want and GROUP BY",
                self.names.cube.name,
                expr.to_string().replace('"', "")
            )));
        }
        let mut valueless = None;
        ast::any(expr, |inner| {
            valueless = self.names.measure(inner).filter(|measure| row_leaf(measure).is_none());
            valueless.is_some()
        });
        match valueless {
            Some(measure) => Err(Error::invalid(format!(
                "the measure '{}' has no value in a single row; name what you want instead of *: SELECT …, {} FROM {}",
                measure.name, measure.name, self.names.cube.name
            ))),
            None => Ok(()),
        }
    }

    /// A measure's value in a row of the star, in the measure's type.
    fn value_of_a_row(&mut self, measure: &Measure) -> Result<Expr> {
        let value = match row_leaf(measure) {
            None => Expr::value(Value::Null),
            Some(leaf) => {
                let argument = leaf.argument.as_ref().map(|argument| self.star.row(argument)).transpose()?;
                let own = leaf.filter.as_ref().map(|filter| self.star.row(filter)).transpose()?;
                match (leaf.aggregate, argument) {
                    (Aggregate::Sum, Some(argument)) => case(own, argument, Expr::value(Value::Null)),
                    (_, argument) => {
                        let there = argument.map(|argument| Expr::IsNotNull(Box::new(argument)));
                        case(ast::all(own.into_iter().chain(there)), integer(1), integer(0))
                    }
                }
            }
        };
        Ok(Expr::Function(ast::call("arrow_cast", vec![value, ast::text(&measure.data_type.to_string())])))
    }
}

/// The one sum or count that a measure is.
fn row_leaf(measure: &Measure) -> Option<&Leaf> {
    measure.leaves.first().filter(|_| measure.is_additive())
}

/// `value` where the condition holds, if there is one.
fn case(condition: Option<Expr>, value: Expr, otherwise: Expr) -> Expr {
    match condition {
        None => value,
        Some(condition) => Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![CaseWhen { condition, result: value }],
            else_result: Some(Box::new(otherwise)),
        },
    }
}

fn integer(value: i64) -> Expr {
    Expr::value(Value::Number(value.to_string(), false))
}

/// What the columns of detail hold.
fn columns(cube: &Cube) -> Vec<Column> {
    let dimensions = cube.dimensions.iter().map(|dimension| (&dimension.name, Lineage::Free));
    let measures = cube.measures.iter().map(|measure| {
        let of = measure.name.clone();
        let lineage = if row_leaf(measure).is_some() { Lineage::Additive(of) } else { Lineage::Fixed(of) };
        (&measure.name, lineage)
    });
    dimensions.chain(measures).map(|(name, lineage)| Column { name: name.clone(), lineage }).collect()
}

fn refuse_grouping(select: &Select, cube: &Cube) -> Result<()> {
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
    };
    match grouped || select.having.is_some() {
        true => Err(Error::invalid(format!(
            "* over the cube '{}' means its fact rows, which are not grouped; name what you want beside GROUP BY",
            cube.name
        ))),
        false => Ok(()),
    }
}

impl Names<'_> {
    fn is_the_cube_itself(&self) -> Error {
        let cube = &self.cube.name;
        Error::invalid(format!(
            "SELECT * FROM {cube} stands for the cube itself here, and where that is not a subquery after FROM it is not \
             there yet; name what you want: SELECT …, or ask for the rows in some order: ORDER BY"
        ))
    }
}

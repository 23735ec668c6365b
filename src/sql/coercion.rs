//! Types that meet. DataFusion's type coercion, with ours before it where its would change a number or an instant: a
//! decimal beside a double is read as a double (not the double as a decimal of 15 places), text meets numbers only as a
//! literal, and an instant that meets a wall clock is put on the wall of the session's zone first, since DataFusion would
//! drop its offset. What types an expression had is decided here, so that a schema is announced as it is sent.

use chrono_tz::Tz;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRewriter};
use datafusion::common::{DFSchema, Result as PlanResult};
use datafusion::logical_expr::expr::{Between, Case, InList, InSubquery, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, Union,
};
use datafusion::optimizer::analyzer::type_coercion::TypeCoercionRewriter;

use std::sync::Arc;

use crate::error::Result;

use super::Functions;
use super::fault::planning_error;
use super::meeting::{Meeting, Operand};

/// Functions whose arguments are compared with each other, or of which one is chosen.
const CHOOSING: [&str; 6] = ["coalesce", "nvl", "ifnull", "nullif", "greatest", "least"];

/// The plan with every type decided. `zone` is where clocks hang on the wall.
///
/// # Errors
/// Invalid: types that do not go together.
pub fn coerced(plan: LogicalPlan, zone: Tz, functions: &Functions) -> Result<LogicalPlan> {
    let meeting = Meeting { zone, functions };
    let decided = plan.transform_up_with_subqueries(|node| decide(node, meeting));
    decided.map(|decided| decided.data).map_err(planning_error)
}

/// The expression over rows of `schema` with every type decided.
///
/// # Errors
/// Invalid: types that do not go together.
pub fn coerced_expr(expr: Expr, schema: &DFSchema, zone: Tz, functions: &Functions) -> Result<Expr> {
    let mut types = Types::new(schema, Meeting { zone, functions });
    expr.rewrite(&mut types).map(|decided| decided.data).map_err(planning_error)
}

/// One node, whose inputs are decided.
fn decide(plan: LogicalPlan, meeting: Meeting<'_>) -> PlanResult<Transformed<LogicalPlan>> {
    let plan = match plan {
        LogicalPlan::Union(union) => LogicalPlan::Union(meet_in_union(union, meeting)?),
        LogicalPlan::Join(join) => LogicalPlan::Join(meet_in_join(join, meeting)?),
        other => other,
    };
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    let mut types = Types::new(&schema, meeting);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        Ok(expr.rewrite(&mut types)?.update_data(|expr| name.restore(expr)))
    })?
    .map_data(|plan| TypeCoercionRewriter::new(&schema).coerce_plan(plan))?
    .map_data(LogicalPlan::recompute_schema)
}

/// The inputs of a union with columns that go together.
fn meet_in_union(union: Union, meeting: Meeting<'_>) -> PlanResult<Union> {
    let width = union.schema.fields().len();
    let columns = |plan: &LogicalPlan| plan.schema().columns().into_iter().map(Expr::Column).collect::<Vec<_>>();
    let mut inputs: Vec<Vec<Expr>> = union.inputs.iter().map(|input| columns(input)).collect();
    let mut changed = false;
    for at in 0..width {
        let operands: Vec<Operand> = inputs
            .iter()
            .zip(&union.inputs)
            .filter_map(|(exprs, input)| {
                Some(Operand::new(exprs.get(at)?.clone(), input.schema().field(at).data_type()))
            })
            .collect();
        let met = meeting.chosen(operands.clone())?;
        if met.len() == inputs.len() {
            for ((exprs, new), old) in inputs.iter_mut().zip(met).zip(operands) {
                changed |= new != old.expr;
                if let Some(expr) = exprs.get_mut(at)
                    && new != old.expr
                {
                    let name = old.expr.schema_name().to_string();
                    *expr = new.alias(name);
                }
            }
        }
    }
    if !changed {
        return Ok(union);
    }
    let projected = union.inputs.into_iter().zip(inputs).map(|(input, exprs)| {
        LogicalPlanBuilder::from(Arc::unwrap_or_clone(input)).project(exprs)?.build().map(Arc::new)
    });
    Ok(Union { inputs: projected.collect::<PlanResult<Vec<_>>>()?, schema: union.schema })
}

/// The join with pairs of keys that go together.
fn meet_in_join(mut join: Join, meeting: Meeting<'_>) -> PlanResult<Join> {
    let mut on = Vec::with_capacity(join.on.len());
    for (left, right) in join.on {
        let types = (left.get_type(join.left.schema())?, right.get_type(join.right.schema())?);
        let met =
            meeting.compared(vec![Operand::new(left.clone(), &types.0), Operand::new(right.clone(), &types.1)])?;
        on.push(pair(met).unwrap_or((left, right)));
    }
    join.on = on;
    Ok(join)
}

fn compares(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn pair(exprs: Vec<Expr>) -> Option<(Expr, Expr)> {
    <[Expr; 2]>::try_from(exprs).ok().map(|[left, right]| (left, right))
}

/// Decides the types of expressions over one schema, innermost first.
struct Types<'a> {
    schema: &'a DFSchema,
    meeting: Meeting<'a>,
    rest: TypeCoercionRewriter<'a>,
}

impl TreeNodeRewriter for Types<'_> {
    type Node = Expr;

    fn f_up(&mut self, expr: Expr) -> PlanResult<Transformed<Expr>> {
        let expr = self.meet(expr)?;
        let coerced = self.rest.f_up(expr)?;
        coerced.transform_data(|expr| Ok(Transformed::yes(literal_arguments(expr)?)))
    }
}

/// Literals among the arguments of a call as literals of the types they were cast to: what a function gives may hang on
/// them, as the scale of `round(x, 1)` does.
fn literal_arguments(expr: Expr) -> PlanResult<Expr> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return Ok(expr) };
    let plain = |arg: Expr| match &arg {
        Expr::Cast(cast) => match cast.expr.as_ref() {
            Expr::Literal(value, metadata) => {
                Ok(Expr::Literal(value.cast_to(cast.field.data_type())?, metadata.clone()))
            }
            _ => Ok(arg),
        },
        _ => Ok(arg),
    };
    let args = args.into_iter().map(plain).collect::<PlanResult<Vec<_>>>()?;
    Ok(Expr::ScalarFunction(ScalarFunction { func, args }))
}

impl<'a> Types<'a> {
    fn new(schema: &'a DFSchema, meeting: Meeting<'a>) -> Self {
        Self { schema, meeting, rest: TypeCoercionRewriter::new(schema) }
    }

    fn operands(&self, exprs: Vec<Expr>) -> PlanResult<Vec<Operand>> {
        exprs.into_iter().map(|expr| expr.get_type(self.schema).map(|of| Operand::new(expr, &of))).collect()
    }

    fn compared(&self, exprs: Vec<Expr>) -> PlanResult<Vec<Expr>> {
        self.meeting.compared(self.operands(exprs)?)
    }

    /// The expression with those of its parts that meet made to go together.
    fn meet(&self, expr: Expr) -> PlanResult<Expr> {
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(op) => {
                let (left, right) =
                    pair(self.compared(vec![*left.clone(), *right.clone()])?).unwrap_or((*left, *right));
                Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) })
            }
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right }) => {
                let apart = self.meeting.subtracted(self.operands(vec![*left.clone(), *right.clone()])?);
                let (left, right) = pair(apart).unwrap_or((*left, *right));
                Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op: Operator::Minus, right: Box::new(right) })
            }
            Expr::Between(Between { expr, negated, low, high }) => {
                let met = self.compared(vec![*expr.clone(), *low.clone(), *high.clone()])?;
                let [expr, low, high] = <[Expr; 3]>::try_from(met).unwrap_or([*expr, *low, *high]);
                Expr::Between(Between::new(Box::new(expr), negated, Box::new(low), Box::new(high)))
            }
            Expr::InList(InList { expr, list, negated }) => {
                let mut met = self.compared(std::iter::once(*expr).chain(list).collect())?;
                let expr = met.remove(0);
                Expr::InList(InList { expr: Box::new(expr), list: met, negated })
            }
            Expr::Case(case) => Expr::Case(self.case(case)?),
            Expr::ScalarFunction(ScalarFunction { func, args }) if CHOOSING.contains(&func.name()) => {
                let operands = self.operands(args)?;
                let compares = func.name() == "nullif";
                let args = if compares { self.meeting.compared(operands) } else { self.meeting.chosen(operands) }?;
                Expr::ScalarFunction(ScalarFunction { func, args })
            }
            Expr::InSubquery(within) => Expr::InSubquery(self.in_subquery(within)?),
            Expr::Cast(cast) => self.meeting.cast(cast)?,
            other => other,
        })
    }

    fn case(&self, case: Case) -> PlanResult<Case> {
        let Case { expr, when_then_expr, else_expr } = case;
        let (whens, thens): (Vec<Expr>, Vec<Expr>) =
            when_then_expr.into_iter().map(|(when, then)| (*when, *then)).unzip();
        let (expr, whens) = match expr {
            Some(operand) => {
                let mut met = self.compared(std::iter::once(*operand).chain(whens).collect())?;
                (Some(Box::new(met.remove(0))), met)
            }
            None => (None, whens),
        };
        let has_else = else_expr.is_some();
        let results = thens.into_iter().chain(else_expr.map(|expr| *expr)).collect();
        let mut results = self.meeting.chosen(self.operands(results)?)?;
        let else_expr = if has_else { results.pop().map(Box::new) } else { None };
        let when_then_expr =
            whens.into_iter().zip(results).map(|(when, then)| (Box::new(when), Box::new(then))).collect();
        Ok(Case { expr, when_then_expr, else_expr })
    }

    fn in_subquery(&self, within: InSubquery) -> PlanResult<InSubquery> {
        let InSubquery { expr, subquery, negated } = within;
        let column = Expr::Column(subquery.subquery.schema().columns().remove(0));
        let of = subquery.subquery.schema().field(0).data_type().clone();
        let mut operands = self.operands(vec![*expr.clone()])?;
        operands.push(Operand::new(column.clone(), &of));
        let (expr, met) = pair(self.meeting.compared(operands)?).unwrap_or((*expr, column.clone()));
        let subquery = if met == column { subquery } else { projected(subquery, met)? };
        Ok(InSubquery { expr: Box::new(expr), subquery, negated })
    }
}

/// The subquery with another expression over its one column.
fn projected(subquery: Subquery, expr: Expr) -> PlanResult<Subquery> {
    let plan = LogicalPlanBuilder::from(Arc::unwrap_or_clone(subquery.subquery)).project(vec![expr])?.build()?;
    Ok(Subquery { subquery: Arc::new(plan), ..subquery })
}

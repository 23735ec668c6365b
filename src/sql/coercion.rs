//! Types that meet. DataFusion's type coercion, with ours before it where its would change a number or an instant: a
//! decimal beside a double is read as a double (not the double as a decimal of 15 places), text meets numbers only as a
//! literal, and an instant that meets a wall clock is put on the wall of the session's zone first, since DataFusion would
//! drop its offset. What types an expression had is decided here, so that a schema is announced as it is sent.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};
use chrono_tz::Tz;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion, TreeNodeRewriter};
use datafusion::common::{DFSchema, Result as PlanResult};
use datafusion::logical_expr::expr::{Between, Case, Cast, InList, InSubquery, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, Union, Values, cast,
};
use datafusion::optimizer::analyzer::type_coercion::TypeCoercionRewriter;

use std::sync::Arc;

use crate::error::Result;

use super::Functions;
use super::apart::kept_apart;
use super::fault::planning_error;
use super::levels;
use super::meeting::{MICROSECONDS, Meeting, Operand};
use super::misuse;
use super::written::Written;

/// Functions whose arguments are compared with each other, or of which one is chosen.
const CHOOSING: [&str; 6] = ["coalesce", "nvl", "ifnull", "nullif", "greatest", "least"];

/// Functions that may give a longer number than they take.
const ROUNDING: [&str; 2] = ["ceil", "floor"];

/// Functions that read a text as a cast to a timestamp does.
const READING: [&str; 3] = ["to_timestamp", "to_timestamp_micros", "to_timestamp_nanos"];

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
        LogicalPlan::Values(values) => LogicalPlan::Values(meet_in_values(values)?),
        LogicalPlan::Aggregate(aggregate) => {
            let keys = |plan| decide(plan, meeting).map(|decided| decided.data);
            LogicalPlan::Aggregate(levels::of_columns(aggregate, keys)?)
        }
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
    let columns = |input: &Arc<LogicalPlan>| -> Vec<Operand> {
        let schema = input.schema();
        let fields = schema.columns().into_iter().zip(schema.fields());
        fields.map(|(column, field)| Operand::new(Expr::Column(column), field.data_type())).collect()
    };
    let read: Vec<Vec<Operand>> = union.inputs.iter().map(columns).collect();
    let mut met: Vec<Vec<Expr>> = vec![Vec::new(); read.len()];
    for at in 0..union.schema.fields().len() {
        let mut column: Vec<Operand> = read.iter().filter_map(|operands| operands.get(at).cloned()).collect();
        meeting.chosen(&mut column)?;
        for ((exprs, new), old) in met.iter_mut().zip(column).zip(read.iter().filter_map(|operands| operands.get(at))) {
            let same = new.expr == old.expr;
            exprs.push(if same { new.expr } else { new.expr.alias(old.expr.schema_name().to_string()) });
        }
    }
    let inputs = union.inputs.into_iter().zip(read).zip(met).map(|((input, read), met)| {
        if read.iter().map(|operand| &operand.expr).eq(&met) {
            return Ok(input);
        }
        LogicalPlanBuilder::from(Arc::unwrap_or_clone(input)).project(met)?.build().map(Arc::new)
    });
    Ok(Union { inputs: inputs.collect::<PlanResult<Vec<_>>>()?, schema: union.schema })
}

/// Whether clocks of a type are finer than a mart's.
fn is_fine(of: &DataType) -> bool {
    matches!(of, DataType::Timestamp(TimeUnit::Nanosecond, None))
}

fn is_written_instant(expr: &Expr) -> bool {
    let mut instant = false;
    let _ = expr.apply(|inner| {
        if let Expr::Literal(value, _) = inner {
            let written = value.try_as_str().flatten().and_then(Written::read);
            instant = instant || matches!(written, Some(Written::Instant(_)));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    instant
}

/// VALUES, in which clocks are as fine as a mart's, and decimals beside doubles, which have been cast to decimals already,
/// are doubles.
fn meet_in_values(mut values: Values) -> PlanResult<Values> {
    let none = DFSchema::empty();
    let mut fields = values.schema.fields().to_vec();
    for (at, field) in fields.iter_mut().enumerate().filter(|(_, field)| is_fine(field.data_type())) {
        let mut column: Vec<&mut Expr> = values.values.iter_mut().filter_map(|row| row.get_mut(at)).collect();
        // A text with an offset is an instant, which the cast would make a clock.
        if !column.iter().any(|expr| is_written_instant(expr)) {
            column.iter_mut().for_each(|expr| **expr = cast(std::mem::take(*expr), MICROSECONDS));
            *field = Arc::new(field.as_ref().clone().with_data_type(MICROSECONDS));
        }
    }
    for (at, field) in fields.iter_mut().enumerate().filter(|(_, field)| field.data_type().is_decimal()) {
        let decimal = field.data_type().clone();
        // A value as it was written.
        let written = |expr: &Expr| match expr {
            Expr::Cast(cast) if *cast.field.data_type() == decimal => cast.expr.as_ref().clone(),
            other => other.clone(),
        };
        let mut column: Vec<&mut Expr> = values.values.iter_mut().filter_map(|row| row.get_mut(at)).collect();
        let types = column.iter().map(|expr| written(expr).get_type(&none)).collect::<PlanResult<Vec<_>>>()?;
        if types.iter().any(DataType::is_floating) {
            column.iter_mut().for_each(|expr| **expr = cast(written(expr), DataType::Float64));
            *field = Arc::new(field.as_ref().clone().with_data_type(DataType::Float64));
        }
    }
    let schema = DFSchema::from_unqualified_fields(fields.into(), values.schema.metadata().clone())?;
    Ok(Values { schema: Arc::new(schema), ..values })
}

/// The join with pairs of keys that go together.
fn meet_in_join(mut join: Join, meeting: Meeting<'_>) -> PlanResult<Join> {
    for (left, right) in &mut join.on {
        let types = [left.get_type(join.left.schema())?, right.get_type(join.right.schema())?];
        let mut keys = [Operand::new(left.clone(), &types[0]), Operand::new(right.clone(), &types[1])];
        meeting.equated(&mut keys)?;
        [*left, *right] = keys.map(|key| key.expr);
    }
    Ok(join)
}

/// What is done to operands so that they go together.
type How<'a> = fn(Meeting<'a>, &mut [Operand]) -> PlanResult<()>;

/// How the sides of an operator that compares them meet.
fn comparison<'a>(op: Operator) -> Option<How<'a>> {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    match op {
        Eq | NotEq | IsDistinctFrom | IsNotDistinctFrom => Some(Meeting::equated),
        Lt | LtEq | Gt | GtEq => Some(Meeting::compared),
        _ => None,
    }
}

/// Decides the types of expressions over one schema, innermost first.
struct Types<'a> {
    schema: &'a DFSchema,
    meeting: Meeting<'a>,
    rest: TypeCoercionRewriter<'a>,
}

impl TreeNodeRewriter for Types<'_> {
    type Node = Expr;

    fn f_up(&mut self, mut expr: Expr) -> PlanResult<Transformed<Expr>> {
        misuse::refuse(&expr, self.schema)?;
        self.meet(&mut expr)?;
        let coerced = self.rest.f_up(expr)?;
        coerced
            .transform_data(|expr| Ok(Transformed::yes(kept_apart(literal_arguments(expr)?, self.meeting.functions))))
    }
}

/// Whole numbers and texts among the arguments of a call as literals of the types they were cast to: what a function
/// gives may hang on them, as the scale of `round(x, 1)` does. A cast that may change a value is left to be computed.
fn literal_arguments(expr: Expr) -> PlanResult<Expr> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return Ok(expr) };
    let plain = |arg: Expr| match &arg {
        Expr::Cast(cast) => match cast.expr.as_ref() {
            Expr::Literal(value, metadata) if keeps(&value.data_type(), cast.field.data_type()) => {
                Ok(Expr::Literal(value.cast_to(cast.field.data_type())?, metadata.clone()))
            }
            _ => Ok(arg),
        },
        _ => Ok(arg),
    };
    let args = args.into_iter().map(plain).collect::<PlanResult<Vec<_>>>()?;
    Ok(Expr::ScalarFunction(ScalarFunction { func, args }))
}

/// Whether a cast gives the same value, or fails.
fn keeps(from: &DataType, to: &DataType) -> bool {
    (from.is_integer() && to.is_integer()) || (from.is_string() && to.is_string()) || from.is_null()
}

impl<'a> Types<'a> {
    fn new(schema: &'a DFSchema, meeting: Meeting<'a>) -> Self {
        Self { schema, meeting, rest: TypeCoercionRewriter::new(schema) }
    }

    /// Makes expressions go together, as `how` says.
    fn together<'e>(
        &self,
        exprs: impl IntoIterator<Item = &'e mut Expr>,
        how: impl FnOnce(Meeting<'a>, &mut [Operand]) -> PlanResult<()>,
    ) -> PlanResult<()> {
        let (mut places, mut operands) = (Vec::new(), Vec::new());
        for expr in exprs {
            let of = expr.get_type(self.schema)?;
            operands.push(Operand::new(std::mem::take(expr), &of));
            places.push(expr);
        }
        how(self.meeting, &mut operands)?;
        places.into_iter().zip(operands).for_each(|(place, operand)| *place = operand.expr);
        Ok(())
    }

    /// Makes those parts of the expression that meet go together.
    fn meet(&self, expr: &mut Expr) -> PlanResult<()> {
        match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Minus, right }) => {
                self.together([left.as_mut(), right.as_mut()], |meeting, operands| {
                    meeting.subtracted(operands);
                    Ok(())
                })
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match comparison(*op) {
                Some(how) => self.together([left.as_mut(), right.as_mut()], how),
                None => Ok(()),
            },
            Expr::Between(Between { expr, low, high, .. }) => {
                self.together([expr.as_mut(), low.as_mut(), high.as_mut()], Meeting::compared)
            }
            Expr::InList(InList { expr, list, .. }) => {
                self.together(std::iter::once(expr.as_mut()).chain(list), Meeting::equated)
            }
            Expr::Case(case) => self.case(case),
            Expr::ScalarFunction(ScalarFunction { func, args }) if CHOOSING.contains(&func.name()) => {
                let how = match func.name() {
                    "nullif" => Meeting::equated,
                    "coalesce" => Meeting::chosen_or_written,
                    _ => Meeting::chosen,
                };
                self.together(args, how)
            }
            Expr::ScalarFunction(ScalarFunction { func, args }) if ROUNDING.contains(&func.name()) => {
                self.with_a_digit_more(args)
            }
            Expr::InSubquery(within) => self.in_subquery(within),
            Expr::Cast(Cast { expr: value, field }) => {
                let of = value.get_type(self.schema)?;
                if let Some(time) = self.meeting.time(value, &of, field.data_type(), "wall_clock") {
                    *expr = time;
                } else if of == DataType::Date32 && is_fine(field.data_type()) {
                    // As nanoseconds there would be none after 2262.
                    *expr = cast(std::mem::take(value), MICROSECONDS);
                }
                Ok(())
            }
            Expr::TryCast(TryCast { expr: value, field }) => {
                let of = value.get_type(self.schema)?;
                if let Some(time) = self.meeting.time(value, &of, field.data_type(), "try_wall_clock") {
                    *expr = time;
                }
                Ok(())
            }
            Expr::ScalarFunction(ScalarFunction { func, args }) if READING.contains(&func.name()) => {
                if let [value] = args.as_slice()
                    && let of = value.get_type(self.schema)?
                    && let Some(time) = self.meeting.time(value, &of, &MICROSECONDS, "wall_clock")
                {
                    *expr = time;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A decimal that is rounded may be a digit longer: 9.5 becomes 10.
    fn with_a_digit_more(&self, args: &mut [Expr]) -> PlanResult<()> {
        let Some(value) = args.first_mut() else { return Ok(()) };
        if let DataType::Decimal128(precision, scale) = value.get_type(self.schema)?
            && precision < DECIMAL128_MAX_PRECISION
        {
            *value = cast(std::mem::take(value), DataType::Decimal128(precision + 1, scale));
        }
        Ok(())
    }

    fn case(&self, case: &mut Case) -> PlanResult<()> {
        if let Some(operand) = &mut case.expr {
            let whens = case.when_then_expr.iter_mut().map(|(when, _)| when.as_mut());
            self.together(std::iter::once(operand.as_mut()).chain(whens), Meeting::equated)?;
        }
        let thens = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut());
        self.together(thens.chain(case.else_expr.iter_mut().map(AsMut::as_mut)), Meeting::chosen)
    }

    fn in_subquery(&self, within: &mut InSubquery) -> PlanResult<()> {
        let schema = Arc::clone(within.subquery.subquery.schema());
        let column = Expr::Column(schema.columns().remove(0));
        let of = within.expr.get_type(self.schema)?;
        let mut sides = [
            Operand::new(within.expr.as_ref().clone(), &of),
            Operand::new(column.clone(), schema.field(0).data_type()),
        ];
        self.meeting.equated(&mut sides)?;
        let [expr, met] = sides.map(|side| side.expr);
        *within.expr = expr;
        if met != column {
            within.subquery = projected(within.subquery.clone(), met)?;
        }
        Ok(())
    }
}

/// The subquery with another expression over its one column.
fn projected(subquery: Subquery, expr: Expr) -> PlanResult<Subquery> {
    let plan = LogicalPlanBuilder::from(Arc::unwrap_or_clone(subquery.subquery)).project(vec![expr])?.build()?;
    Ok(Subquery { subquery: Arc::new(plan), ..subquery })
}

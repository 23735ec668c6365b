//! Values of different types that are compared, or of which one is chosen: what each is read as.

use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use datafusion::common::{Column, DataFusionError, Result as PlanResult, ScalarValue};
use datafusion::logical_expr::{Expr, cast, lit};

use crate::error::Error;

use super::Functions;
use super::mark::instant_of;
use super::written::Written;

/// The function that reads an exact number as a double, unless another may be the same one; nobody else may call it.
pub const EXACTLY: &str = "$exactly";
/// How names begin under which the binder joins subqueries.
pub const LOOKED_INTO: &str = "$sub";
/// The largest of the whole numbers that even a double of half the size tells apart.
const SMALL: i64 = 1 << 24;

fn is_small(whole: i64) -> bool {
    (-SMALL..=SMALL).contains(&whole)
}

/// An expression and its type.
#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub(super) expr: Expr,
    of: DataType,
}

impl Operand {
    pub(super) fn new(expr: Expr, of: &DataType) -> Self {
        Self { expr, of: of.clone() }
    }

    /// The text of a literal.
    fn text(&self) -> Option<&str> {
        match &self.expr {
            Expr::Literal(value, _) => value.try_as_str().flatten(),
            _ => None,
        }
    }

    fn is_text(&self) -> bool {
        matches!(self.of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    }

    fn is_instant(&self) -> bool {
        matches!(self.of, DataType::Timestamp(_, Some(_)))
    }

    fn is_clock(&self) -> bool {
        matches!(self.of, DataType::Timestamp(_, None))
    }

    fn is_timestamp(&self) -> bool {
        matches!(self.of, DataType::Timestamp(..))
    }

    fn is_date(&self) -> bool {
        matches!(self.of, DataType::Date32 | DataType::Date64)
    }

    fn is_literal(&self) -> bool {
        match &self.expr {
            Expr::Literal(..) => true,
            Expr::Cast(cast) => matches!(cast.expr.as_ref(), Expr::Literal(..)),
            _ => false,
        }
    }

    /// Whether it is a column of a subquery that is joined, at most one row to each.
    fn is_looked_into(&self) -> bool {
        matches!(&self.expr, Expr::Column(Column { relation: Some(of), .. }) if of.table().starts_with(LOOKED_INTO))
    }

    /// Whether it is an exact number, other ones of which may be the same double.
    fn may_share(&self) -> bool {
        match (&self.of, &self.expr) {
            (DataType::Decimal128(precision, _), _) => *precision > 15,
            (of, Expr::Literal(value, _)) if of.is_integer() => {
                !matches!(value.cast_to(&DataType::Int64), Ok(ScalarValue::Int64(whole)) if whole.is_none_or(is_small))
            }
            (of, _) => of.is_integer(),
        }
    }

    /// Whether it is written as 0, which no other number becomes as a double.
    fn is_zero(&self) -> bool {
        let written = match &self.expr {
            Expr::Cast(cast) => cast.expr.as_ref(),
            other => other,
        };
        matches!(written, Expr::Literal(value, _)
            if matches!(value.cast_to(&DataType::Float64), Ok(ScalarValue::Float64(Some(0.0)))))
    }

    /// The same value as another type.
    fn read_as(&mut self, of: DataType) {
        if self.of != of {
            self.expr = cast(self.expr.clone(), of.clone());
            self.of = of;
        }
    }

    fn replace(&mut self, expr: Expr, of: DataType) {
        (self.expr, self.of) = (expr, of);
    }
}

/// Where values meet: the zone whose wall clocks they are put on, and the functions that do it.
#[derive(Clone, Copy)]
pub(super) struct Meeting<'a> {
    pub(super) zone: Tz,
    pub(super) functions: &'a Functions,
}

impl Meeting<'_> {
    /// Values that are compared with each other.
    pub(super) fn compared(self, operands: &mut [Operand]) -> PlanResult<()> {
        numbers_from_text(operands)?;
        as_instants(operands);
        self.times(operands)?;
        doubles(operands);
        Ok(())
    }

    /// Values that are to equal each other: exact numbers beside doubles are told apart, or fail. Two that are one double
    /// would each be found for it, though a key has both.
    pub(super) fn equated(self, operands: &mut [Operand]) -> PlanResult<()> {
        let clocks = show_clocks(operands);
        if clocks && operands.iter().any(|operand| operand.is_instant() && operand.is_looked_into()) {
            return Err(refusal(
                "a wall clock is looked for among instants, two of which may show the same; cast both to dates"
                    .to_owned(),
            ));
        }
        let double = operands.iter().any(|operand| operand.of.is_floating() && !operand.is_zero());
        if let Some(exactly) = self.functions.scalar.get(EXACTLY).filter(|_| double) {
            for operand in operands.iter_mut().filter(|operand| operand.may_share()) {
                operand.replace(exactly.call(vec![operand.expr.clone()]), DataType::Float64);
            }
        }
        self.compared(operands)
    }

    /// Values of which one is chosen, row by row.
    pub(super) fn chosen(self, operands: &mut [Operand]) -> PlanResult<()> {
        as_instants(operands);
        let clocks = show_clocks(operands);
        if clocks && operands.iter().any(|operand| operand.is_instant() && !operand.is_literal()) {
            return Err(refusal(
                "a timestamp with a zone and one without cannot stand in one column; cast one of them".to_owned(),
            ));
        }
        let times = operands.iter().any(|operand| operand.is_timestamp() || operand.is_date());
        if times && operands.iter().any(|operand| operand.of.is_numeric()) {
            return Err(refusal("a time and a number cannot stand in one column; cast one of them".to_owned()));
        }
        doubles(operands);
        Ok(())
    }

    /// The same, where a text that is written out may stand for a time beside times.
    pub(super) fn chosen_or_written(self, operands: &mut [Operand]) -> PlanResult<()> {
        let times = operands.iter().any(|operand| operand.is_timestamp() || operand.is_date());
        if times && operands.iter().any(Operand::is_text) {
            if let Some(text) = operands.iter().find(|operand| operand.is_text() && operand.text().is_none()) {
                return Err(refusal(format!(
                    "the text {} and a time cannot stand in one column; cast one of them",
                    quoted(&text.expr)
                )));
            }
            self.times(operands)?;
        }
        self.chosen(operands)
    }

    /// Two values of which one is subtracted from the other.
    pub(super) fn subtracted(self, operands: &mut [Operand]) {
        as_instants(operands);
        if operands.iter().all(Operand::is_timestamp) {
            self.on_the_wall(operands);
        }
    }

    /// What a cast of text to a time stands for: text that carries a zone is an instant. A literal is one whatever type it
    /// is cast to; other text is read row by row by `clock_of`, which puts instants on the wall.
    pub(super) fn time(self, value: &Expr, of: &DataType, to: &DataType, clock_of: &str) -> Option<Expr> {
        let text = Operand::new(value.clone(), of);
        if !text.is_text() || !matches!(to, DataType::Timestamp(_, None) | DataType::Date32) {
            return None;
        }
        match (to, text.text().map(Written::read)) {
            (DataType::Timestamp(..), Some(Some(Written::Instant(at)))) => Some(instant(at)),
            (DataType::Timestamp(..), Some(Some(Written::Clock(at)))) => Some(clock(at)),
            (_, Some(Some(Written::Instant(at)))) => {
                Some(cast(clock(at.with_timezone(&self.zone).naive_local()), DataType::Date32))
            }
            (_, Some(_)) => None,
            (_, None) if text.is_literal() => None,
            (to, None) => {
                let clock = self.functions.scalar.get(clock_of)?.call(vec![text.expr, lit(self.zone.name())]);
                Some(if *to == DataType::Date32 { cast(clock, DataType::Date32) } else { clock })
            }
        }
    }

    /// Times that are compared: literals are read, dates become timestamps beside timestamps, and instants that meet a
    /// wall clock are put on the wall.
    fn times(self, operands: &mut [Operand]) -> PlanResult<()> {
        let timestamps = operands.iter().any(Operand::is_timestamp);
        if !timestamps && !operands.iter().any(Operand::is_date) {
            return Ok(());
        }
        if operands.iter().any(|operand| operand.of.is_numeric()) {
            return Err(refusal(
                "a time is compared with a number; write a time, as DATE '2017-06-01', or take a part of one, as \
                 EXTRACT(YEAR FROM …)"
                    .to_owned(),
            ));
        }
        let instants = operands.iter().any(Operand::is_instant);
        let clocks = operands.iter().any(Operand::is_clock);
        for operand in operands.iter_mut().filter(|operand| operand.is_text()) {
            let short = operand.text().is_some_and(|text| text.trim().len() <= DATE_LENGTH);
            if timestamps || !short {
                operand.expr = self.time_from_text(&operand.expr, instants && !clocks)?;
                operand.of = if instants && !clocks { zoned() } else { MICROSECONDS };
            }
        }
        self.on_the_wall(operands);
        let zone = operands.iter().any(Operand::is_instant);
        if operands.iter().any(Operand::is_timestamp) {
            let timestamp = if zone { zoned() } else { MICROSECONDS };
            operands.iter_mut().filter(|operand| operand.is_date()).for_each(|date| date.read_as(timestamp.clone()));
        }
        for operand in operands.iter_mut() {
            match &operand.of {
                DataType::Timestamp(TimeUnit::Microsecond, _) => {}
                DataType::Timestamp(_, None) => operand.read_as(MICROSECONDS),
                DataType::Timestamp(_, Some(_)) => operand.read_as(zoned()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The time that a literal of text writes, or those that `coalesce` chooses from.
    fn time_from_text(self, expr: &Expr, as_instant: bool) -> PlanResult<Expr> {
        let operand = Operand::new(expr.clone(), &DataType::Utf8);
        if let Some(text) = operand.text() {
            return match Written::read(text) {
                None => Err(refusal(format!("'{text}' is no time; write 2017-06-01 or 2017-06-01 12:00:00"))),
                Some(Written::Instant(at)) if as_instant => Ok(instant(at)),
                Some(Written::Instant(at)) => Ok(clock(at.with_timezone(&self.zone).naive_local())),
                Some(Written::Clock(at)) if as_instant => Ok(instant(at.and_utc())),
                Some(Written::Clock(at)) => Ok(clock(at)),
            };
        }
        match expr {
            Expr::Literal(value, _) if value.is_null() => Ok(cast(expr.clone(), MICROSECONDS)),
            Expr::Cast(cast) if matches!(cast.expr.as_ref(), Expr::Literal(..)) => {
                self.time_from_text(&cast.expr, as_instant)
            }
            Expr::ScalarFunction(call) if call.func.name() == "coalesce" => {
                let args = call.args.iter().map(|arg| self.time_from_text(arg, as_instant));
                Ok(call.func.call(args.collect::<PlanResult<Vec<_>>>()?))
            }
            other => Err(refusal(format!("{} is text and is compared with a time; cast it", quoted(other)))),
        }
    }

    /// Instants that meet a wall clock, on the wall. A clock that is a literal has been written by somebody: beside
    /// instants alone it is read as UTC, as the mart writes them.
    fn on_the_wall(self, operands: &mut [Operand]) {
        let clocks = show_clocks(operands);
        let Some(wall_clock) = self.functions.scalar.get("wall_clock").filter(|_| clocks) else { return };
        for operand in operands.iter_mut().filter(|operand| operand.is_instant()) {
            operand.read_as(zoned());
            let wall = wall_clock.call(vec![operand.expr.clone(), lit(self.zone.name())]);
            operand.replace(wall, MICROSECONDS);
        }
    }
}

/// The length of a date as text.
const DATE_LENGTH: usize = 10;
/// A wall clock, as the mart holds it.
pub(super) const MICROSECONDS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// An instant, as the mart holds it.
fn zoned() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn instant(at: DateTime<Utc>) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at.timestamp_micros()), Some("UTC".into())))
}

fn clock(at: NaiveDateTime) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at.and_utc().timestamp_micros()), None))
}

/// Clocks that were written as instants, beside instants alone, as what was written.
fn as_instants(operands: &mut [Operand]) {
    let clock = |operand: &Operand| operand.is_clock() && instant_of(&operand.expr).is_none() && !operand.is_literal();
    if operands.iter().any(clock) || !operands.iter().any(Operand::is_instant) {
        return;
    }
    for operand in operands {
        if let Some(at) = instant_of(&operand.expr) {
            operand.replace(instant(at), zoned());
        }
    }
}

/// Whether one is a clock that nobody has written out.
fn show_clocks(operands: &[Operand]) -> bool {
    operands.iter().any(|operand| operand.is_clock() && !operand.is_literal())
}

/// Decimals beside doubles as doubles.
fn doubles(operands: &mut [Operand]) {
    if operands.iter().any(|operand| operand.of.is_floating()) {
        let decimals = operands.iter_mut().filter(|operand| operand.of.is_decimal());
        decimals.for_each(|operand| operand.read_as(DataType::Float64));
    }
}

/// Literals of text beside numbers as the numbers that they write; any other text is refused there.
fn numbers_from_text(operands: &mut [Operand]) -> PlanResult<()> {
    if !operands.iter().any(|operand| operand.of.is_numeric()) {
        return Ok(());
    }
    for operand in operands.iter_mut().filter(|operand| operand.is_text()) {
        let Some(written) = operand.text() else {
            return Err(refusal(format!(
                "{} is text and is compared with a number; cast one of them",
                quoted(&operand.expr)
            )));
        };
        let (expr, of) =
            number(written).ok_or_else(|| refusal(format!("'{written}' is no number, and is compared with one")))?;
        operand.replace(expr, of);
    }
    Ok(())
}

/// The number that a text writes, as exact as it is written.
fn number(text: &str) -> Option<(Expr, DataType)> {
    let text = text.trim();
    let value = match (text.parse::<i64>(), text.split_once('.')) {
        (Ok(whole), _) => ScalarValue::Int64(Some(whole)),
        (Err(_), Some((whole, fraction))) if fraction.len() <= 18 && whole.len() <= 20 => {
            let digits = format!("{whole}{fraction}").parse::<i128>().ok()?;
            ScalarValue::Decimal128(Some(digits), 38, i8::try_from(fraction.len()).ok()?)
        }
        _ => ScalarValue::Float64(Some(text.parse::<f64>().ok()?)),
    };
    let of = value.data_type();
    Some((lit(value), of))
}

/// A value of text, as a message names it.
fn quoted(expr: &Expr) -> String {
    match expr {
        // A name of ours says nothing.
        Expr::Column(column) if column.name().starts_with('$') => "a value computed there".to_owned(),
        Expr::Column(column) => format!("'{}'", column.name()),
        Expr::Literal(value, _) => format!("'{value}'"),
        other => Some(other.schema_name().to_string())
            .filter(|name| !name.contains('$'))
            .map_or_else(|| "a value computed there".to_owned(), |name| format!("'{name}'")),
    }
}

fn refusal(message: String) -> DataFusionError {
    DataFusionError::External(Box::new(Error::invalid(message)))
}

//! Random expressions of a statement.

use super::draw::{Column, Draw, Shape, one};
use super::draw_outer::correlated;
use super::draw_star::instant;
use super::draw_window::windowed;
use super::tree::{Call, Expr};
use super::value::{Type, Value, wall};

pub(crate) fn literal(draw: &mut Draw<'_>, of: Type) -> Expr {
    let choices = &mut *draw.choices;
    Expr::Literal(match of {
        Type::Boolean => Value::Boolean(choices.chance(50)),
        Type::Integer => Value::Integer(choices.below(5) as i128),
        // No figure of the data, or a sum of some, has such an end: no comparison hangs on a double's last digit.
        Type::Decimal | Type::Double => Value::decimal(choices.below(20_000) as i128 * 100 + 37, 4),
        Type::Text => Value::Text((*choices.one(&["a", "b", "中文", "low"])).to_owned()),
        Type::Date => Value::Date(17_200 + choices.below(500) as i32),
        Type::Instant => Value::Instant(wall(instant(choices), draw.star.zone)),
    })
}

/// What a column is compared with: of instants also a literal with an offset, or a day.
fn bound(draw: &mut Draw<'_>, of: Type) -> Expr {
    match (of, draw.choices.below(6)) {
        (Type::Instant, 1..=3) => {
            let minutes = *draw.choices.one(&[0, -300, 60, 330]);
            Expr::Zoned(draw.star.zone, instant(draw.choices), minutes)
        }
        (Type::Instant, 4) => literal(draw, Type::Date),
        _ => literal(draw, of),
    }
}

fn call(function: &'static str, argument: Expr) -> Expr {
    Expr::call(function, Some(argument))
}

/// An expression of a dimension.
pub(crate) fn of_dimension(draw: &mut Draw<'_>, column: &Column) -> Expr {
    let name = Expr::name(&column.name);
    match (draw.choices.below(12), column.of) {
        (9, Type::Text) => Expr::Coalesce(Box::new(name), Box::new(literal(draw, Type::Text))),
        (9, Type::Instant) => Expr::Truncated("hour", Box::new(name)),
        (9, Type::Date) => Expr::Truncated(draw.choices.word(&["week", "month", "year"]), Box::new(name)),
        (10, Type::Text) => Expr::Function(draw.choices.word(&["upper", "lower"]), Box::new(name)),
        (8, Type::Integer) => Expr::binary("+", name, Expr::Literal(Value::Integer(1))),
        (7, Type::Text | Type::Integer) if draw.choices.chance(60) => {
            let Some((keys, _)) = draw.subqueries(column.of) else { return name };
            let when = Expr::InQuery(Box::new(name.clone()), Box::new(keys), draw.choices.chance(30));
            let otherwise = literal(draw, column.of);
            Expr::Case(vec![(when, name)], Some(Box::new(otherwise)))
        }
        (11, Type::Text | Type::Integer) => {
            let when = Expr::binary("=", name.clone(), literal(draw, column.of));
            let (then, otherwise) = (literal(draw, column.of), name);
            Expr::Case(vec![(when, then)], Some(Box::new(otherwise)))
        }
        _ => name,
    }
}

/// An expression of a measure, without an aggregate.
pub(crate) fn measured(draw: &mut Draw<'_>, column: &Column) -> Expr {
    let name = Expr::name(&column.name);
    let number = matches!(column.of, Type::Integer | Type::Decimal | Type::Double);
    match draw.choices.below(12) {
        9 if number => Expr::Cast(Box::new(name), Type::Double),
        10 if number => Expr::Coalesce(Box::new(name), Box::new(Expr::Literal(Value::Integer(0)))),
        11 if number => {
            let op = draw.choices.word(&["*", "/", "+"]);
            Expr::binary(op, name, Expr::Literal(Value::Integer(2)))
        }
        _ => name,
    }
}

/// A condition over dimensions.
pub(crate) fn condition(draw: &mut Draw<'_>, shape: &Shape) -> Expr {
    let dimensions = shape.of(false);
    if dimensions.is_empty() {
        return Expr::binary("=", Expr::Literal(Value::Integer(1)), Expr::Literal(Value::Integer(1)));
    }
    let column = draw.choices.one(&dimensions).clone();
    let name = Expr::name(&column.name);
    match draw.choices.below(8) {
        0 | 1 if column.of != Type::Instant => {
            Expr::binary(draw.choices.word(&["=", "<>"]), name, literal(draw, column.of))
        }
        0..=2 if column.of != Type::Boolean => {
            Expr::binary(draw.choices.word(&["<", ">=", "<=", ">"]), name, bound(draw, column.of))
        }
        3 => Expr::IsNull(Box::new(name), draw.choices.chance(60)),
        4 => {
            let list = vec![literal(draw, column.of), bound(draw, column.of)];
            Expr::In(Box::new(name), list)
        }
        5 => Expr::Not(Box::new(condition(draw, shape))),
        6 => {
            let op = draw.choices.word(&["AND", "OR"]);
            Expr::binary(op, condition(draw, shape), condition(draw, shape))
        }
        _ => Expr::binary("=", name, literal(draw, column.of)),
    }
}

/// A condition that asks another query: IN, EXISTS, or a comparison with its one value.
pub(crate) fn searched(draw: &mut Draw<'_>, shape: &Shape) -> Expr {
    if draw.choices.chance(50)
        && let Some(around) = draw.around.clone()
        && let Some(condition) = correlated(draw, shape, &around)
    {
        return condition;
    }
    let dimensions = shape.of(false);
    if dimensions.is_empty() {
        return condition(draw, shape);
    }
    let column = draw.choices.one(&dimensions).clone();
    let name = Expr::name(&column.name);
    let Some((keys, total)) = draw.subqueries(column.of) else { return Expr::IsNull(Box::new(name), true) };
    match draw.choices.below(4) {
        0 | 1 => Expr::InQuery(Box::new(name), Box::new(keys), draw.choices.chance(30)),
        2 => Expr::Exists(Box::new(keys)),
        _ => Expr::binary(">=", name, Expr::Scalar(Box::new(total))),
    }
}

/// A condition of HAVING.
pub(crate) fn group_condition(draw: &mut Draw<'_>, shape: &Shape) -> Expr {
    if !shape.rows && !shape.of(true).is_empty() && !draw.choices.chance(20) {
        return value_condition(draw, shape);
    }
    let (expr, column) = aggregated(draw, shape);
    match column.of {
        Type::Boolean => Expr::IsNull(Box::new(expr), true),
        Type::Integer => Expr::binary(">", expr, Expr::Literal(Value::Integer(draw.choices.below(2) as i128))),
        of => Expr::binary(">", expr, literal(draw, of)),
    }
}

/// A condition over measures; now and then one over an aggregate, which stands in HAVING alone.
pub(crate) fn value_condition(draw: &mut Draw<'_>, shape: &Shape) -> Expr {
    let measures = shape.of(true);
    let column = match measures.is_empty() {
        true => return condition(draw, shape),
        false => draw.choices.one(&measures).clone(),
    };
    let (name, column) = match draw.choices.chance(2) {
        true => aggregated(draw, shape),
        false => (Expr::name(&column.name), column),
    };
    match draw.choices.below(5) {
        _ if column.of == Type::Boolean => Expr::IsNull(Box::new(name), true),
        0 => Expr::IsNull(Box::new(name), true),
        1 => {
            let other = condition(draw, shape);
            Expr::binary("AND", Expr::binary(">", name, literal(draw, column.of)), other)
        }
        2 => Expr::binary("<", name, literal(draw, column.of)),
        _ => Expr::binary(">", name, literal(draw, column.of)),
    }
}

/// An aggregate, of a measure or of dimensions, and what it gives.
pub(crate) fn aggregated(draw: &mut Draw<'_>, shape: &Shape) -> (Expr, Column) {
    let (measures, dimensions) = (shape.of(true), shape.of(false));
    let column = |of: Type, measure: bool| Column { name: String::new(), of, measure };
    if measures.is_empty() || draw.choices.chance(30) {
        return of_rows(draw, shape, &dimensions);
    }
    let measure = draw.choices.one(&measures).clone();
    let name = Expr::name(&measure.name);
    let number = matches!(measure.of, Type::Integer | Type::Decimal | Type::Double);
    let same = column(measure.of, true);
    if !number {
        let function = draw.choices.word(if !shape.rows {
            &["measure", "measure", "min", "max"]
        } else {
            &["min", "max", "min", "max"]
        });
        return (call(function, name), same);
    }
    let expr = match draw.choices.below(14) {
        0..=2 if shape.rows => call(draw.choices.word(&["sum", "avg", "max", "count"]), name),
        0..=3 => call("sum", name),
        4 if shape.cube => name,
        4 | 5 if !shape.rows => call("measure", name),
        4 | 5 => call(draw.choices.word(&["sum", "avg", "max"]), name),
        6 => filtered(draw, shape, "sum", name),
        7 => {
            let when = condition(draw, shape);
            let zero = draw.choices.chance(60).then(|| Box::new(Expr::Literal(Value::Integer(0))));
            call("sum", Expr::Case(vec![(when, name)], zero))
        }
        8 => {
            let (other, _) = aggregated(draw, &Shape { columns: measures.clone(), ..shape.clone() });
            let quotient = Expr::binary("/", call("sum", name), Expr::Cast(Box::new(other), Type::Double));
            let textual = measures.iter().any(|column| !column.of.is_number());
            return if textual {
                (call("sum", Expr::name(&measure.name)), same)
            } else {
                (quotient, column(Type::Double, true))
            };
        }
        9 => Expr::Coalesce(Box::new(call("sum", name)), Box::new(Expr::Literal(Value::Integer(0)))),
        10 => call("sum", Expr::Cast(Box::new(name), measure.of)),
        11 => {
            let keys: Vec<Expr> = dimensions.iter().map(|column| Expr::name(&column.name)).collect();
            return windowed(draw, &keys, &measure, shape.rows);
        }
        12 if shape.rows || draw.choices.chance(30) => call(draw.choices.word(&["max", "min"]), name),
        13 if !shape.rows && draw.choices.chance(60) => call("measure", name),
        _ if !shape.rows && draw.choices.chance(80) => call("sum", name),
        _ => call(draw.choices.word(&["avg", "sum"]), Expr::binary("*", name, Expr::Literal(Value::Integer(2)))),
    };
    let of = match &expr {
        Expr::Call(call) if call.function == "avg" => Type::Double,
        Expr::Call(call) if call.function == "count" => Type::Integer,
        _ => same.of,
    };
    (expr, column(of, true))
}

fn filtered(draw: &mut Draw<'_>, shape: &Shape, function: &'static str, argument: Expr) -> Expr {
    let filter = Some(condition(draw, shape));
    Expr::Call(Box::new(Call { function, distinct: false, argument: Some(argument), filter, over: None }))
}

/// An aggregate of dimensions.
fn of_rows(draw: &mut Draw<'_>, shape: &Shape, dimensions: &[Column]) -> (Expr, Column) {
    let counted = Column { name: String::new(), of: Type::Integer, measure: true };
    if dimensions.is_empty() || draw.choices.chance(30) {
        return (Expr::call("count", None), counted);
    }
    let column = draw.choices.one(dimensions).clone();
    let name = Expr::name(&column.name);
    let when = condition(draw, shape);
    let chosen =
        Expr::Case(vec![(when, Expr::Literal(Value::Integer(1)))], Some(Box::new(Expr::Literal(Value::Integer(0)))));
    match draw.choices.below(8) {
        0 => (call("count", name), counted),
        1 => {
            let distinct = Call { function: "count", distinct: true, argument: Some(name), filter: None, over: None };
            (Expr::Call(Box::new(distinct)), counted)
        }
        2 | 3 if column.of != Type::Boolean => {
            (call(draw.choices.word(&["min", "max"]), name), Column { measure: true, ..column })
        }
        4 => (call("sum", chosen), counted),
        5 if draw.choices.chance(50) => {
            let when = condition(draw, shape);
            (call("count", Expr::Case(vec![(when, Expr::Literal(Value::Integer(1)))], None)), counted)
        }
        5 => (call("count", Expr::Literal(Value::Integer(1))), counted),
        6 => (filtered(draw, shape, "count", name), counted),
        7 if column.of == Type::Integer => (call("sum", name), Column { measure: true, ..one() }),
        _ => (call("avg", chosen), Column { of: Type::Double, ..counted }),
    }
}

//! Random subqueries that name what is outside: their WHERE makes a dimension of a cube equal to a column around them.

use super::draw::{Column, Draw, Shape};
use super::draw_expr::{aggregated, condition, literal};
use super::tree::{Expr, From, Groups, Item, Query, Select};
use super::value::Type;

/// A condition that asks such a subquery; none where no column goes with a dimension.
pub(crate) fn correlated(draw: &mut Draw<'_>, shape: &Shape, around: &str) -> Option<Expr> {
    let (from, inner, mut filter) = keyed(draw, shape, around)?;
    if draw.choices.chance(40) {
        filter = Expr::binary("AND", filter, condition(draw, &inner));
    }
    let query = |items: Vec<Expr>| {
        let items = items.into_iter().map(|item| Item::Expr(item, None)).collect();
        let filter = Some(filter.clone());
        Box::new(Query::of(Select {
            distinct: false,
            items,
            from: from.clone(),
            filter,
            groups: Groups::Implied,
            having: None,
        }))
    };
    match draw.choices.below(5) {
        0 | 1 => {
            let items = match draw.choices.below(4) {
                0 => vec![of(draw, &inner, true)?],
                1 => vec![of(draw, &inner, false)?, of(draw, &inner, true)?],
                2 => vec![of(draw, &inner, false)?],
                _ => vec![literal(draw, Type::Integer)],
            };
            let exists = Expr::Exists(query(items));
            Some(if draw.choices.chance(30) { Expr::Not(Box::new(exists)) } else { exists })
        }
        2 => {
            let (mine, theirs) = alike(draw, shape, &inner)?;
            let sought = Box::new(Expr::Name(vec![around.to_owned(), mine]));
            Some(Expr::InQuery(sought, query(vec![Expr::name(&theirs)]), draw.choices.chance(40)))
        }
        _ => {
            let (value, of) = value(draw, &inner)?;
            let value = Expr::Scalar(query(vec![value]));
            let bound = literal(draw, of);
            Some(match draw.choices.chance(25) {
                true => Expr::IsNull(Box::new(value), draw.choices.chance(50)),
                false => Expr::binary(">", value, bound),
            })
        }
    }
}

/// A value from such a subquery, and its type.
pub(crate) fn correlated_value(draw: &mut Draw<'_>, shape: &Shape, around: &str) -> Option<(Expr, Type)> {
    let (from, inner, filter) = keyed(draw, shape, around)?;
    let (value, of) = value(draw, &inner)?;
    let items = vec![Item::Expr(value, None)];
    let select = Select { distinct: false, items, from, filter: Some(filter), groups: Groups::Implied, having: None };
    Some((Expr::Scalar(Box::new(Query::of(select))), of))
}

/// A cube under a name of its own, and the equalities with what is outside.
fn keyed(draw: &mut Draw<'_>, shape: &Shape, around: &str) -> Option<(From, Shape, Expr)> {
    let names: Vec<String> = draw.star.cubes.iter().map(|cube| cube.name.clone()).collect();
    let cube = draw.choices.one(&names).clone();
    let inner = draw.cube_shape(&cube);
    let alias = draw.fresh();
    let mut all: Option<Expr> = None;
    for _ in 0..=usize::from(draw.choices.chance(25)) {
        let (mine, theirs) = alike(draw, shape, &inner)?;
        let outside = Expr::Outer(Box::new(Expr::Name(vec![around.to_owned(), mine])));
        let inside = match draw.choices.chance(50) {
            true => Expr::name(&theirs),
            false => Expr::Name(vec![alias.clone(), theirs]),
        };
        let equal = match draw.choices.chance(50) {
            true => Expr::binary("=", inside, outside),
            false => Expr::binary("=", outside, inside),
        };
        all = Some(match all {
            Some(all) => Expr::binary("AND", all, equal),
            None => equal,
        });
    }
    Some((From::Name(cube, Some(alias)), inner, all?))
}

/// The names of two columns of one type, one outside and one inside.
fn alike(draw: &mut Draw<'_>, outside: &Shape, inside: &Shape) -> Option<(String, String)> {
    let exact = |column: &Column| matches!(column.of, Type::Text | Type::Integer | Type::Date);
    let mine: Vec<Column> = outside.of(false).into_iter().filter(exact).collect();
    if mine.is_empty() {
        return None;
    }
    let mine = draw.choices.one(&mine).clone();
    let theirs: Vec<Column> = inside.of(false).into_iter().filter(|column| column.of == mine.of).collect();
    if theirs.is_empty() {
        return None;
    }
    Some((mine.name, draw.choices.one(&theirs).name.clone()))
}

/// A dimension or a measure.
fn of(draw: &mut Draw<'_>, shape: &Shape, measure: bool) -> Option<Expr> {
    let columns = shape.of(measure);
    (!columns.is_empty()).then(|| Expr::name(&draw.choices.one(&columns).name))
}

/// A measure, or an aggregate.
fn value(draw: &mut Draw<'_>, shape: &Shape) -> Option<(Expr, Type)> {
    if draw.choices.chance(50) {
        let measures = shape.of(true);
        let measure = draw.choices.one(&measures).clone();
        return Some((Expr::name(&measure.name), measure.of));
    }
    let (expr, column) = aggregated(draw, shape);
    Some((expr, column.of))
}

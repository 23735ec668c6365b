//! Random set operations: sides of the same types from different blocks, with constants that say which is which.

use super::draw::{Column, Draw, Shape};
use super::draw_expr::{condition, literal};
use super::tree::{Body, Expr, Groups, Item, Query, Select};
use super::value::{Type, Value};

impl Draw<'_> {
    /// Two or three queries of one width.
    pub(crate) fn set(&mut self, depth: usize) -> (Query, Shape) {
        let (mut query, mut shape) = self.query(depth);
        if let Body::Select(select) = &mut query.body
            && self.choices.chance(40)
        {
            self.label(&mut select.items, &mut shape.columns);
        }
        for _ in 0..=usize::from(self.choices.chance(25)) {
            let op = self.choices.word(&["UNION ALL", "UNION", "UNION ALL", "INTERSECT", "EXCEPT"]);
            let side = self.side(&query, &shape.columns);
            query = Query::set(op, query, side);
        }
        let shown = self.choices.chance(60);
        let of = |column: Column| Column { measure: column.measure && !shown, ..column };
        let shape = Shape::rows(shape.columns.into_iter().map(of).collect());
        self.ordered(&mut query, &shape.columns, 25);
        (query, shape)
    }

    /// A side like another: the same with another condition, or another block of the same types.
    fn side(&mut self, other: &Query, columns: &[Column]) -> Query {
        if let Body::Select(select) = &other.body
            && select.filter.is_none()
            && self.choices.chance(25)
            && let super::tree::From::Name(name, _) = &select.from
            && self.star.cubes.iter().any(|cube| cube.name == *name)
        {
            let mut again = other.clone();
            let shape = self.cube_shape(name);
            if let Body::Select(select) = &mut again.body {
                select.filter = Some(condition(self, &shape));
            }
            return again;
        }
        let (from, shape) = self.one_relation(0);
        let grouped = shape.cube && self.choices.chance(40);
        let (mut items, mut keys) = (Vec::new(), Vec::new());
        for wanted in columns {
            let expr = self.like(wanted, &shape, grouped);
            if matches!(expr, Expr::Name(_)) && grouped && !keys.contains(&expr) {
                keys.push(expr.clone());
            }
            let alias = self.choices.chance(50).then(|| self.fresh());
            items.push(Item::Expr(expr, alias));
        }
        let groups = if keys.is_empty() { Groups::Implied } else { Groups::By(keys) };
        let filter = self.choices.chance(30).then(|| condition(self, &shape));
        Query::of(Select { distinct: false, items, from, filter, groups, having: None })
    }

    /// An expression of the type of a column.
    fn like(&mut self, wanted: &Column, shape: &Shape, grouped: bool) -> Expr {
        let same = |measure: bool| -> Vec<Column> {
            shape.of(measure).into_iter().filter(|column| column.of == wanted.of).collect()
        };
        let found = if wanted.measure { same(true) } else { same(false) };
        let found = if found.is_empty() { same(!wanted.measure) } else { found };
        match found.is_empty() || self.choices.chance(10) {
            true if self.choices.chance(20) => Expr::Cast(Box::new(Expr::Literal(Value::Null)), wanted.of),
            true if wanted.of == Type::Double => Expr::Cast(Box::new(literal(self, wanted.of)), Type::Double),
            true => literal(self, wanted.of),
            false => {
                let column = self.choices.one(&found).clone();
                let name = Expr::name(&column.name);
                if column.measure && grouped { Expr::call("measure", Some(name)) } else { name }
            }
        }
    }
}

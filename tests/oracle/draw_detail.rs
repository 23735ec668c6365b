//! Random statements of fact rows: `*` over a cube.

use super::draw::{Column, Draw, Shape};
use super::draw_expr::{condition, of_dimension, value_condition};
use super::tree::{Expr, From, Groups, Item, Order, Query, Select};

impl Draw<'_> {
    /// `SELECT *` over a cube, with what may stand beside it, conditions and an order.
    pub(crate) fn detail(&mut self) -> (Query, Shape) {
        let names: Vec<String> = self.star.cubes.iter().map(|cube| cube.name.clone()).collect();
        let name = self.choices.one(&names).clone();
        let mut shape = self.cube_shape(&name);
        let (mut items, dimensions) = (vec![Item::Star], shape.of(false));
        while self.choices.chance(30) {
            let column = self.choices.one(&dimensions).clone();
            let (expr, alias) = (of_dimension(self, &column), self.fresh());
            items.push(Item::Expr(expr, Some(alias.clone())));
            shape.columns.push(Column { name: alias, ..column });
        }
        let cube = self.cube_shape(&name);
        let filter = match self.choices.below(6) {
            0 | 1 => None,
            2 | 3 => Some(condition(self, &cube)),
            4 => Some(self.on_row(&cube)),
            _ => {
                let op = self.choices.word(&["AND", "OR"]);
                Some(Expr::binary(op, condition(self, &cube), self.on_row(&cube)))
            }
        };
        let distinct = self.choices.chance(5);
        let from = From::Name(name, self.choices.chance(15).then(|| "c".to_owned()));
        let mut query = Query::of(Select { distinct, items, from, filter, groups: Groups::Implied, having: None });
        if self.choices.chance(50) {
            let by = match self.choices.chance(60) {
                true => self.choices.one(&dimensions).clone(),
                false => self.additive(&shape),
            };
            let descending = self.choices.chance(50);
            query.order.push(Order { expr: Expr::name(&by.name), descending, nulls_first: None });
            query.limit = self.choices.chance(40).then(|| self.choices.below(6));
        }
        shape.cube = query.is_bare() && !distinct;
        (query, shape)
    }

    /// A condition on the value that a measure has in a row.
    fn on_row(&mut self, cube: &Shape) -> Expr {
        let measure = self.additive(cube);
        match self.choices.chance(80) {
            true => value_condition(self, &Shape::new(vec![measure])),
            false => value_condition(self, cube),
        }
    }

    /// A measure, mostly one that is a sum or a count.
    fn additive(&mut self, shape: &Shape) -> Column {
        let measures = shape.of(true);
        let names = ["revenue", "lines", "units", "sold", "turnover", "revenue_a"];
        let known: Vec<Column> =
            measures.iter().filter(|column| names.contains(&column.name.as_str())).cloned().collect();
        match known.is_empty() || self.choices.chance(8) {
            true => self.choices.one(&measures).clone(),
            false => self.choices.one(&known).clone(),
        }
    }
}

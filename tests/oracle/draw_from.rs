//! What random statements read: cubes, tables, blocks, and joins of them.

use super::draw::{Column, Draw, Shape, one};
use super::draw_expr::{condition, literal};
use super::names::called;
use super::tree::{Expr, From, Groups, Item, On, Query, Select};
use super::value::Type;

impl Draw<'_> {
    /// What a SELECT reads, and the condition that has to stand in its WHERE.
    pub(crate) fn from(&mut self, depth: usize) -> (From, Shape, Option<Expr>) {
        let (from, shape) = self.one_relation(depth);
        if depth == 0 || !self.choices.chance(25) {
            return (from, shape, None);
        }
        let (mut from, mut shape, met) = self.joined(from, shape, depth);
        if !matches!(from, From::Join(",", ..)) && self.choices.chance(25) {
            (from, shape, _) = self.joined(from, shape, 1);
        }
        (from, shape, met)
    }

    /// A relation joined with another.
    fn joined(&mut self, left: From, shape: Shape, depth: usize) -> (From, Shape, Option<Expr>) {
        let (right, theirs) = self.beside(&left, &shape, depth);
        let using = match &right {
            From::Block(..) => {
                theirs.columns.iter().find(|column| shape.columns.iter().any(|own| own.name == column.name))
            }
            _ => None,
        };
        let using = using.filter(|_| !matches!(left, From::Join(..))).map(|column| column.name.clone());
        let on = match &using {
            Some(name) => On::Using(vec![name.clone()], None),
            None => self.met(&left, &shape, &right, &theirs).map_or(On::Nothing, On::Condition),
        };
        let outer = if shape.cube { 6 } else { 40 };
        let kind = match (&on, &using) {
            (On::Nothing, _) => self.choices.word(&["CROSS JOIN", "CROSS JOIN", ","]),
            _ if self.choices.chance(outer) => self.choices.word(&["FULL JOIN", "RIGHT JOIN", "FULL JOIN"]),
            _ => self.choices.word(&["JOIN", "LEFT JOIN", "JOIN", "LEFT JOIN", "JOIN", ","]),
        };
        // A comma binds less than the joins of a relation beside it, and has no USING.
        let kind = if kind == "," && (using.is_some() || matches!(left, From::Join(..))) { "JOIN" } else { kind };
        let kind = if kind == "JOIN" && on == On::Nothing { "CROSS JOIN" } else { kind };
        let shape = both((called(&left), &shape), (called(&right), &theirs), using.as_ref());
        let swapped = matches!(kind, "JOIN" | ",") && !matches!(left, From::Join(..)) && self.choices.chance(15);
        let (left, right) = if swapped { (right, left) } else { (left, right) };
        match (kind, on) {
            (",", On::Condition(on)) => {
                (From::Join(kind, Box::new(left), Box::new(right), On::Nothing), shape, Some(on))
            }
            (_, on) => (From::Join(kind, Box::new(left), Box::new(right), on), shape, None),
        }
    }

    /// What a relation is joined with: groups of a cube, a table, or any block.
    fn beside(&mut self, left: &From, shape: &Shape, depth: usize) -> (From, Shape) {
        match self.choices.below(8) {
            4 | 5 => self.table(),
            6 if depth > 0 => {
                let (query, shape) = self.query(depth - 1);
                (From::Block(Box::new(query), self.fresh()), shape)
            }
            7 if depth > 0 && self.choices.chance(30) => {
                let names: Vec<String> = self.star.cubes.iter().map(|cube| cube.name.clone()).collect();
                let name = self.choices.one(&names).clone();
                let shape = self.cube_shape(&name);
                (From::Name(name, Some(self.fresh())), shape)
            }
            _ => self.groups(left, shape),
        }
    }

    /// The groups of a cube, sometimes with a key that is called as one of another relation.
    fn groups(&mut self, left: &From, left_shape: &Shape) -> (From, Shape) {
        let names: Vec<String> = self.star.cubes.iter().map(|cube| cube.name.clone()).collect();
        let name = self.choices.one(&names).clone();
        let cube = self.cube_shape(&name);
        let (mut items, mut columns, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let wanted = self.choices.below(3);
        for column in self.choices.some(&cube.of(false), wanted, wanted) {
            let mut alias = self.fresh();
            let same = left_shape.of(false).into_iter().find(|own| own.of == column.of);
            if let Some(same) = same
                && columns.is_empty()
                && !matches!(left, From::Join(..))
                && self.choices.chance(25)
            {
                alias = same.name;
            }
            keys.push(Expr::name(&column.name));
            items.push(Item::Expr(Expr::name(&column.name), Some(alias.clone())));
            columns.push(Column { name: alias, ..column });
        }
        if self.choices.chance(20) {
            let (alias, constant) = (self.fresh(), literal(self, Type::Integer));
            items.push(Item::Expr(constant, Some(alias.clone())));
            columns.push(Column { name: alias, ..one() });
        }
        let measure = self.choices.one(&cube.of(true)).clone();
        let alias = self.fresh();
        items.push(Item::Expr(Expr::call("measure", Some(Expr::name(&measure.name))), Some(alias.clone())));
        columns.push(Column { name: alias, measure: self.choices.chance(40), ..measure });
        let filter = self.choices.chance(20).then(|| condition(self, &cube));
        let groups = match keys.is_empty() {
            true => Groups::Implied,
            false => Groups::By(keys),
        };
        let select = Select { distinct: false, items, from: From::Name(name, None), filter, groups, having: None };
        (From::Block(Box::new(Query::of(select)), self.fresh()), Shape::rows(columns))
    }

    /// A table of the mart; its numbers are what a statement may add up.
    fn table(&mut self) -> (From, Shape) {
        let table = self.choices.one(&self.star.tables).clone();
        let summed = |of: Type| matches!(of, Type::Decimal | Type::Double);
        // The instants of a table are no wall clock, which those of cubes are.
        let shown = table.columns.iter().filter(|(_, of)| *of != Type::Instant);
        let columns = shown.map(|(name, of)| Column { name: name.clone(), of: *of, measure: summed(*of) });
        (From::Table(table.name.clone(), self.fresh()), Shape::rows(columns.collect()))
    }

    /// The condition of a join: equalities of columns of one type, for some of the right side's.
    fn met(&mut self, left: &From, shape: &Shape, right: &From, theirs: &Shape) -> Option<Expr> {
        let mut on = None;
        let tabular = matches!(right, From::Table(..));
        let mut keys: Vec<Column> = theirs.of(false);
        keys.truncate(if tabular && self.choices.chance(70) { 1 } else { 3 });
        for key in keys {
            let alike = |own: &Column| own.of == key.of && key.of != Type::Double;
            let named = |own: &Column| tabular && own.name == key.name;
            let same: Vec<Column> = shape.of(false).into_iter().filter(alike).collect();
            if same.is_empty() || self.choices.chance(10) {
                continue;
            }
            let mine = match same.iter().find(|own| named(own)) {
                Some(own) => own.clone(),
                None => self.choices.one(&same).clone(),
            };
            let of = shape.relations.iter().find(|(name, _)| *name == mine.name);
            let of = of.map_or_else(|| called(left).to_owned(), |(_, relation)| relation.clone());
            let op = if self.choices.chance(8) { "IS NOT DISTINCT FROM" } else { "=" };
            let (mine, other) = (Expr::Name(vec![of, mine.name]), Expr::Name(vec![called(right).to_owned(), key.name]));
            let equal = match self.choices.chance(30) {
                true => Expr::binary(op, other, mine),
                false => Expr::binary(op, mine, other),
            };
            on = Some(match on {
                Some(on) => Expr::binary("AND", on, equal),
                None => equal,
            });
        }
        on
    }

    pub(crate) fn one_relation(&mut self, depth: usize) -> (From, Shape) {
        if depth > 0 && self.choices.chance(55) {
            let (query, shape) = match self.choices.below(12) {
                10 => self.set(depth - 1),
                11 => self.detail(),
                _ => self.query(depth - 1),
            };
            return (From::Block(Box::new(query), self.fresh()), shape);
        }
        if !self.with.is_empty() && self.choices.chance(70) {
            let (name, shape) = self.choices.one(&self.with.clone()).clone();
            let alias = self.choices.chance(30).then(|| self.fresh());
            return (From::Name(name, alias), shape);
        }
        if self.choices.chance(6) {
            return self.table();
        }
        let cubes: Vec<String> = self.star.cubes.iter().map(|cube| cube.name.clone()).collect();
        let name = self.choices.one(&cubes).clone();
        let shape = self.cube_shape(&name);
        let itself = From::Name(name, self.choices.chance(15).then(|| "c".to_owned()));
        if depth > 0 && self.choices.chance(15) {
            let filter = self.choices.chance(40).then(|| condition(self, &shape));
            let items = vec![Item::Star];
            let select = Select { distinct: false, items, from: itself, filter, groups: Groups::Implied, having: None };
            return (From::Block(Box::new(Query::of(select)), self.fresh()), shape);
        }
        (itself, shape)
    }
}

/// The columns of two relations, but those whose names both have: they would have to be told apart.
fn both((left, one): (&str, &Shape), (right, other): (&str, &Shape), using: Option<&String>) -> Shape {
    let named = |shape: &Shape, name: &String| shape.columns.iter().any(|column| column.name == *name);
    let mine = one.columns.iter().filter(|column| !named(other, &column.name) || using == Some(&column.name));
    let theirs = other.columns.iter().filter(|column| !named(one, &column.name));
    let of = |column: &Column, relation: &str| {
        let known = one.relations.iter().find(|(name, _)| *name == column.name);
        (column.name.clone(), known.map_or_else(|| relation.to_owned(), |(_, relation)| relation.clone()))
    };
    let relations = mine.clone().map(|column| of(column, left)).chain(theirs.clone().map(|column| of(column, right)));
    let relations = relations.filter(|(name, _)| using != Some(name)).collect();
    let rows = one.rows && !other.cube;
    Shape { columns: mine.chain(theirs).cloned().collect(), cube: false, rows, relations }
}

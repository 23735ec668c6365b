//! Random statements over a star's cubes, mostly such as have an answer.

use super::choice::Choices;
use super::draw_expr::{aggregated, condition, group_condition, measured, of_dimension, searched};
use super::draw_outer::correlated_value;
use super::meaning::{called, searches_in_items};
use super::star::Star;
use super::tree::{Body, Expr, From, Groups, Item, Order, Query, Select};
use super::value::{Type, Value};

/// Whether grouping sets are drawn.
const SETS: bool = true;

/// A column that a SELECT may name.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) of: Type,
    /// Whether a cube has computed it.
    pub(crate) measure: bool,
}

/// What a SELECT reads.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) columns: Vec<Column>,
    /// Whether it is a cube itself.
    pub(crate) cube: bool,
}

impl Shape {
    pub(crate) fn of(&self, measure: bool) -> Vec<Column> {
        self.columns.iter().filter(|column| column.measure == measure).cloned().collect()
    }
}

/// What draws statements over a star.
pub(crate) struct Draw<'d> {
    pub(crate) choices: &'d mut Choices,
    pub(crate) star: &'d Star,
    /// What WITH has named.
    with: Vec<(String, Shape)>,
    /// What the one relation is called that the SELECT at hand reads.
    pub(crate) around: Option<String>,
    names: usize,
}

/// A statement over a star.
pub(crate) fn statement(choices: &mut Choices, star: &Star) -> Query {
    let mut draw = Draw { choices, star, with: Vec::new(), around: None, names: 0 };
    let mut with = Vec::new();
    if draw.choices.chance(15) {
        let (query, shape) = draw.query(1);
        draw.with.push(("w".into(), shape));
        with.push(("w".into(), query));
    }
    let (mut query, _) = match draw.choices.chance(8) {
        true => draw.united(),
        false => draw.query(2),
    };
    query.with = with;
    query
}

impl Draw<'_> {
    /// A name that no column bears.
    pub(crate) fn fresh(&mut self) -> String {
        self.names += 1;
        format!("{}{}", ["x", "n", "欄"][self.names % 3], self.names)
    }

    /// Two queries of one width.
    fn united(&mut self) -> (Query, Shape) {
        let op = self.choices.word(&["UNION ALL", "UNION", "INTERSECT", "EXCEPT"]);
        let (left, shape) = self.query(1);
        let mut right = left.clone();
        if let Body::Select(select) = &mut right.body {
            let (alias, columns) = self.source_again(&select.from);
            let shape = Shape { columns, cube: true };
            if alias.is_some() {
                select.filter = Some(condition(self, &shape));
            }
        }
        let body = Body::Set(op, Box::new(left), Box::new(right));
        (Query { with: Vec::new(), body, order: Vec::new(), limit: None }, shape)
    }

    /// The columns of a cube that stands after FROM, if one does.
    fn source_again(&self, from: &From) -> (Option<String>, Vec<Column>) {
        match from {
            From::Name(name, alias) => match self.star.cubes.iter().any(|cube| cube.name == *name) {
                true => (alias.clone().or(Some(name.clone())), self.cube_shape(name).columns),
                false => (None, Vec::new()),
            },
            From::Block(..) | From::Join(..) => (None, Vec::new()),
        }
    }

    pub(crate) fn cube_shape(&self, name: &str) -> Shape {
        let cube = self.star.cubes.iter().find(|cube| cube.name == name).unwrap();
        let mut columns: Vec<Column> = Vec::new();
        for (name, of) in cube.dimension_names() {
            columns.push(Column { name, of, measure: false });
        }
        for measure in &cube.measures {
            let of = super::draw_star::measure_type(&measure.name);
            columns.push(Column { name: measure.name.clone(), of, measure: true });
        }
        Shape { columns, cube: true }
    }

    fn from(&mut self, depth: usize) -> (From, Shape) {
        let (from, shape) = self.one_relation(depth);
        if depth == 0 || !self.choices.chance(18) {
            return (from, shape);
        }
        self.joined(from, shape)
    }

    /// A relation joined with the groups of a cube.
    fn joined(&mut self, left: From, mut shape: Shape) -> (From, Shape) {
        let names: Vec<String> = self.star.cubes.iter().map(|cube| cube.name.clone()).collect();
        let name = self.choices.one(&names).clone();
        let cube = self.cube_shape(&name);
        let alias = self.fresh();
        let (mut items, mut columns, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let wanted = self.choices.below(3);
        for column in self.choices.some(&cube.of(false), wanted, wanted) {
            let fresh = self.fresh();
            keys.push(Expr::name(&column.name));
            items.push(Item::Expr(Expr::name(&column.name), Some(fresh.clone())));
            columns.push(Column { name: fresh, ..column });
        }
        let measure = self.choices.one(&cube.of(true)).clone();
        let fresh = self.fresh();
        items.push(Item::Expr(Expr::call("measure", Some(Expr::name(&measure.name))), Some(fresh.clone())));
        let groups = if keys.is_empty() { Groups::Implied } else { Groups::By(keys) };
        let select =
            Select { distinct: false, items, from: From::Name(name, None), filter: None, groups, having: None };
        let right = From::Block(Box::new(Query::of(select)), alias.clone());
        let own = called(&left).to_owned();
        let mut on = None;
        for key in &columns {
            let same: Vec<Column> = shape.of(false).into_iter().filter(|column| column.of == key.of).collect();
            if same.is_empty() || self.choices.chance(10) {
                continue;
            }
            let mine = Expr::Name(vec![own.clone(), self.choices.one(&same).name.clone()]);
            let equal = Expr::binary("=", mine, Expr::Name(vec![alias.clone(), key.name.clone()]));
            on = Some(match on {
                Some(on) => Expr::binary("AND", on, equal),
                None => equal,
            });
        }
        let kind = match (&on, self.choices.chance(30)) {
            (None, _) => "CROSS JOIN",
            (Some(_), true) => "LEFT JOIN",
            (Some(_), false) => "JOIN",
        };
        columns.push(Column { name: fresh, of: measure.of, measure: false });
        shape.columns.extend(columns);
        shape.cube = false;
        (From::Join(kind, Box::new(left), Box::new(right), on), shape)
    }

    fn one_relation(&mut self, depth: usize) -> (From, Shape) {
        if depth > 0 && self.choices.chance(55) {
            let (query, shape) = self.query(depth - 1);
            let alias = self.fresh();
            return (From::Block(Box::new(query), alias), shape);
        }
        if !self.with.is_empty() && self.choices.chance(70) {
            let (name, shape) = self.choices.one(&self.with.clone()).clone();
            let alias = self.choices.chance(30).then(|| self.fresh());
            return (From::Name(name, alias), shape);
        }
        let cubes: Vec<String> = self.star.cubes.iter().map(|cube| cube.name.clone()).collect();
        let name = self.choices.one(&cubes).clone();
        let shape = self.cube_shape(&name);
        let itself = From::Name(name, self.choices.chance(15).then(|| "c".to_owned()));
        if depth > 0 && self.choices.chance(15) {
            let filter = self.choices.chance(40).then(|| condition(self, &shape));
            let select = Select {
                distinct: false,
                items: vec![Item::Star],
                from: itself,
                filter,
                groups: Groups::Implied,
                having: None,
            };
            return (From::Block(Box::new(Query::of(select)), self.fresh()), shape);
        }
        (itself, shape)
    }

    /// A query and what its rows are.
    pub(crate) fn query(&mut self, depth: usize) -> (Query, Shape) {
        let (from, shape) = self.from(depth);
        let alias = called(&from).to_owned();
        self.around = (!matches!(from, From::Join(..))).then(|| alias.clone());
        let (mut query, made) = match self.choices.below(10) {
            0..=2 => self.plain(from, &shape),
            3..=7 => self.grouped(from, &shape),
            8 => self.total(from, &shape),
            _ => self.evaluated(from, &shape),
        };
        if self.choices.chance(12) {
            self.qualify(&mut query, &alias, &shape);
        }
        (query, made)
    }

    /// Items and a WHERE.
    fn plain(&mut self, from: From, shape: &Shape) -> (Query, Shape) {
        let mut items = Vec::new();
        let mut columns = Vec::new();
        let dimensions = shape.of(false);
        let least = usize::from(!dimensions.is_empty());
        for column in self.choices.some(&dimensions, least, 3) {
            let expr = of_dimension(self, &column);
            self.item(expr, &column, &mut items, &mut columns);
        }
        for column in self.choices.some(&shape.of(true), 0, 2) {
            let expr = measured(self, &column);
            let doubled = matches!(&expr, Expr::Cast(_, Type::Double) | Expr::Binary("/", ..));
            let of = if doubled { Type::Double } else { column.of };
            self.item(expr, &Column { of, ..column }, &mut items, &mut columns);
        }
        if self.choices.chance(5)
            && let Some(around) = self.around.clone()
            && let Some((value, of)) = correlated_value(self, shape, &around)
        {
            self.item(value, &Column { of, ..one() }, &mut items, &mut columns);
        }
        if items.is_empty() {
            self.item(Expr::Literal(Value::Integer(1)), &one(), &mut items, &mut columns);
        }
        let filter = self.filter(shape, 30);
        let select = Select { distinct: false, items, from, filter, groups: Groups::Implied, having: None };
        (Query::of(select), Shape { columns, cube: false })
    }

    /// GROUP BY.
    fn grouped(&mut self, from: From, shape: &Shape) -> (Query, Shape) {
        let (mut items, mut columns, mut keys, mut written) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let among = if self.choices.chance(4) { shape.columns.clone() } else { shape.of(false) };
        for column in self.choices.some(&among, 1, 3) {
            let expr = of_dimension(self, &column);
            let hidden = self.choices.chance(8);
            if !hidden {
                self.item(expr.clone(), &column, &mut items, &mut columns);
            }
            written.push(expr.clone());
            keys.push(match self.choices.below(4) {
                0 if !hidden => Expr::Literal(Value::Integer(items.len() as i128)),
                1 if !hidden => Expr::name(&columns[columns.len() - 1].name),
                _ => expr,
            });
        }
        if !written.is_empty() && self.choices.chance(12) {
            let key = self.choices.one(&written).clone();
            self.item(Expr::Grouping(Box::new(key)), &one(), &mut items, &mut columns);
        }
        self.aggregates(shape, &mut items, &mut columns, 3);
        let groups = match self.choices.below(8) {
            _ if keys.is_empty() => Groups::Implied,
            5 if SETS => Groups::Rollup(keys),
            6 if SETS => Groups::Cube(keys),
            7 if SETS => Groups::Sets(keys.iter().map(|key| vec![key.clone()]).chain([Vec::new()]).collect()),
            _ => Groups::By(keys),
        };
        let having = self.choices.chance(20).then(|| group_condition(self, shape));
        let filter = self.filter(shape, 30);
        let select = Select { distinct: self.choices.chance(4), items, from, filter, groups, having };
        let mut query = Query::of(select);
        self.ordered(&mut query, &columns, 25);
        (query, Shape { columns, cube: false })
    }

    /// Aggregates without GROUP BY.
    fn total(&mut self, from: From, shape: &Shape) -> (Query, Shape) {
        let (mut items, mut columns) = (Vec::new(), Vec::new());
        self.aggregates(shape, &mut items, &mut columns, 3);
        let having = self.choices.chance(10).then(|| group_condition(self, shape));
        let filter = self.filter(shape, 30);
        let select = Select { distinct: false, items, from, filter, groups: Groups::Implied, having };
        (Query::of(select), Shape { columns, cube: false })
    }

    /// Items, a WHERE over measures, an order, a limit, DISTINCT.
    fn evaluated(&mut self, from: From, shape: &Shape) -> (Query, Shape) {
        let (mut query, made) = self.plain(from, shape);
        if let Body::Select(select) = &mut query.body {
            select.distinct = self.choices.chance(25);
            if self.choices.chance(40) && !shape.of(true).is_empty() {
                let on_measure = group_condition(self, shape);
                select.filter = Some(match select.filter.take() {
                    Some(filter) => Expr::binary("AND", filter, on_measure),
                    None => on_measure,
                });
            }
        }
        self.ordered(&mut query, &made.columns, 70);
        (query, made)
    }

    /// A query of one column of a type, and one of its greatest value, over some cube that has such a dimension.
    pub(crate) fn subqueries(&mut self, of: Type) -> Option<(Query, Query)> {
        let names: Vec<String> = self.star.cubes.iter().map(|cube| cube.name.clone()).collect();
        let cube = self.choices.one(&names).clone();
        let shape = self.cube_shape(&cube);
        let column = shape.of(false).into_iter().find(|column| column.of == of && of != Type::Boolean)?;
        let filter = self.choices.chance(40).then(|| group_condition(self, &shape));
        let select = |expr: Expr, filter: Option<Expr>| Select {
            distinct: false,
            items: vec![Item::Expr(expr, None)],
            from: From::Name(cube.clone(), None),
            filter,
            groups: Groups::Implied,
            having: None,
        };
        let name = Expr::name(&column.name);
        let greatest = Item::Expr(Expr::call("max", Some(name.clone())), Some("greatest".to_owned()));
        let total = Select { items: vec![greatest], ..select(name.clone(), None) };
        Some((Query::of(select(name, filter)), Query::of(total)))
    }

    fn aggregates(&mut self, shape: &Shape, items: &mut Vec<Item>, columns: &mut Vec<Column>, most: usize) {
        for _ in 0..=self.choices.below(most) {
            let (expr, column) = aggregated(self, shape);
            self.item(expr, &column, items, columns);
        }
    }

    fn filter(&mut self, shape: &Shape, percent: usize) -> Option<Expr> {
        let filter = self.choices.chance(percent).then(|| condition(self, shape));
        if !self.choices.chance(8) {
            return filter;
        }
        let mut searched = searched(self, shape);
        if self.choices.chance(15) {
            searched = Expr::Not(Box::new(searched));
        }
        let op = if self.choices.chance(30) { "OR" } else { "AND" };
        Some(match filter {
            Some(filter) => Expr::binary(op, filter, searched),
            None => searched,
        })
    }

    fn ordered(&mut self, query: &mut Query, columns: &[Column], percent: usize) {
        if !self.choices.chance(percent) || columns.is_empty() {
            return;
        }
        for column in self.choices.some(columns, 1, 2) {
            let at = columns.iter().position(|known| known.name == column.name).unwrap_or_default();
            let expr = match self.choices.chance(30) {
                true => Expr::Literal(Value::Integer(at as i128 + 1)),
                false => Expr::name(&column.name),
            };
            let nulls_first = self.choices.chance(20).then(|| self.choices.chance(50));
            query.order.push(Order { expr, descending: self.choices.chance(50), nulls_first });
        }
        query.limit = self.choices.chance(40).then(|| self.choices.below(4));
        if self.choices.chance(10) {
            query.order.clear();
        }
    }

    /// An item: plain names sometimes keep theirs.
    fn item(&mut self, expr: Expr, of: &Column, items: &mut Vec<Item>, columns: &mut Vec<Column>) {
        let bare = match &expr {
            Expr::Name(parts) => parts.last().cloned(),
            _ => None,
        };
        let bare = bare.filter(|name| !columns.iter().any(|column| column.name == *name));
        let alias = if bare.is_some() && !self.choices.chance(25) { None } else { Some(self.fresh()) };
        let name = alias.clone().or(bare).unwrap_or_default();
        columns.push(Column { name, of: of.of, measure: of.measure });
        items.push(Item::Expr(expr, alias));
    }

    /// Puts the relation's name before names of columns.
    fn qualify(&mut self, query: &mut Query, alias: &str, shape: &Shape) {
        if matches!(&query.body, Body::Select(select) if matches!(select.from, From::Join(..)) || searches_in_items(select))
        {
            return;
        }
        fn qualified(expr: &Expr, alias: &str, shape: &Shape) -> Expr {
            match expr {
                Expr::Name(parts) if parts.len() == 1 && shape.columns.iter().any(|column| column.name == parts[0]) => {
                    Expr::Name(vec![alias.to_owned(), parts[0].clone()])
                }
                other => other.map(&mut |part| qualified(part, alias, shape)),
            }
        }
        if let Body::Select(select) = &mut query.body {
            for item in &mut select.items {
                if let Item::Expr(expr, _) = item {
                    *expr = qualified(expr, alias, shape);
                }
            }
            select.filter = select.filter.as_ref().map(|filter| qualified(filter, alias, shape));
        }
    }
}

/// The column of a constant.
pub(crate) fn one() -> Column {
    Column { name: "one".into(), of: Type::Integer, measure: false }
}

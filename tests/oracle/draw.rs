//! Random statements over a star's cubes, mostly such as have an answer.

use super::choice::Choices;
use super::draw_expr::{
    aggregated, condition, group_condition, literal, measured, of_dimension, searched, value_condition,
};
use super::draw_outer::correlated_value;
use super::draw_window::windowed;
use super::names::called;
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
    /// Whether it is evaluated, so that its columns are values.
    pub(crate) rows: bool,
    /// Of a join, the columns with the relations that they come from.
    pub(crate) relations: Vec<(String, String)>,
}

impl Shape {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, cube: false, rows: false, relations: Vec::new() }
    }

    /// What is evaluated.
    pub(crate) fn rows(columns: Vec<Column>) -> Self {
        Self { rows: true, ..Self::new(columns) }
    }

    pub(crate) fn of(&self, measure: bool) -> Vec<Column> {
        self.columns.iter().filter(|column| column.measure == measure).cloned().collect()
    }
}

/// What draws statements over a star.
pub(crate) struct Draw<'d> {
    pub(crate) choices: &'d mut Choices,
    pub(crate) star: &'d Star,
    /// What WITH has named.
    pub(crate) with: Vec<(String, Shape)>,
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
    let (mut query, _) = match draw.choices.below(25) {
        23 | 24 => draw.set(1),
        22 => draw.detail(),
        _ => draw.query(2),
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
        Shape { cube: true, ..Shape::new(columns) }
    }

    /// A query and what its rows are.
    pub(crate) fn query(&mut self, depth: usize) -> (Query, Shape) {
        let (from, shape, met) = self.from(depth);
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
        if let (Some(met), Body::Select(select)) = (met, &mut query.body) {
            select.filter = Some(match select.filter.take() {
                Some(filter) => Expr::binary("AND", met, filter),
                None => met,
            });
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
        if self.choices.chance(10) {
            self.label(&mut items, &mut columns);
        }
        if self.choices.chance(8) {
            let keys = items.iter().filter_map(|item| match item {
                Item::Expr(expr @ Expr::Name(parts), _) => {
                    dimensions.iter().any(|own| own.name == parts[0]).then(|| expr.clone())
                }
                _ => None,
            });
            let keys: Vec<Expr> = keys.collect();
            self.over_groups(shape, &keys, &mut items, &mut columns, false);
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
        (Query::of(select), Shape::new(columns))
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
        if self.choices.chance(10) {
            self.label(&mut items, &mut columns);
        }
        self.aggregates(shape, &mut items, &mut columns, 3);
        if self.choices.chance(15) {
            self.over_groups(shape, &written, &mut items, &mut columns, shape.rows);
        }
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
        (query, Shape::rows(columns))
    }

    /// Aggregates without GROUP BY.
    fn total(&mut self, from: From, shape: &Shape) -> (Query, Shape) {
        let (mut items, mut columns) = (Vec::new(), Vec::new());
        self.aggregates(shape, &mut items, &mut columns, 3);
        let having = self.choices.chance(10).then(|| group_condition(self, shape));
        let filter = self.filter(shape, 30);
        let select = Select { distinct: false, items, from, filter, groups: Groups::Implied, having };
        (Query::of(select), Shape::rows(columns))
    }

    /// Items, a WHERE over measures, an order, a limit, DISTINCT.
    fn evaluated(&mut self, from: From, shape: &Shape) -> (Query, Shape) {
        let (mut query, made) = self.plain(from, shape);
        if let Body::Select(select) = &mut query.body {
            select.distinct = self.choices.chance(25);
            if self.choices.chance(40) && !shape.of(true).is_empty() {
                let on_measure = value_condition(self, shape);
                select.filter = Some(match select.filter.take() {
                    Some(filter) => Expr::binary("AND", filter, on_measure),
                    None => on_measure,
                });
            }
        }
        self.ordered(&mut query, &made.columns, 70);
        (query, Shape::rows(made.columns))
    }

    /// A query of one column of a type, and one of its greatest value, over some cube that has such a dimension.
    pub(crate) fn subqueries(&mut self, of: Type) -> Option<(Query, Query)> {
        let names: Vec<String> = self.star.cubes.iter().map(|cube| cube.name.clone()).collect();
        let cube = self.choices.one(&names).clone();
        let shape = self.cube_shape(&cube);
        let column = shape.of(false).into_iter().find(|column| column.of == of && of != Type::Boolean)?;
        let filter = self.choices.chance(40).then(|| value_condition(self, &shape));
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
        let mut keys = Query::of(select(name, filter));
        if self.choices.chance(25) {
            let by = self.choices.one(&shape.columns).clone();
            let descending = self.choices.chance(60);
            keys.order.push(Order { expr: Expr::name(&by.name), descending, nulls_first: None });
            keys.limit = Some(1 + self.choices.below(3));
        }
        Some((keys, Query::of(total)))
    }

    /// A window of a measure over groups with such keys.
    fn over_groups(
        &mut self,
        shape: &Shape,
        keys: &[Expr],
        items: &mut Vec<Item>,
        columns: &mut Vec<Column>,
        grouped: bool,
    ) {
        let numbers = shape.of(true).into_iter().filter(|column| column.of.is_number());
        let numbers: Vec<Column> = numbers.collect();
        if numbers.is_empty() {
            return;
        }
        let measure = self.choices.one(&numbers).clone();
        let (expr, column) = windowed(self, keys, &measure, grouped);
        self.item(expr, &column, items, columns);
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

    pub(crate) fn ordered(&mut self, query: &mut Query, columns: &[Column], percent: usize) {
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
        } else if self.choices.chance(15) {
            query.offset = self.choices.below(3);
        }
    }

    /// A constant, as tools mark what a row comes from.
    pub(crate) fn label(&mut self, items: &mut Vec<Item>, columns: &mut Vec<Column>) {
        let of = *self.choices.one(&[Type::Integer, Type::Text]);
        let constant = literal(self, of);
        self.item(constant, &Column { of, ..one() }, items, columns);
    }

    /// An item: plain names sometimes keep theirs.
    pub(crate) fn item(&mut self, expr: Expr, of: &Column, items: &mut Vec<Item>, columns: &mut Vec<Column>) {
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
        if matches!(&query.body, Body::Select(select) if searches_in_items(select)) {
            return;
        }
        fn qualified(expr: &Expr, alias: &str, shape: &Shape) -> Expr {
            match expr {
                Expr::Name(parts) if parts.len() == 1 && shape.columns.iter().any(|column| column.name == parts[0]) => {
                    let of = shape.relations.iter().find(|(name, _)| *name == parts[0]);
                    let alias = of.map_or(alias, |(_, relation)| relation);
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

/// Whether an item looks for something in another query.
fn searches_in_items(select: &Select) -> bool {
    let searches = |part: &Expr| matches!(part, Expr::InQuery(..) | Expr::Exists(_));
    select.items.iter().any(|item| matches!(item, Item::Expr(expr, _) if expr.any(&mut |part| searches(part))))
}

//! `system`: cubes, what they are made of, and what people call that.

use crate::model::{Better, Cube, Dimension, DimensionKind, Labels, Measure, Order, type_name};
use crate::plan::catalogue::{Role, Schema};

use super::cells::{Cell, Kind};
use super::{Facts, Table, titles, words};

const TITLE: (&str, Kind, &str) = ("title", Kind::Text, "What people call it, in the model's language.");
const TITLE_EN: (&str, Kind, &str) = ("title_en", Kind::Text, "Its title in English.");
const TITLE_ZH_TW: (&str, Kind, &str) = ("title_zh_tw", Kind::Text, "Its title in Traditional Chinese.");
const TITLE_ZH_CN: (&str, Kind, &str) = ("title_zh_cn", Kind::Text, "Its title in Simplified Chinese.");
const DESCRIPTION: (&str, Kind, &str) = ("description", Kind::Text, "What it means.");
const CUBE: (&str, Kind, &str) = ("cube_name", Kind::Text, "The cube.");
const POSITION: (&str, Kind, &str) = ("position", Kind::Number, "Its place among the cube's columns, from 1.");
const TYPE: (&str, Kind, &str) = ("data_type", Kind::Text, "Its type.");
const EXPRESSION: (&str, Kind, &str) = ("expression", Kind::Text, "What it is, over columns; dots follow joins.");

pub(super) const CUBES: Table = Table {
    schema: Schema::System,
    name: "cubes",
    about: "The cubes that can be asked.",
    columns: &[
        CUBE,
        TITLE,
        TITLE_EN,
        TITLE_ZH_TW,
        TITLE_ZH_CN,
        DESCRIPTION,
        ("table_name", Kind::Text, "The table of facts, in the schema mart."),
        ("time_dimension", Kind::Text, "The dimension that is the axis of time."),
        ("timezone", Kind::Text, "The zone of wall clocks, unless a session sets its own."),
        ("filter", Kind::Text, "The rows that count at all."),
        ("dimensions", Kind::Number, "How many dimensions it has, grains of time among them."),
        ("measures", Kind::Number, "How many measures it has."),
    ],
    rows: |facts| {
        let row = |cube: &Cube| {
            let mut row = vec![Cell::of(&cube.name)];
            row.extend(titles(facts, cube.title.as_ref()));
            row.extend([
                words(facts, cube.description.as_ref()),
                Cell::of(&cube.table),
                Cell::text(cube.time.clone()),
                Cell::of(facts.model.defaults.timezone.name()),
                Cell::text(cube.filter.as_ref().map(|filter| filter.sql.clone())),
                Cell::count(members(facts, cube, false).count()),
                Cell::count(members(facts, cube, true).count()),
            ]);
            row
        };
        cubes(facts).map(row).collect()
    },
};

pub(super) const DIMENSIONS: Table = Table {
    schema: Schema::System,
    name: "dimensions",
    about: "What cubes are grouped and filtered by. Each goes with every measure of its cube.",
    columns: &[
        CUBE,
        ("dimension_name", Kind::Text, "The dimension."),
        POSITION,
        TITLE,
        TITLE_EN,
        TITLE_ZH_TW,
        TITLE_ZH_CN,
        DESCRIPTION,
        TYPE,
        EXPRESSION,
        ("table_name", Kind::Text, "The table of the column that it plainly is."),
        ("column_name", Kind::Text, "The column that it plainly is."),
        ("grain_of", Kind::Text, "For a period of time: the dimension that it is a period of."),
        ("grain", Kind::Text, "For a period of time: hour, day, week, month, quarter or year."),
        ("is_time", Kind::Flag, "Whether it is the cube's axis of time."),
        ("labelled", Kind::Flag, "Whether its values have labels; they are in system.labels."),
        ("order_by", Kind::Text, "The column by which its values are shown in order."),
        ("order_values", Kind::Texts, "The order in which its values are shown, as far as it is listed."),
    ],
    rows: |facts| {
        let rows = cubes(facts).flat_map(|cube| {
            let shown = members(facts, cube, false).collect::<Vec<_>>();
            let there = move |(_, dimension): &(usize, &Dimension)| shown.contains(&dimension.name.as_str());
            let dimensions = cube.dimensions.iter().enumerate().filter(there);
            dimensions.map(move |(at, dimension)| dimension_row(facts, cube, at, dimension))
        });
        rows.collect()
    },
};

fn dimension_row(facts: &Facts<'_>, cube: &Cube, at: usize, dimension: &Dimension) -> Vec<Cell> {
    let (of, grain) = match &dimension.kind {
        DimensionKind::Grain { of, grain } => (Some(of.clone()), Some(grain.name())),
        DimensionKind::Plain | DimensionKind::Instant => (None, None),
    };
    let (order_by, order_values) = match &dimension.order {
        Some(Order::Column(column)) => (Some(column.clone()), Vec::new()),
        Some(Order::Values(values)) => (None, values.clone()),
        None => (None, Vec::new()),
    };
    let origin = dimension.origin.as_ref();
    let mut row = vec![Cell::of(&cube.name), Cell::of(&dimension.name), Cell::count(at + 1)];
    row.extend(titles(facts, dimension.title.as_ref()));
    row.extend([
        words(facts, dimension.description.as_ref()),
        Cell::of(type_name(&dimension.data_type)),
        Cell::of(&dimension.expr.sql),
        Cell::text(origin.map(|origin| origin.table.clone())),
        Cell::text(origin.map(|origin| origin.column.clone())),
        Cell::text(of),
        Cell::text(grain),
        Cell::Flag(Some(cube.time.as_deref() == Some(&dimension.name))),
        Cell::Flag(Some(dimension.labels.is_some())),
        Cell::text(order_by),
        Cell::Texts(order_values),
    ]);
    row
}

pub(super) const MEASURES: Table = Table {
    schema: Schema::System,
    name: "measures",
    about: "What cubes compute, at any grouping by the dimensions that go with it.",
    columns: &[
        CUBE,
        ("measure_name", Kind::Text, "The measure."),
        POSITION,
        TITLE,
        TITLE_EN,
        TITLE_ZH_TW,
        TITLE_ZH_CN,
        DESCRIPTION,
        TYPE,
        ("expression", Kind::Text, "What it is, as the model writes it."),
        ("unit", Kind::Text, "What it counts in."),
        ("format", Kind::Text, "How it is shown."),
        ("better", Kind::Text, "Which way it should move, higher or lower; NULL where neither is better."),
        ("additive", Kind::Flag, "Whether its values add up over any grouping."),
        ("dimensions", Kind::Texts, "The dimensions that go with it."),
    ],
    rows: |facts| {
        let rows = cubes(facts).flat_map(|cube| {
            let names = |measures: bool| members(facts, cube, measures).map(str::to_owned).collect::<Vec<_>>();
            let (dimensions, shown) = (names(false), names(true));
            let before = cube.dimensions.len();
            let there = move |(_, measure): &(usize, &Measure)| shown.contains(&measure.name);
            cube.measures.iter().enumerate().filter(there).map(move |(at, measure)| {
                let mut row = vec![Cell::of(&cube.name), Cell::of(&measure.name), Cell::count(before + at + 1)];
                row.extend(titles(facts, measure.title.as_ref()));
                row.extend([
                    words(facts, measure.description.as_ref()),
                    Cell::of(type_name(&measure.data_type)),
                    Cell::of(&measure.written),
                    Cell::text(measure.unit.clone()),
                    Cell::text(measure.format.clone()),
                    Cell::text(measure.better.map(Better::word)),
                    Cell::Flag(Some(measure.is_additive())),
                    Cell::Texts(dimensions.clone()),
                ]);
                row
            })
        });
        rows.collect()
    },
};

pub(super) const HIERARCHIES: Table = Table {
    schema: Schema::System,
    name: "hierarchies",
    about: "What people drill down: dimensions, each read within the one before.",
    columns: &[
        CUBE,
        ("hierarchy_name", Kind::Text, "The hierarchy."),
        ("level", Kind::Number, "The place of the dimension in it, from 1, the coarsest first."),
        ("dimension_name", Kind::Text, "The dimension."),
    ],
    rows: |facts| {
        let rows = cubes(facts).flat_map(|cube| {
            cube.hierarchies.iter().flat_map(move |hierarchy| {
                hierarchy.levels.iter().enumerate().map(move |(at, level)| {
                    vec![Cell::of(&cube.name), Cell::of(&hierarchy.name), Cell::count(at + 1), Cell::of(level)]
                })
            })
        });
        rows.collect()
    },
};

pub(super) const LABELS: Table = Table {
    schema: Schema::System,
    name: "labels",
    about: "What the values of dimensions are called.",
    columns: &[
        CUBE,
        ("dimension_name", Kind::Text, "The dimension."),
        ("position", Kind::Number, "The place of the label in its file, from 1."),
        ("value", Kind::Text, "The value, as text."),
        ("en", Kind::Text, "What it is called in English."),
        ("zh_tw", Kind::Text, "What it is called in Traditional Chinese."),
        ("zh_cn", Kind::Text, "What it is called in Simplified Chinese."),
        ("short_en", Kind::Text, "The same in fewer words, for where there is little room; NULL if there are none."),
        ("short_zh_tw", Kind::Text, "The same in Traditional Chinese."),
        ("short_zh_cn", Kind::Text, "The same in Simplified Chinese."),
    ],
    rows: |facts| {
        let labelled = cubes(facts).flat_map(|cube| {
            cube.dimensions.iter().filter_map(move |dimension| Some((cube, dimension, dimension.labels.as_deref()?)))
        });
        labelled.flat_map(|(cube, dimension, labels)| label_rows(cube, dimension, labels)).collect()
    },
};

fn label_rows(cube: &Cube, dimension: &Dimension, labels: &Labels) -> Vec<Vec<Cell>> {
    let row = |(at, label): (usize, &crate::model::Label)| {
        let called = |locale: &str| Cell::text(label.words.get(locale));
        let short = |locale: &str| Cell::text(label.short.get(locale));
        let value = Cell::of(&label.value);
        let place = Cell::count(at + 1);
        vec![
            Cell::of(&cube.name),
            Cell::of(&dimension.name),
            place,
            value,
            called("en"),
            called("zh-TW"),
            called("zh-CN"),
            short("en"),
            short("zh-TW"),
            short("zh-CN"),
        ]
    };
    labels.entries.iter().enumerate().map(row).collect()
}

/// The cubes of which every needed table is loaded.
fn cubes<'a>(facts: &'a Facts<'_>) -> impl Iterator<Item = &'a Cube> {
    facts.model.cubes.values().filter(|cube| facts.catalogue.relation(Schema::Cubes, &cube.name).is_some())
}

/// The names of a cube's measures, or of its dimensions, that can be asked.
fn members<'a>(facts: &'a Facts<'_>, cube: &Cube, measures: bool) -> impl Iterator<Item = &'a str> {
    let relation = facts.catalogue.relation(Schema::Cubes, &cube.name);
    let columns = relation.into_iter().flat_map(|relation| &relation.columns);
    let of_role = move |role: &Option<Role>| matches!(role, Some(Role::Measure { .. })) == measures;
    columns.filter(move |column| of_role(&column.role)).map(|column| column.name.as_str())
}

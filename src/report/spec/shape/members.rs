//! The grammar of tiles of members and of those who come.

use super::{column, filter, item, number_keys, words};
use crate::yaml::{Key, Shape};

/// What is said of the key `sql` of a table.
const TABLE_SQL: &str = "What is shown instead of `cube`: a SELECT over cubes with an ORDER BY, which may name $start, \
                         $previous, which is NULL without a complete week before, $end and $as_of.";

fn table_column() -> Shape {
    let days = "Whether it shows two columns of days as from one to the other; it stands among those of names.";
    let labels = "The dimension whose labels its names have, such as `sales.department`.";
    let keys = vec![
        Key::new("names", Shape::Bool, "Whether it holds names; those columns come first.").default("false"),
        Key::new("days", Shape::Bool, days).default("false"),
        Key::new("labels", Shape::Text, labels),
    ];
    Shape::Map([number_keys(), keys].concat())
}

fn lead() -> Shape {
    let says = "Of the row with the most: {member}, its first name; {share}, its part of the total; and its numbers, by \
                what the SELECT calls them.";
    Shape::Map(vec![
        Key::new("by", Shape::Text, "The column of numbers, as the SELECT calls it.").required(),
        Key::new("says", words(), says).required(),
        Key::new("none", words(), "Where that column comes to nothing, with the numbers of the total.").required(),
        Key::new("empty", words(), "Where there are no rows.").required(),
    ])
}

pub(super) fn contributions() -> Shape {
    Shape::Map(vec![
        Key::new("cube", Shape::Text, "The cube.").required(),
        Key::new("measure", Shape::Text, "The measure that changed; it adds up.").required(),
        Key::new("by", Shape::Text, "The dimension whose members are the rows.").required(),
        Key::new("nouns", nouns(), "What its members are called.").required(),
        Key::new("whole", words(), "What all together are called, before the measure: \"total\"."),
        Key::new("verb", words(), "What a member did, in sentences of languages that say it: \"sold\"."),
        Key::new("where", filter(), "The facts that count: SQL over the cube's dimensions."),
        Key::new("top", Shape::Within(1, 10), "How many of those that gained most are shown.").default("5"),
        Key::new("bottom", Shape::Within(1, 10), "How many of those that lost most are shown.").default("5"),
    ])
}

fn nouns() -> Shape {
    Shape::Map(vec![
        Key::new("one", words(), "What one is called: \"department\".").required(),
        Key::new("many", words(), "What several are called: \"departments\".").required(),
    ])
}

pub(super) fn bars() -> Shape {
    let least = Shape::Map(vec![
        Key::new("measure", Shape::Text, "The measure; it adds up.").required(),
        Key::new("percent", Shape::Within(1, 50), "How many hundredths of all of it.").required(),
    ]);
    let explains = "Whether the member that moved most is told in the page's deck, behind what is said of all.";
    Shape::Map(vec![
        Key::new("cube", Shape::Text, "The cube.").required(),
        Key::new("measure", Shape::Text, "The measure.").required(),
        Key::new("by", Shape::Text, "The dimension whose members are the bars.").required(),
        Key::new("nouns", nouns(), "What its members are called.").required(),
        Key::new("whole", words(), "What all together are called, before the measure of `least`: \"total\"."),
        Key::new("subject", words(), "What is measured, as a sentence says it: \"private label\".").required(),
        Key::new("least", least, "What a member must come to, to be shown."),
        Key::new("where", filter(), "The facts that count: SQL over the cube's dimensions."),
        Key::new("top", Shape::Within(1, 12), "How many members at most.").default("8"),
        Key::new("explains", Shape::Bool, explains).default("false"),
    ])
}

pub(super) fn flow() -> Shape {
    let sql = "A SELECT over cubes of all weeks from $start on, of facts before $end: a Monday, the base, those of the week \
               alone, new ones, returned ones and lapsed ones.";
    let names = Shape::Map(vec![
        Key::new("gained", words(), "Of the columns above: \"New + returned\".").required(),
        Key::new("lost", words(), "Of the columns below: \"Lapsed\".").required(),
        Key::new("base", words(), "Of the row of the base: \"4-week active\".").required(),
    ]);
    Shape::Map(vec![
        Key::new("sql", Shape::Text, sql).required(),
        Key::new("last", Shape::Within(2, 13), "How many weeks are shown.").default("13"),
        Key::new("base", words(), "The base in a sentence, with {n}: \"{n} households active in four weeks\".")
            .required(),
        Key::new("own", words(), "Those of the week alone, with {n}, where there are not four weeks.").required(),
        Key::new("unit", words(), "What a difference counts in, behind the number."),
        Key::new("moves", words(), "\"{new} new, {returned} returned, {lapsed} lapsed\".").required(),
        Key::new("says", words(), "\"{gained} households gained, {lost} lost\".").required(),
        Key::new("names", names, "What stands beside the columns.").required(),
        Key::new("about", words(), "What is shown, below the title.").required(),
    ])
}

pub(super) fn concentration() -> Shape {
    let sql = "A SELECT over cubes from $start to before $end: the number of a part, from 1 and in order, its sum, and how \
               many make it. It is asked of this week and of each of the four before.";
    let names = Shape::Map(vec![
        Key::new("part", words(), "Of the row of their numbers: \"Tenth\".").required(),
        Key::new("mean", words(), "Of the row of their means: \"Mean $\".").required(),
    ]);
    Shape::Map(vec![
        Key::new("sql", Shape::Text, sql).required(),
        Key::new("parts", Shape::Within(2, 20), "How many parts there are.").default("10"),
        Key::new("top", Shape::Within(1, 19), "How many of the first are told.").default("2"),
        Key::new("column", column(), "What the sum is.").required(),
        Key::new("deck", words(), "What the first have, with {share}, in the page's deck.").required(),
        Key::new("says", words(), "The same as a title.").required(),
        Key::new("names", names, "What stands below the columns.").required(),
        Key::new("about", words(), "What is shown, below the title.").required(),
    ])
}

pub(super) fn heatmap() -> Shape {
    let names = Shape::Map(vec![
        Key::new("many", words(), "Behind a number: \"trips\".").required(),
        Key::new("title", words(), "Below the title: \"trips\".").required(),
        Key::new("day", words(), "Above the bars of days: \"Trips per day\".").required(),
    ]);
    let lull = "What is said of hours in which it all but stopped: \"trading all but stopped on {weekday} {hours}\".";
    Shape::Map(vec![
        Key::new("cube", Shape::Text, "The cube.").required(),
        Key::new("measure", Shape::Text, "The measure; a count.").required(),
        Key::new("night", Shape::Within(1, 12), "The hours before this one are shown as one.").default("6"),
        Key::new("where", filter(), "The facts that count: SQL over the cube's dimensions."),
        Key::new("names", names, "What it counts.").required(),
        Key::new("lull", words(), lull).required(),
    ])
}

pub(super) fn table() -> Shape {
    Shape::Map(vec![
        Key::new("cube", Shape::Text, "The cube whose members are the rows.").alternative(),
        Key::new("sql", Shape::Text, TABLE_SQL).alternative(),
        Key::new("by", Shape::TextOrList, "The dimensions of `cube` whose members are the rows."),
        Key::new("measures", Shape::list(Shape::Either(vec![Shape::Text, item()])), "The first one orders the rows."),
        Key::new("columns", Shape::list(table_column()), "What the columns of `sql` are, from the left."),
        Key::new("total_sql", Shape::Text, "A SELECT of one row, the numbers of all rows of `sql` together."),
        Key::new("lead", lead(), "What the tile's title says of the rows of `sql`."),
        Key::new("where", filter(), "The facts that count: SQL over the cube's dimensions."),
        Key::new("top", Shape::Within(1, 25), "How many members at most.").default("10"),
        Key::new("others", Shape::Bool, "Whether what is not shown stands in a row of its own.").default("true"),
        Key::new("total", Shape::Bool, "Whether there is a row for all of it.").default("true"),
    ])
}

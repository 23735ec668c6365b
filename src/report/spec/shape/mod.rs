//! The grammar of the files under `reports/`: what they are checked against, and what editors are told.

mod members;

use crate::model::{Better, LOCALES, currency, localized};
use crate::yaml::{Key, Shape};

use members::{bars, concentration, contributions, flow, heatmap, table};

/// What one file under `reports/` may say.
pub fn shape() -> Shape {
    Shape::Map(vec![
        Key::new("version", Shape::OneOf(&["1"]), "The version of this grammar, in each file: 1.").required(),
        Key::new("reports", Shape::list(report()), "The reports, each with a name of its own.").required(),
    ])
}

fn report() -> Shape {
    let locales = "The languages that it comes in; the model's own without it.";
    let counts = "What the foot of each page counts in the week: a measure of the first tile's cube, and a sentence.";
    Shape::Map(vec![
        Key::new("name", name(), "What `report run` calls it.").required(),
        Key::new("title", words(), "What stands at the head of each page.").required(),
        Key::new("locales", Shape::list(Shape::OneOf(LOCALES)), locales),
        Key::new("period", period(), "What it is about."),
        Key::new("counts", counted(), counts),
        Key::new("no_facts", no_facts(), "What is said of a day without facts, such as \"no sales\"."),
        Key::new("pages", Shape::list(page()), "Its pages.").required(),
    ])
}

fn period() -> Shape {
    let as_of = "Up to when facts are read: `now`, or the day of the last fact.";
    Shape::Map(vec![
        Key::new("grain", Shape::OneOf(&["week"]), "How long it is: ISO weeks, from Monday.").default("week"),
        Key::new("end", Shape::OneOf(&["last_complete"]), "Which one: the last that the facts fill.")
            .default("last_complete"),
        Key::new("as_of", Shape::OneOf(&["data", "now"]), as_of).default("now"),
    ])
}

fn counted() -> Shape {
    Shape::Map(vec![
        Key::new("measure", Shape::Text, "The measure.").required(),
        Key::new("says", words(), "The sentence, with {n} for the count.").required(),
    ])
}

fn no_facts() -> Shape {
    Shape::Map(vec![
        Key::new("says", words(), "In a sentence: \"with no sales on Monday\".").required(),
        Key::new("short", words(), "Where there is little room, in a chart.").required(),
    ])
}

fn page() -> Shape {
    Shape::Map(vec![
        Key::new("title", words(), "What stands in its head.").required(),
        Key::new("headline", words(), "Its headline: `auto` says what the first finding is.").default("auto"),
        Key::new("deck", words(), "The line below: `auto` says what the others are.").default("auto"),
        Key::new("tiles", Shape::list(cell()), "From left to right, wrapped after twelve columns.").required(),
    ])
}

/// A tile, or several below one another.
fn cell() -> Shape {
    let stack = Key::new("stack", Shape::list(Shape::Map(tile())), "Tiles below one another, as wide as this.");
    let span = Key::new("span", Shape::Within(1, 12), "How many of the twelve columns it takes.").default("12");
    Shape::Map([vec![stack.alternative(), span], tile()].concat())
}

fn tile() -> Vec<Key> {
    let kpis = "Measures, each with its value, what it is compared with and its last weeks.";
    let chart = "A chart over time, of a `query`.";
    let waterfall = "A change of a measure by what drove it.";
    vec![
        Key::new("kpis", Shape::list(Shape::Either(vec![Shape::Text, item()])), kpis).alternative(),
        Key::new("chart", Shape::OneOf(&["line", "columns"]), chart).alternative(),
        Key::new("waterfall", self::waterfall(), waterfall).alternative(),
        Key::new("contributions", contributions(), "What members did to the change of a measure.").alternative(),
        Key::new("bars", bars(), "The members that matter as bars, each with its last four weeks.").alternative(),
        Key::new("flow", flow(), "What a base of four weeks gained and lost, week by week.").alternative(),
        Key::new("concentration", concentration(), "How much the largest parts of a sum have.").alternative(),
        Key::new("heatmap", heatmap(), "A measure by weekday and hour.").alternative(),
        Key::new("table", table(), "Members of dimensions with measures.").alternative(),
        Key::new("text", words(), "Words.").alternative(),
        Key::new("name", name(), "What files call it."),
        Key::new("height", Shape::Number, "Its height in millimetres."),
        Key::new("title", words(), "Its title: `auto` says what was found.").default("auto"),
        Key::new("subtitle", words(), "The line below: `auto` says what is shown.").default("auto"),
        Key::new("filters", Shape::OneOf(&["none"]), "That the SQL of this tile leaves out no facts of its time."),
        Key::new("cube", Shape::Text, "The cube of `kpis`."),
        Key::new("compare", Shape::list(Shape::OneOf(&["previous", "average_4"])), "What `kpis` are compared with."),
        Key::new("spark", Shape::Within(2, 53), "How many weeks the small lines of `kpis` span."),
        Key::new("query", query(), "What a `chart` shows: a measure of a cube."),
        Key::new("sql", Shape::Text, SQL),
        Key::new("time", time(), "The points of time of `sql`."),
        Key::new("column", column(), "What the number of `sql` is."),
        Key::new("behind", Shape::OneOf(&["previous"]), "What stands behind a line: the week before."),
        Key::new("mark", Shape::OneOf(&["last", "average_4"]), MARK),
        Key::new("verb", words(), "What days did, in the sentences of `split`: \"sold\"."),
        Key::new("about", words(), "What weeks show, below the title, with {weeks} for how many: \"share, {weeks}\"."),
        Key::new("subject", words(), "What rose or fell, in the sentences of `record`: \"private label\"."),
        Key::new("value", words(), "A number in the sentences of `record`, with {n} for it: \"{n} of sales\"."),
        Key::new("counted", counted_words(), "So many, in the sentences of `count`, with {n} for the number."),
        Key::new("finding", Shape::OneOf(&["split", "rank", "record", "count"]), FINDING),
    ]
}

/// What is said of the keys `mark` and `finding` of a chart.
const MARK: &str =
    "What is marked: in columns the `last` one's value by a line, in a line of weeks the average of four.";
const FINDING: &str = "What a `chart` says: `split` of days, `rank` of the weeks of a year, `record` and `count` of the \
                       last weeks.";

fn counted_words() -> Shape {
    Shape::Map(vec![
        Key::new("many", words(), "Of several: \"{n} coupons redeemed\".").required(),
        Key::new("one", words(), "Of one: \"1 coupon redeemed\".").required(),
        Key::new("none", words(), "Of none: \"no coupons redeemed\".").required(),
    ])
}

fn item() -> Shape {
    Shape::Map(item_keys())
}

fn item_keys() -> Vec<Key> {
    vec![
        Key::new("measure", Shape::Text, "The measure.").required(),
        Key::new("title", words(), "What it is called here; the measure's title without it."),
        Key::new("unit", words(), "What it counts in, beside the number."),
        Key::new("target", Shape::Number, "What it should have come to."),
    ]
}

/// What is said of the key `sql`.
const SQL: &str = "What a `chart` shows instead of `query`: a SELECT over cubes of a day, or of the Monday of a week, and a \
                   number, from $start to before $end, which are dates; $as_of is the last day whose facts count.";

fn column() -> Shape {
    let additive = "Whether its values add up over days and weeks, as sums and counts do.";
    Shape::Map(
        [
            number_keys(),
            vec![
                Key::new("additive", Shape::Bool, additive).default("false"),
                Key::new("better", Shape::OneOf(Better::WORDS), "Which way it should move."),
            ],
        ]
        .concat(),
    )
}

fn number_keys() -> Vec<Key> {
    vec![
        Key::new("title", words(), "What it is called.").required(),
        Key::new("unit", words(), "What it counts in, beside the number."),
        Key::new("currency", currency(), "The currency that it counts in, such as USD."),
        Key::new(
            "decimals",
            Shape::Within(0, 6),
            "How many decimals it has; without them large numbers are abbreviated.",
        ),
        Key::new("percent", Shape::Bool, "Whether it is a share, shown in percent.").default("false"),
    ]
}

fn time() -> Shape {
    Shape::Map(vec![
        Key::new("grain", Shape::OneOf(&["day", "week"]), "Days of the week, or weeks.").required(),
        Key::new("last", Shape::Within(2, 53), "How many weeks, up to the report's; of days all seven."),
        Key::new("since", Shape::OneOf(&["year_start"]), "From the first week whose Sunday is in the year."),
    ])
}

fn query() -> Shape {
    Shape::Map(vec![
        Key::new("cube", Shape::Text, "The cube.").required(),
        Key::new("measures", Shape::list(Shape::Text), "The measure: one.").required(),
        Key::new("where", filter(), "The facts that count: SQL over the cube's dimensions."),
        Key::new("time", time(), "The points of time.").required(),
    ])
}

/// A condition, alone or with what it is called.
fn filter() -> Shape {
    let says = "What it is called below the title, such as \"groceries only\"; the condition itself without it.";
    let named = Shape::Map(vec![
        Key::new("sql", Shape::Scalar, "The condition.").required(),
        Key::new("says", words(), says).required(),
    ]);
    Shape::Either(vec![Shape::Scalar, named])
}

fn waterfall() -> Shape {
    let apart = "The part of it that no driver makes.";
    let drivers = "What it is the product of, in the order in which they are shown.";
    Shape::Map(vec![
        Key::new("cube", Shape::Text, "The cube.").required(),
        Key::new("measure", Shape::Text, "The measure that changed.").required(),
        Key::new("apart", Shape::Either(vec![Shape::Text, item()]), apart),
        Key::new("drivers", Shape::list(driver()), drivers).required(),
    ])
}

fn driver() -> Shape {
    let subject = "The same as who did it: \"bigger baskets\" in \"bigger baskets added 5,000\".";
    let against = Shape::Map(
        [
            vec![Key::new("total", Shape::Text, "The measure that is the total.").required()],
            directions(),
            vec![Key::new("subject", Shape::Map(directions()), subject)],
        ]
        .concat(),
    );
    let after =
        Shape::Map([vec![Key::new("driver", Shape::Text, "The other's measure.").required()], directions()].concat());
    Shape::Map(
        [
            item_keys().into_iter().filter(|key| key.name != "target").collect(),
            directions(),
            vec![
                Key::new("subject", Shape::Map(directions()), subject),
                Key::new("against", against, "Other words, for when a total went the other way."),
                Key::new("after", after, "Other words, for when it is said right behind another driver."),
            ],
        ]
        .concat(),
    )
}

fn directions() -> Vec<Key> {
    vec![
        Key::new("up", words(), "What is said when it rose.").required(),
        Key::new("down", words(), "What is said when it fell.").required(),
    ]
}

/// A text for every language, or one for each.
fn words() -> Shape {
    localized("The words in this language.")
}

fn name() -> Shape {
    Shape::Written {
        what: "a name of small letters, digits and _",
        pattern: "^[a-z][a-z0-9_]{0,62}$",
        check: |text| {
            text.len() <= 63
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        },
        hint: |_| "; files are named by it".into(),
    }
}

use super::super::names::Column;
use super::*;

fn relation(schema: &str, name: &str, dimensions: &[&str], measures: &[&str]) -> Relation {
    let is_cube = schema == "cubes";
    let column = |role: &str| {
        let role = if is_cube { role.to_owned() } else { String::new() };
        move |name: &&str| Column { name: (*name).to_owned(), role: role.clone(), ..Column::default() }
    };
    let dimensions = dimensions.iter().map(column("dimension"));
    let columns = dimensions.chain(measures.iter().map(column("measure"))).collect();
    Relation { schema: schema.into(), name: name.into(), columns, ..Relation::default() }
}

fn names() -> Names {
    Names {
        relations: vec![
            relation("cubes", "campaigns", &["campaign"], &["reached"]),
            relation("cubes", "sales", &["department", "Store Name", "部門"], &["revenue", "units", "營收"]),
            relation("mart", "products", &["product_id", "order"], &[]),
            relation("mart", "stores", &["store_id", "city"], &[]),
            relation("system", "queries", &["query_id"], &[]),
        ],
        functions: ["sum", "substr", "count"].map(str::to_owned).into(),
        reserved: vec!["ORDER", "SELECT"],
    }
}

/// What is written for each candidate where the bar stands, and what it replaces.
#[track_caller]
fn at(marked: &str) -> (String, Vec<String>) {
    let cursor = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let (start, found) = complete(&text, cursor, &names());
    (text[start..cursor].to_owned(), found.into_iter().map(|candidate| candidate.written).collect())
}

#[track_caller]
fn offers(marked: &str, expected: &[&str]) {
    let (_, found) = at(marked);
    assert_eq!(found, expected, "{marked}");
}

/// Whether each of `expected` is offered, and none of `not`.
#[track_caller]
fn among(marked: &str, expected: &[&str], not: &[&str]) {
    let (_, found) = at(marked);
    for word in expected {
        assert!(found.iter().any(|found| found == word), "{marked} does not offer {word}: {found:?}");
    }
    for word in not {
        assert!(!found.iter().any(|found| found == word), "{marked} offers {word}: {found:?}");
    }
}

const RELATIONS: [&str; 5] = ["campaigns", "sales", "mart.products", "mart.stores", "system.queries"];
const SALES: [&str; 6] = ["department", "\"Store Name\"", "部門", "revenue", "units", "營收"];
const DIMENSIONS: [&str; 3] = ["department", "\"Store Name\"", "部門"];

#[test]
fn relations_follow_from_and_join() {
    for text in ["SELECT 1 FROM |", "select * from sales s join |", "SELECT 1 FROM sales, |", "SELECT (SELECT 1 FROM |"]
    {
        offers(text, &RELATIONS);
    }
    assert_eq!(at("SELECT 1 FROM sa|"), ("sa".to_owned(), vec!["sales".to_owned()]));
    offers("SELECT 1 FROM sa| WHERE", &["sales"]);
    offers("SELECT 1 FROM s|les", &["sales", "system.queries"]);
    offers("SELECT 1 FROM mart.|", &["products", "stores"]);
    offers("SELECT 1 FROM mart.st|", &["stores"]);
    offers("SELECT 1 FROM mart.st| JOIN sales ON 1 = 1", &["stores"]);
    offers("SELECT 1 FROM m|", &["mart.products", "mart.stores"]);
    offers("SELECT 1 FROM system.|", &["queries"]);
    offers("SELECT 1 FROM nowhere.|", &[]);
    among("WITH best AS (SELECT 1) SELECT 1 FROM |", &["best", "sales"], &[]);
}

#[test]
fn columns_are_of_what_the_select_reads_wherever_it_says_so() {
    offers("SELECT | FROM sales", &SALES);
    offers("SELECT department, | FROM sales WHERE x = 'y'", &SALES);
    offers("SELECT re| FROM sales", &["revenue"]);
    offers("SELECT department FROM sales ORDER BY |", &SALES);
    offers("SELECT department FROM sales HAVING |", &SALES);
    offers("SELECT | FROM mart.products", &["product_id", "\"order\""]);
    offers("SELECT s.| FROM sales AS s, mart.stores t", &SALES);
    offers("SELECT t.c| FROM sales s, mart.stores t", &["city"]);
    offers("SELECT sales.rev| FROM sales", &["revenue"]);
    offers("SELECT x.| FROM sales", &[]);
    offers(
        "SELECT | FROM sales JOIN mart.stores ON 1 = 1",
        &[&SALES[..3], &["store_id", "city"], &SALES[3..]].concat(),
    );
}

#[test]
fn rows_are_chosen_and_grouped_by_what_is_no_measure() {
    offers("SELECT revenue FROM sales WHERE |", &DIMENSIONS);
    offers("SELECT revenue FROM sales WHERE (|", &DIMENSIONS);
    offers("SELECT revenue FROM sales WHERE department = 'x' AND d|", &["department"]);
    offers("SELECT revenue FROM sales GROUP BY department, |", &DIMENSIONS);
    offers("SELECT revenue FROM sales s WHERE s.|", &DIMENSIONS);
    among("SELECT revenue FROM sales WHERE r|", &["right join"], &["revenue"]);
}

#[test]
fn measure_takes_measures() {
    offers("SELECT MEASURE(| FROM sales", &["revenue", "units", "營收"]);
    offers("SELECT measure(u|) FROM sales", &["units"]);
    offers("SELECT sum(| FROM sales", &SALES);
    offers("SELECT sum(revenue), | FROM sales", &SALES);
}

#[test]
fn each_select_has_its_own_columns() {
    offers("SELECT campaign FROM campaigns WHERE x IN (SELECT | FROM sales)", &SALES);
    offers(
        "SELECT | FROM (SELECT department FROM sales) t",
        &at("SELECT |").1.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    offers("SELECT campaign FROM campaigns UNION SELECT | FROM sales", &SALES);
    offers("WITH a AS (SELECT | FROM sales) SELECT campaign FROM campaigns", &SALES);
    offers("WITH a AS (SELECT revenue FROM sales) SELECT | FROM campaigns", &["campaign", "reached"]);
    offers("SELECT campaign FROM campaigns; SELECT | FROM sales; SELECT 1", &SALES);
    offers("SELECT extract(year FROM da|) FROM sales", &["date"]);
}

#[test]
fn chinese_quotes_and_comments_are_no_obstacle() {
    offers("SELECT 部門, '門;(' , \"銷 售\", | FROM sales", &SALES);
    offers("SELECT 部| FROM sales", &["部門"]);
    assert_eq!(at("SELECT \"Sto| FROM sales").0, "\"Sto");
    offers("SELECT \"St| FROM sales", &["\"Store Name\""]);
    offers("SELECT 1 FROM sales WHERE \"St|", &["\"Store Name\""]);
    offers("SELECT store| FROM sales", &["\"Store Name\""]);
    offers("SELECT /* FROM campaigns ( */ | FROM sales -- FROM campaigns", &SALES);
    for nothing in [
        "SELECT -- x|\n FROM sales",
        "SELECT 'a| FROM sales",
        "SELECT -- |",
        "SELECT /* |",
        "SELECT 1|",
        "SELECT 'x|' FROM sales",
    ] {
        offers(nothing, &[]);
    }
}

#[test]
fn words_follow_elsewhere() {
    offers("|", &VERBS);
    offers("sel|", &["select"]);
    offers("SEL|", &["SELECT"]);
    offers("SELECT 1; EXP|", &["EXPLAIN"]);
    offers("SET |", &["mart_version", "timezone"]);
    offers("set tim|", &["timezone"]);
    offers("SET timezone = |", &[]);
    offers("SELECT su| FROM sales", &["sum(", "substr("]);
    among("SELECT 1 FROM sales |", &["WHERE", "GROUP BY", "JOIN"], &["sales"]);
    offers("SELECT 1 FROM sales wh|", &["when", "where"]);
    among("SELECT rev|", &["revenue"], &[]);
    among("SELECT |", &["DISTINCT"], &["revenue"]);
}

#[test]
fn commands_complete() {
    offers("\\t|", &["\\timing"]);
    offers("\\d |", &["campaigns", "sales", "mart.products", "mart.stores", "system.queries"]);
    offers("\\d mart.|", &["mart.products", "mart.stores"]);
    offers("\\d  sal|", &["sales"]);
    offers("\\format |", &["table", "csv", "json"]);
    offers("\\x o|", &["on", "off"]);
    offers("\\set t|", &["timezone"]);
    offers("\\i |", &[]);
}

#[test]
fn nothing_is_too_odd() {
    for text in ["|)", "SELECT (|))", ".|", "a..|", "\"|", "SELECT 1 FROM |.x", "'|", "；|", "SELECT 部|門 FROM sales"]
    {
        at(text);
    }
    assert_eq!(complete("部門", 1, &names()).1, []);
    assert_eq!(complete("x", 9, &names()).1, []);
}

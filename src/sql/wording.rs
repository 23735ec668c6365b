//! Sentences of DataFusion's and Arrow's, and how we say them. In a sentence `{}` stands for any text; in ours `{0}` is
//! the first of those, with the names of types as a model writes them.

use super::fault::in_words;

/// What subqueries that name what is outside are held to.
pub(super) const BY_EQUALITIES: &str = "a subquery that names what is outside it goes by equalities of its WHERE alone, and \
     has to aggregate; join a query that groups by what is compared";

/// Theirs, somewhere within a message, and ours for the whole of it.
const SENTENCES: [(&str, &str); 75] = [
    // Values that cannot be read or do not fit.
    ("rror parsing timestamp from '{}' using format '{}': ", "'{0}' is no time in the format '{1}'"),
    (
        "annot cast date value {} to timestamp: converted value exceeds",
        "a date before 1678 or after 2261 is compared or cast as a timestamp, which there is none for; keep it a date",
    ),
    ("rror parsing timestamp from '{}': ", "'{0}' is no time; write 2017-06-01 or 2017-06-01 12:00:00"),
    (
        "annot cast string '{}' to value of Decimal{}",
        "'{0}' cannot be read as a decimal of that size; mend it, or write TRY_CAST, which gives NULL",
    ),
    (
        "annot cast string '{}' to value of Date32 type",
        "'{0}' is no date; write 2017-06-01, or TRY_CAST, which gives NULL",
    ),
    (
        "annot cast string '{}' to value of Time{} type",
        "'{0}' is no time of day; write 12:30:00, or TRY_CAST, which gives NULL",
    ),
    (
        "annot cast string '{}' to value of {} type",
        "'{0}' cannot be read as {1}; mend it, or write TRY_CAST, which gives NULL",
    ),
    (
        "annot cast value '{}' to value of {} type",
        "'{0}' cannot be read as {1}; mend it, or write TRY_CAST, which gives NULL",
    ),
    ("an't cast value {} to type {}", "{0} does not fit {1}; cast it to a wider type"),
    ("alue of {} is out of range {}", "{0} does not fit {1}; cast it to a wider type"),
    ("Overflowing on NaN", "NaN is no decimal; cast the other values to DOUBLE"),
    ("Overflowing on {}", "{0} does not fit that decimal; cast it to DOUBLE"),
    (
        "{} is too large to store in a Decimal{} of precision {}. Max is {}",
        "{0} is too large for a decimal of {2} digits there, whose largest is {3}; cast it to a wider one",
    ),
    (
        "{} is too small to store in a Decimal{} of precision {}. Min is {}",
        "{0} is too small for a decimal of {2} digits there, whose smallest is {3}; cast it to a wider one",
    ),
    (
        "ecimal scale {} exceeds the",
        "a number is written with more digits than a decimal has; cast a text, as in CAST('1e100' AS DOUBLE)",
    ),
    ("nvalid input syntax for type interval: \"{}\"", "'{0}' is no interval; write '3 days' or '1 month 12 hours'"),
    ("nable to cast to Date32 for converting from i64", "to_date cannot read that as a date; write 2017-06-01"),
    ("Array overflow on abs({})", "overflow: abs({0})"),
    ("verflow happened on FACTORIAL({})", "overflow: factorial({0})"),
    ("nvalid Unicode scalar value: {}", "chr takes the number of a letter, not {0}"),
    // Types.
    (
        "nsupported SQL type {}",
        "unknown type '{0}'; there are BIGINT, DOUBLE, DECIMAL(p, s), TEXT, BOOLEAN, DATE, TIMESTAMP",
    ),
    (
        "nsupported type '{}'. Must be",
        "unknown type '{0}'; arrow_cast knows names such as Int64, Float64, Utf8, Date32",
    ),
    ("nsupported CAST from {} to {}", "{0} cannot be cast to {1}; cast it to text, or compute {1} from it"),
    ("nary operator '-' only supports", "the sign - takes a number or an interval; cast what stands behind it"),
    ("nary operator 'NOT' requires a boolean expression, got {}", "NOT takes true or false, not {0}; compare it"),
    (
        "annot infer common string type for string concat operation {} || {}",
        "|| puts texts together, and {0} and {1} are none; cast one of them to TEXT",
    ),
    ("annot get result type for temporal operation {} {} {}: {}", "{0} {1} {2} is not defined; cast one of them"),
    (
        "hysical plan does not support logical expression Exists",
        "EXISTS over a subquery that names what is outside asks for rows in no order; leave its ORDER BY out",
    ),
    (
        "hysical plan does not support logical expression InSubquery",
        "IN over a subquery that names what is outside asks for rows in no order; leave its ORDER BY out",
    ),
    ("hysical plan does not support logical expression ScalarSubquery", BY_EQUALITIES),
    (
        "chema contains qualified field name {} and unqualified field name {} which would be ambiguous",
        "two columns are named '{1}'; rename one with AS",
    ),
    ("chema contains duplicate qualified field name {}", "{0} is there twice; give one of its relations another alias"),
    ("oin condition must be boolean type, but got {}", "ON takes true or false, not {0}; compare it"),
    ("annot automatically convert {} to Boolean", "{0} is not true or false; compare it"),
    ("annot automatically convert {} to {}", "{0} cannot stand where {1} is wanted; cast it"),
    ("in/max was called with {} arguments", "it takes 1 argument"),
    (
        "in/Max accumulator not implemented for type",
        "min and max do not take such values; take the columns within them",
    ),
    (
        "ate part '{}' not supported",
        "there is no part '{0}' of a time; there are year, quarter, month, week, day, dow, doy, hour, minute, second",
    ),
    // Arguments.
    ("named_struct requires", "named_struct takes names and values in turn, the names as literals of text"),
    ("to_date function unsupported data type at index", "to_date takes a value, and formats as literals of text"),
    ("xecution error: Format error", "to_char does not know that format"),
    ("ormat error", "to_char does not know that format"),
    ("string_agg delimiter must be a string literal", "string_agg takes its delimiter as a literal of text"),
    ("COUNT DISTINCT with multiple arguments", "count(DISTINCT …) takes 1 argument; count distinct rows of a subquery"),
    ("xpected an integer value", "lag and lead take their offset as a literal whole number"),
    ("only support Literal types for field at idx", "this argument of a window function must be a literal"),
    ("rgument {} to grouping function", "GROUPING() takes keys of GROUP BY, and {0} is none"),
    ("IKE does not support escape_char", "LIKE knows no ESCAPE but the backslash; write LIKE '50\\\\%'"),
    ("nvalid escape character in LIKE", "ESCAPE takes one character between quotes"),
    ("ield position must not be zero", "split_part counts fields from 1, or from -1 backwards"),
    ("negative substring length not allowed", "substr takes a length of 0 or more"),
    ("negative count not allowed: {}", "substr takes a length of 0 or more, not {0}"),
    // Clauses.
    (
        "annot find column with position {} in SELECT clause. Valid columns: 1 to {}",
        "there is no column {0}; SELECT has {1}",
    ),
    ("rder by column out of bounds, specified: {}, max: {}", "there is no column {0} to order by; SELECT has {1}"),
    (
        "chema contains duplicate unqualified field name \"{}\"",
        "{0} is computed twice under one name; GROUP BY takes what is not an aggregate, and AS tells columns apart",
    ),
    (
        "ggregate function calls cannot be nested: '{}' is nested",
        "{0} stands within another aggregate; compute it in a subquery first",
    ),
    (
        "HAVING clause references: {} must appear",
        "HAVING is for groups, and {0} is neither in GROUP BY nor in an aggregate; write it in WHERE",
    ),
    ("ggregate functions are not allowed in the WHERE clause", "an aggregate cannot stand in WHERE; write HAVING"),
    (
        "SELECT DISTINCT, ORDER BY expressions {} must appear",
        "SELECT DISTINCT can be ordered by its own columns only; select {0} too, or leave it out of ORDER BY",
    ),
    (
        "oo many columns! The subquery should only return one column: {}",
        "a subquery gives several columns where one is meant: {0}",
    ),
    (
        "calar subquery returned more than one row",
        "a subquery gives several rows where one value is meant; aggregate it, or narrow it by WHERE",
    ),
    (
        "{} queries have different number of columns",
        "the sides of {0} have different numbers of columns; select as many",
    ),
    (
        "nconsistent data length across values list: got {} values in row {} but expected {}",
        "the rows of VALUES differ: one has {0} values, the first {2}",
    ),
    (
        "ource table contains {} columns but only {} names given",
        "an alias names {1} columns where there are {0}; name them all",
    ),
    ("LIMIT must be >= 0, '{}'", "LIMIT is 0 or more, not {0}"),
    ("OFFSET must be >=0, '{}'", "OFFSET is 0 or more, not {0}"),
    ("xpected LIMIT to be an integer or null, but got {}", "LIMIT takes a whole number, not {0}"),
    ("xpected OFFSET to be an integer or null, but got {}", "OFFSET takes a whole number, not {0}"),
    ("nsupported LIMIT expression", "LIMIT takes a literal number"),
    ("nsupported OFFSET expression", "OFFSET takes a literal number"),
    ("start bound cannot be UNBOUNDED FOLLOWING", "a frame cannot begin at UNBOUNDED FOLLOWING; write CURRENT ROW"),
    (
        "start bound ({}) cannot be larger than end bound ({})",
        "a frame of a window ends before it begins; turn its bounds round",
    ),
    (
        "frame offsets for ROWS / GROUPS must be non negative integers",
        "ROWS and GROUPS count by whole numbers of 0 or more",
    ),
    (
        "RANGE requires exactly one ORDER BY column",
        "RANGE with a distance needs one ORDER BY expression; write ROWS to count rows",
    ),
    ("he window {} is not defined", "the window '{0}' is not defined; write it out: OVER (…)"),
];

/// Our sentence for a message that holds one of theirs.
pub(super) fn sentence(message: &str) -> Option<String> {
    SENTENCES.iter().find_map(|(theirs, ours)| Some(filled(ours, &holes(theirs, message)?)))
}

/// What stands in the holes of a sentence within a message.
fn holes<'m>(sentence: &str, message: &'m str) -> Option<Vec<&'m str>> {
    let mut parts = sentence.split("{}");
    let first = parts.next()?;
    let mut rest = message.lines().find_map(|line| line.split_once(first).map(|(_, rest)| rest))?;
    let mut holes = Vec::new();
    for part in parts {
        // A hole at the end holds the rest of the line.
        let (hole, after) = if part.is_empty() { (rest, "") } else { rest.split_once(part)? };
        holes.push(hole.trim().trim_end_matches(['.', '!']));
        rest = after;
    }
    Some(holes)
}

fn filled(ours: &str, holes: &[&str]) -> String {
    holes.iter().enumerate().fold(ours.to_owned(), |text, (at, hole)| {
        let said = sql_type(hole).map_or_else(|| in_words(&written(hole)), str::to_owned);
        text.replace(&format!("{{{at}}}"), &said)
    })
}

/// A type of integers, where it matters which one it is.
fn sql_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "Int8" => "TINYINT",
        "Int16" => "SMALLINT",
        "Int32" => "INT",
        "Int64" => "BIGINT",
        _ => return None,
    })
}

/// An expression of DataFusion's as SQL writes it: `Utf8("A")` is `'A'`, `Int64(1)` is `1`.
fn written(expression: &str) -> String {
    const LITERALS: [&str; 4] = ["Utf8(\"", "Utf8View(\"", "LargeUtf8(\"", "Int64("];
    let mut out = expression.to_owned();
    for literal in LITERALS {
        let (end, quote) = if literal.ends_with('"') { ("\")", "'") } else { (")", "") };
        while let Some((before, rest)) = out.split_once(literal)
            && let Some((value, after)) = rest.split_once(end)
        {
            out = format!("{before}{quote}{value}{quote}{after}");
        }
    }
    out
}

/// What is wrong with a regular expression, if that is what a message says.
pub(super) fn regular_expression(message: &str) -> Option<String> {
    if message.contains("ompiled regex exceeds size limit") {
        return Some("the regular expression is too large; write a shorter one".to_owned());
    }
    let (_, parse) = message.split_once("regex parse error:")?;
    let mut lines = parse.lines().map(str::trim).filter(|line| !line.is_empty());
    let pattern = lines.next()?;
    let reason = lines.find_map(|line| line.strip_prefix("error: ")).unwrap_or("it does not parse");
    Some(format!("'{pattern}' is no regular expression: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_said_in_our_words() {
        for (theirs, ours) in [
            (
                "Cannot cast string 'x' to value of Int32 type",
                "'x' cannot be read as INT; mend it, or write TRY_CAST, which gives NULL",
            ),
            ("Can't cast value 300 to type Int8", "300 does not fit TINYINT; cast it to a wider type"),
            (
                "HAVING clause references: lines.d = Utf8(\"A\") AND lines.n > Int64(1) must appear in the GROUP BY clause",
                "HAVING is for groups, and lines.d = 'A' AND lines.n > 1 is neither in GROUP BY nor in an aggregate; write it in WHERE",
            ),
            ("The window w is not defined!", "the window 'w' is not defined; write it out: OVER (…)"),
        ] {
            assert_eq!(sentence(theirs).as_deref(), Some(ours));
        }
        assert_eq!(sentence("something else"), None);
    }

    #[test]
    fn regular_expressions_are_shown_with_their_fault() {
        let theirs = "External error: regex parse error:\n    a(\n     ^\nerror: unclosed group";
        assert_eq!(regular_expression(theirs).as_deref(), Some("'a(' is no regular expression: unclosed group"));
    }
}

//! Casts of what stands uncast beside them.

use super::{rows, sorted};

#[tokio::test]
async fn a_cast_is_told_from_what_it_casts() {
    for (sql, answer) in [
        ("SELECT MAX(CAST(line_id AS double)), MAX(line_id) FROM mart.lines", "7.0 7"),
        ("SELECT MAX(line_id::double), MAX(l.line_id), MAX(CAST(line_id AS text)) FROM mart.lines l", "7.0 7 7"),
        ("SELECT COUNT(DISTINCT CAST(amount AS bigint)), COUNT(DISTINCT amount) FROM mart.lines", "7 7"),
        ("SELECT SUM(line_id + 1), SUM(CAST(line_id AS decimal(9,1)) + 1) FROM mart.lines", "35 35.0"),
        (
            "SELECT CAST(department AS text) a, department b, lines FROM sales WHERE store = 'S2' AND department = 'A'",
            "A A 2",
        ),
        ("SELECT MAX(CAST(store AS text)) a, MAX(store) b FROM sales", "S2 S2"),
        (
            "SELECT TRY_CAST(store AS bigint) a, store b, COUNT(*) FROM mart.lines WHERE store = 'S1' GROUP BY 1, 2",
            "NULL S1 4",
        ),
    ] {
        assert_eq!(rows(sql).await, [answer], "{sql}");
    }
}

#[tokio::test]
async fn keys_and_windows_may_be_casts_of_one_column() {
    for sql in [
        "SELECT CAST(day AS text) a, day b, COUNT(*) n FROM mart.lines GROUP BY 1, 2 HAVING COUNT(*) > 1",
        "SELECT CAST(day AS text) a, day b, COUNT(*) n FROM mart.lines GROUP BY CAST(day AS varchar), day HAVING COUNT(*) > 1",
        "SELECT day::text AS a, sold_at__day AS b, lines FROM (SELECT sold_at__day AS day, sold_at__day, lines FROM sales) t \
         WHERE lines > 1",
    ] {
        assert_eq!(
            sorted(sql).await,
            ["2017-02-10 2017-02-10 2", "2017-03-15 2017-03-15 2", "2017-04-30 2017-04-30 2"],
            "{sql}"
        );
    }
    let windows = "SELECT DISTINCT MAX(CAST(line_id AS text)) OVER (), MAX(line_id) OVER () FROM mart.lines";
    assert_eq!(rows(windows).await, ["7 7"]);
    let distinct =
        "SELECT DISTINCT CAST(store AS text) a, store b FROM mart.lines ORDER BY 1, CAST(store AS text), store";
    assert_eq!(rows(distinct).await, ["S1 S1", "S2 S2"]);
    let ordered = "SELECT CAST(department AS text) a, department b, COUNT(*) n FROM sales GROUP BY 1, 2 \
                   ORDER BY CAST(department AS text) DESC, department LIMIT 1";
    assert_eq!(rows(ordered).await, ["B B 2"]);
}

//! Charts and tables that ask SQL: windows and CTEs over cubes, and never the rows of facts.

use starmart::error::Kind;
use starmart::query::Principal;
use starmart::report::page;
use starmart::report::run::Order;
use starmart::report::verify::verify;

use crate::packs::{KPIS, borrowed, everything, made, report, shop, text, two_weeks};

#[tokio::test(flavor = "multi_thread")]
async fn charts_of_sql_have_windows_and_no_rows_of_facts() {
    let rows = two_weeks("a");
    let chart = |kind: &str, sql: &str, time: &str| {
        format!(
            "{{name: own, chart: {kind}, height: 55, time: {time}, sql: \"{sql}\", column: {{title: {{en: Running, zh-TW: 累計}}, \
             currency: TWD, better: higher, additive: true}}}}"
        )
    };
    let running = "with d as (select day__day as d, takings as t from shop where day >= $start and day < $end) \
                   select d, sum(t) over (order by d) as running from d union all select $as_of, 0 where 1 = 0";
    let days = chart("line", running, "{grain: day}")
        .replace("height: 55", "height: 55, behind: previous, finding: split, verb: made");
    let weeks = chart("columns", "select day__week, items from shop where day < $end", "{grain: week, last: 2}")
        .replace("own", "weekly");
    let project = shop(&borrowed(&rows), &[KPIS, &days, &weeks]).await;
    let files = made(&project, everything()).await.unwrap();
    let found = text(&files);
    for figure in ["own.2017-06-12,112.50,105.50,", "own.2017-06-18,808.50,759.50,", "weekly.2017-06-12,21,,"] {
        assert!(found.contains(figure), "{figure} is not in {found}");
    }
    let carried = page::attachments(&files.iter().find(|file| file.name.ends_with("-en.pdf")).unwrap().bytes).unwrap();
    assert!(verify(&project.mart, Principal::local(), &carried).await.unwrap().passes());

    // Nobody needs to say that facts after the week do not count.
    let total = "with w as (select day__week as d, takings as t from shop) select d, sum(t) over () from w";
    project.write("reports/shop.yaml", &report(&[KPIS, &chart("columns", total, "{grain: week, last: 2}")]));
    let earlier = Order { as_of: Some("2017-06-14".parse().unwrap()), ..everything() };
    let found = text(&made(&project, earlier).await.unwrap());
    assert!(found.contains("own.2017-06-05,759.50,,"), "the week of the 12th is not over: {found}");

    for (sql, kind, words) in [
        ("select * from shop", Kind::Denied, "'*' over cube 'shop' gives the rows of its facts"),
        ("select day, amount from mart.lines", Kind::Denied, "a report asks cubes, and 'mart.lines' is none"),
        ("select day__day, takings, items from shop", Kind::Invalid, "this gives 3 columns"),
        ("select shop, takings from shop", Kind::Invalid, "'a' is no day"),
        ("select day__day, shop from shop", Kind::Invalid, "'a' is no number"),
        ("select day__week, takings from shop where day > $begin", Kind::Invalid, "there is no '$begin' here"),
        (
            "select day__day, takings from shop union all select day__day, takings from shop",
            Kind::Invalid,
            "comes twice",
        ),
        ("delete from shop", Kind::Denied, "DELETE is never run here"),
    ] {
        project.write("reports/shop.yaml", &report(&[KPIS, &chart("line", sql, "{grain: day}")]));
        let error = made(&project, everything()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{sql}: {error}");
        assert!(error.message().starts_with("tile 'own': ") && error.message().contains(words), "{sql}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_sql_have_windows_and_one_order() {
    let mut rows = two_weeks("a");
    rows.extend(two_weeks("b").into_iter().map(|(day, shop, _, items)| (day, shop, "50.00".to_owned(), items)));
    rows.extend(two_weeks("c").into_iter().map(|(day, shop, _, items)| (day, shop, "50.00".to_owned(), items)));
    let week = "from shop where day >= $start and day < $end group by shop";
    let tile = |sql: &str, more: &str| {
        format!(
            "{{name: own, title: {{en: Shops, zh-TW: 門市}}, table: {{sql: \"{sql}\", {more} columns: [\
             {{title: {{en: Shop, zh-TW: 門市}}, names: true}}, {{title: {{en: Takings, zh-TW: 營業額}}, currency: TWD}}, \
             {{title: {{en: Share, zh-TW: 占比}}, percent: true}}]}}}}"
        )
    };
    let shares = format!(
        "with s as (select shop, takings as t {week}) select shop, t as taken, t / sum(t) over () as part from s order by t desc"
    );
    let project = shop(&borrowed(&rows), &[KPIS, &tile(&shares, "")]).await;
    let files = made(&project, everything()).await.unwrap();
    let found = text(&files);
    // 112.50 + … + 118.50 of a; b and c are equal and come by their names.
    assert!(found.contains("own.a.taken,808.50,,,TWD") && found.contains("own.c.taken,350.00,"), "{found:.4000}");
    assert!(found.contains("shop,taken,part\na,808.50,0.5359628770301624\nb,350.00,"), "{found:.4000}");
    let carried = page::attachments(&files.iter().find(|file| file.name.ends_with("-en.pdf")).unwrap().bytes).unwrap();
    assert!(verify(&project.mart, Principal::local(), &carried).await.unwrap().passes());

    let ordered = |columns: &str| format!("select {columns} {week} order by 1");
    for (sql, more, kind, words) in [
        (
            format!("select shop, takings, price {week}"),
            "",
            Kind::Invalid,
            "its rows come in any order; say which by ORDER BY",
        ),
        (ordered("shop, takings, price"), "top: 2,", Kind::Invalid, "the sql gives more than 2 rows"),
        (ordered("shop, takings"), "", Kind::Invalid, "the sql gives 2 columns, and 'columns' says what 3 are"),
        (ordered("shop, takings, shop as again"), "", Kind::Invalid, "'a' stands in a column of numbers"),
        (
            "select * from shop order by 1".to_owned(),
            "",
            Kind::Denied,
            "'*' over cube 'shop' gives the rows of its facts",
        ),
    ] {
        project.write("reports/shop.yaml", &report(&[KPIS, &tile(&sql, more)]));
        let error = made(&project, everything()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{sql}: {error}");
        assert!(error.message().starts_with("tile 'own': ") && error.message().contains(words), "{sql}: {error}");
    }
}

//! Days beside those of the week before, and the week among others.

use proptest::prelude::*;

use super::*;
use crate::model::LOCALES;

#[test]
fn a_week_splits_into_days_above_and_days_below() {
    let values = [
        (Some("15889.59"), Some("11936.74")),
        (Some("17403.48"), Some("12284.37")),
        (Some("20144.70"), Some("9800.42")),
        (Some("6962.69"), Some("11743.41")),
        (Some("8996.58"), Some("13692.13")),
        (Some("9945.83"), Some("15610.20")),
        (Some("13126.72"), Some("16324.20")),
    ];
    let frame = week_47();
    let days = days(&frame, &values);
    let (deck, title) = of_days("en", &days, &frame);
    assert_eq!(deck, "Monday–Wednesday sold $19.4K more than last week, Thursday–Sunday $18.3K less");
    assert_eq!(title, "Three strong days, then four below last week");
    let (deck, title) = of_days("zh-TW", &days, &frame);
    assert_eq!(deck, "週一至週三比前週多賣1.94萬美元，週四至週日少賣1.83萬美元，幾乎抵銷");
    assert_eq!(title, "前三天大增，後四天全數低於前週");
    let said = split(&locale("en"), &revenue(), "sold", &days, &frame);
    let sums: Vec<String> = said.runs.iter().map(|run| run.sum.to_string()).collect();
    assert_eq!(sums, ["19416.24", "-18338.12"]);
}

#[test]
fn days_are_told_in_the_form_that_they_have() {
    let frame = week_47();
    for (above, en, zh) in [
        ([120, -9, -9, -9, -9, -9, -9], "One strong day, then six below last week", "首日大增，後六天全數低於前週"),
        ([9, 9, -9, -9, -9, -9, -9], "Two days above last week, then five below", "前兩天高於前週，後五天全數低於前週"),
        ([-9, -9, -9, -9, -9, -9, 9], "Six days below last week, then one above", "前六天低於前週，末日高於前週"),
        ([-9, 9, 9, 9, 9, 9, 9], "One day below last week, then six above", "首日低於前週，後六天全數高於前週"),
        ([9; 7], "All 7 days above last week", "7天全數高於前週"),
        ([-9; 7], "All 7 days below last week", "7天全數低於前週"),
        ([9, -9, 9, -9, 9, -9, 9], "4 of 7 days above last week", "7天中4天高於前週"),
        ([0; 7], "0 of 7 days above last week", "7天中0天高於前週"),
        // A day that is neither above nor below is called neither.
        ([-9, -9, -9, -9, -9, -9, 0], "0 of 7 days above last week", "7天中0天高於前週"),
        ([9, 9, 9, 9, 9, 9, 0], "6 of 7 days above last week", "7天中6天高於前週"),
        ([0, -9, -9, -9, -9, -9, -9], "0 of 7 days above last week", "7天中0天高於前週"),
    ] {
        let days = beside(&frame, &above);
        assert_eq!(of_days("en", &days, &frame).1, en, "{above:?}");
        assert_eq!(of_days("zh-TW", &days, &frame).1, zh, "{above:?}");
    }
}

#[test]
fn what_is_too_little_is_not_told() {
    let frame = week_47();
    // A hundredth of the week before is 70.
    for (above, deck) in [
        ([70, 0, 0, 0, 0, 0, -70], "Monday sold $70 more than last week, Tuesday–Sunday $70 less"),
        ([70, 0, 0, 0, 0, 0, -69], "Monday sold $70 more than last week"),
        ([-200, 0, 0, 0, 0, 0, 60], "Monday sold $200 less than last week"),
        ([-200, 200, 80, 10, -60, 0, 60], "Monday sold $200 less than last week, Tuesday–Sunday $290 more"),
        ([69, 0, -69, 0, 0, 0, 0], ""),
        ([80, -75, 90, -72, 80, 100, 0], "Saturday sold $100 more than last week, Tuesday $75 less"),
    ] {
        assert_eq!(of_days("en", &beside(&frame, &above), &frame).0, deck, "{above:?}");
    }
    let cancels = |above: [i32; 7]| of_days("zh-TW", &beside(&frame, &above), &frame).0.ends_with("，幾乎抵銷");
    assert!(cancels([109, 0, 0, 0, 0, 0, -100]));
    assert!(!cancels([110, 0, 0, 0, 0, 0, -100]), "a tenth is no longer nearly");
}

#[test]
fn days_without_facts_or_without_a_week_before() {
    // A gap keeps a week that is below on all other days from being called so.
    let mut gap = Frame::of_tests("2017-12-25", "2017-01-01");
    gap.gaps = vec![day("2017-12-25")];
    let values = [(None, Some("9000")), (Some("8000"), Some("9000")), (Some("8990"), Some("9000"))];
    let (deck, title) = of_days("en", &days(&gap, &values), &gap);
    assert_eq!(deck, "Tuesday sold $1,000 less than last week");
    assert_eq!(title, "0 of 7 days above last week");

    let first = Frame::of_tests("2017-01-02", "2017-01-01");
    let values = [(Some("12200"), None), (Some("15900.40"), None), (Some("15900.4"), None)];
    let (deck, title) = of_days("en", &days(&first, &values), &first);
    assert_eq!((deck.as_str(), title.as_str()), ("Tuesday sold most, $15.9K", "Tuesday sold most, $15.9K"));
    assert_eq!(of_days("zh-TW", &days(&first, &values), &first).1, "週二營收最高，1.59萬美元");
}

#[test]
fn a_week_is_ranked_from_the_end_that_is_nearer() {
    let frame = week_47();
    // Of 47 weeks, so many above the last.
    let ranked = |name: &str, above: usize| {
        let values = (0..46).map(|at| Figure::whole(if at < above { 900 } else { 700 }));
        let values: Vec<Figure> = values.chain([Figure::whole(800)]).collect();
        let (deck, title) = rank(&locale(name), &revenue(), &weeks(&frame, &values), &frame);
        (line(&locale(name), &deck), line(&locale(name), &title))
    };
    assert_eq!(ranked("en", 7).0, "Eighth highest of the 47 full weeks this year");
    assert_eq!(ranked("en", 7).1, "Eighth highest of the 47 full weeks this year");
    let zh = ranked("zh-TW", 7);
    assert_eq!((zh.0.as_str(), zh.1.as_str()), ("在今年47個完整週中排名第8", "本週營收在今年47個完整週中排名第8"));
    assert_eq!(ranked("zh-CN", 7).0, "在今年47个完整周中排名第8");
    assert_eq!(ranked("en", 23).0, "24th highest of the 47 full weeks this year", "the middle counts from the top");
    assert_eq!(ranked("en", 24).0, "23rd lowest of the 47 full weeks this year");
    assert_eq!(ranked("zh-TW", 24).0, "在今年47個完整週中排名倒數第23");
    assert_eq!(ranked("en", 0).0, "The highest of the 47 full weeks this year");
    assert_eq!(ranked("en", 46).0, "The lowest of the 47 full weeks this year");
    assert_eq!(ranked("zh-TW", 46).1, "本週營收為今年47個完整週中最低");
}

#[test]
fn four_weeks_are_too_few_to_rank() {
    let frame = week_47();
    let of = |count: u32| {
        let values: Vec<Figure> = (0..count).map(|at| Figure::whole((93_400 + at).into())).collect();
        rank(&locale("en"), &revenue(), &weeks(&frame, &values), &frame)
    };
    let (deck, title) = of(4);
    assert!(deck.is_empty());
    assert_eq!(line(&locale("en"), &title), "$93.4K this week; too few full weeks to rank");
    assert_eq!(line(&locale("en"), &of(5).0), "The highest of the 5 full weeks this year");
}

fn any_day() -> impl Strategy<Value = (Option<i64>, Option<i64>)> {
    let value = || prop::option::weighted(0.9, -1_000_i64..1_000_000);
    (value(), value())
}

proptest! {
    #[test]
    fn whatever_the_days_sentences_are_whole(values in prop::collection::vec(any_day(), 7)) {
        let frame = week_47();
        let cents = |units: i64| Figure::Exact { units: units.into(), places: 2 };
        let one = |(day, (this, before)): (NaiveDate, &(Option<i64>, Option<i64>))| Day {
            day, this: this.map(cents), before: before.map(cents), average: None,
        };
        let days: Vec<Day> = frame.week.days().zip(&values).map(one).collect();
        for name in LOCALES {
            let said = split(&locale(name), &revenue(), "sold", &days, &frame);
            for clause in said.deck.iter().chain(&said.title) {
                prop_assert!(is_whole(&clause.long), "{name}: {clause:?}");
            }
            // Runs take every day that can be compared, once.
            let of_runs = said.runs.iter().map(|run| run.sum).reduce(Figure::plus);
            let compared = days.iter().filter_map(|day| Some(day.this?.minus(day.before?))).reduce(Figure::plus);
            prop_assert_eq!(of_runs, compared);
        }
    }

    #[test]
    fn a_place_counts_those_above_or_those_below(values in prop::collection::vec(0_i32..30, 5..60)) {
        let frame = week_47();
        let figures: Vec<Figure> = values.iter().map(|value| Figure::whole((*value).into())).collect();
        let (deck, _) = rank(&locale("zh-TW"), &revenue(), &weeks(&frame, &figures), &frame);
        let (this, n) = (values[values.len() - 1], values.len());
        let above = values.iter().filter(|value| **value > this).count();
        let below = values.iter().filter(|value| **value < this).count();
        let expected = match (above, below) {
            (0, _) => format!("為今年{n}個完整週中最高"),
            (_, 0) => format!("為今年{n}個完整週中最低"),
            _ if above < n.div_ceil(2) => format!("在今年{n}個完整週中排名第{}", above + 1),
            _ => format!("在今年{n}個完整週中排名倒數第{}", below + 1),
        };
        prop_assert_eq!(line(&locale("zh-TW"), &deck), expected);
    }
}

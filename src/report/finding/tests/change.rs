//! A change and its drivers.

use proptest::prelude::*;

use super::*;
use crate::model::LOCALES;

/// The drivers of the week 47 of 2017.
const WEEK_47: [Part; 4] = [
    (1355.0, 1372.0, 1051.80),
    (2.146_863, 2.254_373, 4122.16),
    (12.580_612, 11.751_051, -5754.54),
    (2.289_580, 2.336_722, 1719.30),
];

fn of_week_47() -> Drivers {
    drivers((Some("91391.47"), "92469.59"), WEEK_47, 0.063)
}

#[test]
fn a_change_and_what_drove_it() {
    let (headline, title) = told("en", &of_week_47(), &week_47());
    assert_eq!(headline, "Revenue up 1.2% to $92.5K: more trips, fewer items in each");
    assert_eq!(title, "More trips added $4,122; smaller baskets took $5,755");
    let (headline, title) = told("zh-TW", &of_week_47(), &week_47());
    assert_eq!(headline, "營收9.25萬美元，較前週增加1.2%：來店更勤，但每次買得更少");
    assert_eq!(title, "來店次數貢獻4,122美元，每次件數拖累5,755美元");
    let (headline, title) = told("zh-CN", &of_week_47(), &week_47());
    assert_eq!(headline, "營收9.25万美元，较上周增加1.2%：來店更勤，但每次買得更少");
    assert_eq!(title, "來店次數贡献4,122美元，每次件數拖累5,755美元");
}

#[test]
fn the_short_form_of_a_headline_names_one_driver() {
    let said = change(&locale("en"), &waterfall(), &of_week_47(), &week_47(), "no sales").headline;
    let fitted = |room| {
        Line { clauses: &said, joint: ". ", full_stop: ". ", end: "", is_sentence: true }
            .fitted(&|text| text.chars().count() as f64, room)
    };
    assert_eq!(fitted(57.0).unwrap(), "Revenue up 1.2% to $92.5K: more trips");
    assert_eq!(fitted(36.0).unwrap(), "Revenue up 1.2% to $92.5K");
    assert!(fitted(24.0).unwrap_err().message().contains("'Revenue up 1.2% to $92.5K'"));
}

#[test]
fn a_week_with_a_day_without_facts_says_so_instead_of_its_drivers() {
    let parts = [(1428.0, 1244.0, -12185.0), (2.35, 2.05, -12373.0), (12.7, 12.4, -1452.0), (2.43, 2.37, -2295.0)];
    let data = drivers((Some("113192.87"), "80828.92"), parts, -0.24);
    let mut frame = Frame::of_tests("2017-12-25", "2017-01-01");
    frame.gaps = vec![day("2017-12-25")];
    let (headline, title) = told("en", &data, &frame);
    assert_eq!(headline, "Revenue down 28.6% to $80.8K, with no sales on Monday 25 December");
    assert_eq!(title, "Fewer trips took $12,373");
    let (headline, title) = told("zh-TW", &data, &frame);
    assert_eq!(headline, "營收8.08萬美元，較前週減少28.6%，12月25日（一）無交易紀錄");
    assert_eq!(title, "來店次數拖累12,373美元");
    frame.gaps.push(day("2017-12-26"));
    assert!(told("en", &data, &frame).0.ends_with(", with no sales on 2 days"));
    assert!(told("zh-TW", &data, &frame).0.ends_with("，其中2天無交易紀錄"));
    // It must be said, however little room there is.
    let said = change(&locale("en"), &waterfall(), &data, &frame, "no sales").headline;
    let fitted = Line { clauses: &said, joint: ". ", full_stop: ". ", end: "", is_sentence: true }
        .fitted(&|text| text.len() as f64, 40.0);
    assert!(fitted.unwrap_err().message().contains("no sales on 2 days"));
}

#[test]
fn without_a_week_before_nothing_is_compared() {
    let frame = Frame::of_tests("2017-01-02", "2017-01-01");
    let data = drivers((None, "93370.29"), [(0.0, 1.0, 0.0); 4], 0.0);
    let (headline, title) = told("en", &data, &frame);
    assert_eq!(headline, "Revenue $93.4K, with no full week before it");
    assert_eq!(title, "No full week before this one");
    assert_eq!(told("zh-TW", &data, &frame).0, "營收9.34萬美元，無前一完整週可比");
}

#[test]
fn drivers_are_told_by_their_signs_and_sizes() {
    let up = |parts| told("en", &drivers((Some("1000"), "1100"), parts, 0.1), &week_47());
    let of_one_sign = [(10.0, 11.0, 30.0), (2.0, 2.1, 40.0), (5.0, 5.0, 0.0), (3.0, 3.1, 30.0)];
    let (headline, title) = up(of_one_sign);
    assert_eq!((headline.as_str(), title.as_str()), ("Revenue up 10.0% to $1,100: more trips", "More trips added $40"));
    // What prints as flat is not told, however much it did.
    let flat = [(1000.0, 1000.4, 90.0), (2.0, 2.0, 0.0), (5.0, 5.0, 0.0), (3.0, 3.0, 0.0)];
    let (headline, title) = up(flat);
    assert_eq!((headline.as_str(), title.as_str()), ("Revenue up 10.0% to $1,100", "No driver moved revenue"));
    let equal = [(10.0, 11.0, 40.0), (2.0, 2.1, 40.0), (5.0, 4.0, -20.0), (3.0, 2.0, -20.0)];
    assert_eq!(up(equal).0, "Revenue up 10.0% to $1,100: more households, fewer items per trip");
    let down = told("en", &drivers((Some("1100"), "1000"), equal, 0.1), &week_47());
    assert_eq!(down.0, "Revenue down 9.1% to $1,000: fewer items per trip, more households");
    assert_eq!(down.1, "Smaller baskets took $20; more households added $40");
}

#[test]
fn the_title_of_a_flat_change_begins_with_what_did_most() {
    let flat = |name: &str, fewer: f64| {
        let parts = [(10.0, 11.0, 400.0), (2.0, 2.0, 0.0), (5.0, 4.0, fewer), (3.0, 3.0, 0.0)];
        told(name, &drivers((Some("91391.47"), "91391.67"), parts, 0.1), &week_47())
    };
    assert_eq!(flat("en", -399.8).0, "Revenue flat at $91.4K: more households, fewer items per trip");
    assert_eq!(flat("en", -399.8).1, "More households added $400; smaller baskets took $400");
    assert_eq!(flat("en", -401.0).1, "Smaller baskets took $401; more households added $400");
    assert_eq!(flat("zh-TW", -401.0).0, "營收9.14萬美元，與前週持平：家庭變多，但每次買得更少");
}

#[test]
fn a_driver_against_its_total_is_told_as_what_it_is() {
    let parts = [(1000.0, 900.0, -300.0), (2.0, 2.1, 100.0), (12.0, 11.0, -400.0), (3.0, 3.0, 0.0)];
    let data = |total| drivers((Some("10000"), "9400"), parts, total);
    let (headline, title) = told("en", &data(-0.055), &week_47());
    assert_eq!(headline, "Revenue down 6.0% to $9,400: fewer items per trip, more trips per household");
    assert_eq!(title, "Smaller baskets took $400; trips per household added $100");
    assert!(told("en", &data(0.02), &week_47()).0.ends_with(": fewer items per trip, more trips"));
    let rose = drivers((Some("9400"), "10000"), parts, -0.055);
    assert!(told("en", &rose, &week_47()).0.ends_with(": more trips per household, fewer items in each"));
}

#[test]
fn nothing_before_is_no_base() {
    let data = drivers((Some("0"), "500"), [(1.0, 1.0, 0.0); 4], 0.0);
    assert_eq!(told("en", &data, &week_47()).0, "Revenue $500, against $0 last week");
    assert_eq!(told("zh-TW", &data, &week_47()).0, "營收500美元，前週為0美元");
}

proptest! {
    #[test]
    fn whatever_the_change_sentences_are_whole(
        (before, this) in (-1_000_000_i64..100_000_000, -1_000_000_i64..100_000_000),
        parts in prop::array::uniform4((0.1_f64..1e6, 0.1_f64..1e6)),
        total in -1.0_f64..1.0,
    ) {
        let parts = parts.map(|(before, this)| (before, this, (this / before).ln() * 1000.0));
        let text = |units: i64| Figure::Exact { units: units.into(), places: 2 }.to_string();
        let data = drivers((Some(text(before).as_str()), text(this).as_str()), parts, total);
        for name in LOCALES {
            let said = change(&locale(name), &waterfall(), &data, &week_47(), "no sales");
            prop_assert!(said.headline.first().is_some_and(|lead| lead.is_mandatory));
            for clause in said.headline.iter().chain(&said.title) {
                prop_assert!(is_whole(&clause.long), "{name}: {clause:?}");
            }
        }
    }
}

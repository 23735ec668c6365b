//! What is said of members, of records and of counts.

use super::*;
use crate::report::data::{Bars as BarsData, Contributions as Shares, Member};
use crate::report::resolve::{Bars, Chart, Contributions, Dimension, Phrases, Values};
use crate::report::spec::{ChartKind, TimeSpec};

fn department() -> Dimension {
    Dimension { name: "department".into(), title: words(("Department", "部門")), labels: None, are_days: false }
}

fn nouns() -> (Text, Text) {
    (words(("department", "個部門")), words(("departments", "個部門")))
}

fn source() -> Source {
    Source { cube: "sales".into(), time: "sold_at".into() }
}

fn contributions_asked() -> Contributions {
    Contributions {
        source: source(),
        item: revenue(),
        by: department(),
        nouns: nouns(),
        whole: Some(words(("total", "全店"))),
        verb: Some(words(("sold", "賣"))),
        filter: None,
        top: 5,
        bottom: 5,
    }
}

fn compared(before: Option<&str>, this: &str) -> Compared {
    Compared { this: Some(figure(this)), previous: before.map(figure), average: None }
}

fn member(key: &str, before: Option<&str>, this: &str) -> Member {
    Member { key: key.into(), compared: compared(before, this) }
}

/// Headline and title of what members did.
fn shares(name: &str, gains: &[Member], losses: &[Member], total: Compared) -> (String, String) {
    let data = Shares { answered: Vec::new(), gains: gains.to_vec(), losses: losses.to_vec(), others: None, total };
    let locale = locale(name);
    let (headline, title) = contributions(&locale, &contributions_asked(), &data);
    (line(&locale, &headline), line(&locale, &title))
}

#[test]
fn the_largest_gain_and_loss_are_told_that_of_the_total_first() {
    let (gains, losses) = (vec![member("Deli", Some("100"), "400")], vec![member("Meat", Some("500"), "400")]);
    let up = shares("en", &gains, &losses, compared(Some("1000"), "1400"));
    assert_eq!(up.0, "Deli gained $300, or 75% of the net rise; meat lost $100");
    assert_eq!(up.1, "The largest gain adds $300; the largest loss takes $100");
    let down = shares("en", &gains, &losses, compared(Some("1000"), "600"));
    assert_eq!(down.0, "Meat lost $100, or 25% of the net fall; deli gained $300");
    let zh = shares("zh-TW", &gains, &losses, compared(Some("1000"), "1400"));
    assert_eq!(zh.0, "Deli多賣300美元，相當於全店淨增額的75%；Meat少賣100美元");
    assert_eq!(zh.1, "增加最多的1個部門增300美元，減少最多的1個減100美元");
}

#[test]
fn more_than_the_total_is_no_part_of_it() {
    let gains = vec![member("Deli", Some("100"), "400")];
    assert_eq!(shares("en", &gains, &[], compared(Some("1000"), "1200")).0, "Deli gained $300");
    // All that gained did so while the total fell: nothing lost is shown, and the gain is no part of the fall.
    assert_eq!(shares("en", &gains, &[], compared(Some("1000"), "900")).0, "Deli gained $300");
    assert_eq!(shares("en", &gains, &[], compared(Some("1000"), "1000")).0, "Deli gained $300");
}

#[test]
fn where_nothing_moved_that_is_said() {
    let (headline, title) = shares("en", &[], &[], compared(Some("1000"), "1000"));
    assert_eq!((headline.as_str(), title.as_str()), ("No department gained or lost", "No department gained or lost"));
    assert_eq!(shares("zh-CN", &[], &[], compared(Some("1000"), "1000")).0, "營收与上周持平");
}

#[test]
fn without_a_week_before_the_largest_are_told() {
    let largest = vec![member("Grocery", None, "530"), member("Drug & GM", None, "110")];
    let (headline, title) = shares("en", &largest, &[], compared(None, "1000"));
    assert_eq!(headline, "Grocery sold $530, 53% of revenue");
    assert_eq!(title, "The two largest departments sold $640");
    assert_eq!(shares("zh-TW", &largest, &[], compared(None, "1000")).1, "營收最高的2個部門共640美元");
    assert_eq!(shares("en", &[], &[], compared(None, "0")).0, "", "of nothing nobody has a part");
}

fn share(title: Words) -> Item {
    item("share", NumberKind::Rate, None, title)
}

fn chart(item: Item, phrases: Phrases) -> Chart {
    Chart {
        kind: ChartKind::Line,
        values: Values::Query(source(), None),
        item,
        time: TimeSpec::LastWeeks(26),
        behind: false,
        mark: None,
        finding: None,
        phrases,
    }
}

/// Deck and title of shares in per cent, the last one this week's.
fn recorded(name: &str, percents: &[&str]) -> (String, String) {
    let frame = week_47();
    let hundredths = |text: &&str| figure(text).times(figure("0.01"));
    let values: Vec<Figure> = percents.iter().map(hundredths).collect();
    let previous = values.len().checked_sub(2).map(|at| values[at]);
    let mut weeks = weeks(&frame, &values);
    weeks.compared = Compared { this: values.last().copied(), previous, average: None };
    let phrases = Phrases {
        subject: Some(words(("private label", "自有品牌占比"))),
        value: Some(words(("{n} of sales", "{n}"))),
        ..Phrases::default()
    };
    let locale = locale(name);
    let (deck, title) =
        record(&locale, &chart(share(("Private-label share", "自有品牌占比")), phrases), &weeks, &frame);
    (line(&locale, &deck), line(&locale, &title))
}

#[test]
fn a_record_is_told_with_how_far_back_it_goes() {
    let since = recorded("en", &["20", "21.9", "20.1", "20.2", "20.3", "20.4", "21.8"]);
    assert_eq!(since.0, "Private label rose to 21.8% of sales, the highest since the week of 16 October");
    assert_eq!(since.1, "Private label 21.8%, highest since 16 October");
    let all = recorded("en", &["20", "20.1", "20.2", "20.3", "21.8"]);
    assert_eq!(all.0, "Private label rose to 21.8% of sales, the highest in 5 weeks");
    let low = recorded("zh-TW", &["20", "20.1", "20.2", "20.3", "19.8"]);
    assert_eq!(low, ("自有品牌占比降至19.8%，為5週新低".to_owned(), "自有品牌占比19.8%，5週新低".to_owned()));
}

#[test]
fn what_is_no_record_is_a_change() {
    // One of the four weeks before was as high.
    let (deck, title) = recorded("en", &["20", "20.1", "22", "20.3", "21.8"]);
    assert_eq!(deck, "Private label rose to 21.8% of sales, +1.5 pts on last week");
    assert_eq!(title, "Private label 21.8%, +1.5 pts on last week");
    assert_eq!(recorded("en", &["20", "21.8"]).0, "Private label rose to 21.8% of sales, +1.8 pts on last week");
    assert_eq!(recorded("en", &["1", "2", "3", "21.81", "21.84"]).0, "Private label flat at 21.8% of sales");
    assert_eq!(recorded("en", &["21.8"]).0, "Private label 21.8% of sales");
}

fn counted_weeks(name: &str, before: Option<&str>, this: &str) -> (String, String) {
    let frame = week_47();
    let mut weeks = weeks(&frame, &[figure(this)]);
    weeks.compared = compared(before, this);
    let phrases = Phrases {
        counted: Some([
            words(("{n} coupons redeemed", "折價券兌換{n}張")),
            words(("1 coupon redeemed", "折價券兌換1張")),
            words(("no coupons redeemed", "無折價券兌換")),
        ]),
        ..Phrases::default()
    };
    let mut coupons = item("redeemed", NumberKind::Amount, None, ("Redemptions", "兌換數"));
    coupons.unit = Some(Text::new([("zh-TW".to_owned(), "張".to_owned())]));
    let locale = locale(name);
    let (deck, title) = count(&locale, &chart(coupons, phrases), &weeks);
    (line(&locale, &deck), line(&locale, &title))
}

#[test]
fn counts_are_told_in_per_cent_where_there_are_enough() {
    let said = |before: Option<&str>, this: &str| counted_weeks("en", before, this).0;
    assert_eq!(said(Some("139"), "85"), "85 coupons redeemed, 39% fewer");
    assert_eq!(said(Some("19"), "25"), "25 coupons redeemed, 6 more");
    assert_eq!(said(Some("20"), "45"), "45 coupons redeemed, 25 more", "more than twice as many");
    assert_eq!(said(Some("30"), "1"), "1 coupon redeemed, 29 fewer");
    assert_eq!(said(Some("3"), "0"), "No coupons redeemed, 3 fewer");
    assert_eq!(said(Some("85"), "85"), "85 coupons redeemed, as many as last week");
    assert_eq!(said(Some("1"), "1"), "1 coupon redeemed, as last week");
    assert_eq!(said(Some("0"), "0"), "No coupons redeemed this week or last");
    assert_eq!(said(None, "3"), "3 coupons redeemed");
    assert_eq!(counted_weeks("zh-TW", Some("19"), "25").1, "折價券兌換25張，較前週增加6張");
    assert_eq!(counted_weeks("zh-TW", Some("0"), "0").1, "本週與前週皆無折價券兌換");
}

fn bars_asked() -> Bars {
    Bars {
        source: source(),
        item: share(("Private-label share", "自有品牌占比")),
        by: department(),
        nouns: nouns(),
        whole: None,
        subject: words(("private label", "自有品牌占比")),
        least: None,
        filter: None,
        top: 8,
        explains: true,
    }
}

/// Deck and title of members with their average and this week, all of them having moved from one share to another.
fn moved_most(name: &str, rows: &[(&str, Option<&str>, &str)], total: (Option<&str>, &str)) -> (String, String) {
    let member = |(key, average, this): &(&str, Option<&str>, &str)| Member {
        key: (*key).into(),
        compared: Compared { this: Some(figure(this)), previous: None, average: average.map(figure) },
    };
    let members = rows.iter().map(member).collect();
    let data = BarsData { answered: Vec::new(), members, total: compared(total.0, total.1) };
    let locale = locale(name);
    let (deck, title) = members_said(&locale, &data);
    (deck.first().map_or_else(String::new, |clause| clause.long.clone()), line(&locale, &title))
}

fn members_said(locale: &Locale, data: &BarsData) -> (Vec<Clause>, Vec<Clause>) {
    super::super::members(locale, &bars_asked(), data)
}

#[test]
fn the_member_that_moved_most_is_that_of_the_direction_of_all() {
    let rows = [("Pastry", Some("0.449"), "0.415"), ("Deli", Some("0.204"), "0.387"), ("Meat", Some("0.100"), "0.020")];
    let up = moved_most("en", &rows, (Some("0.20"), "0.21"));
    assert_eq!(
        up,
        (", most of all in deli".to_owned(), "Deli’s private-label share went from 20.4% to 38.7%".to_owned())
    );
    let down = moved_most("zh-TW", &rows, (Some("0.21"), "0.20"));
    assert_eq!(down, ("，Meat降幅最大".to_owned(), "Meat的自有品牌占比由前四週10.0%降至2.0%".to_owned()));
    let flat = moved_most("en", &rows, (Some("0.21"), "0.21"));
    assert_eq!(flat, (String::new(), "Deli’s private-label share went from 20.4% to 38.7%".to_owned()));
}

#[test]
fn members_that_did_not_move_or_are_new_are_told_by_their_size() {
    let still = moved_most("en", &[("Pastry", Some("0.415"), "0.4151"), ("Deli", None, "0.2")], (Some("0.2"), "0.3"));
    assert_eq!(still, (String::new(), "Private label is highest in pastry, 41.5%".to_owned()));
    let none = moved_most("en", &[], (Some("0.2"), "0.3"));
    assert_eq!(none, (String::new(), String::new()));
    let against = moved_most("en", &[("Pastry", Some("0.3"), "0.2")], (Some("0.2"), "0.3"));
    assert_eq!(against.0, "", "what fell explains no rise");
}

//! A small data set of the demo's schema, made without a network: 120 households, five stores, a year. The same bytes
//! every time. It is no substitute for The Complete Journey; its figures mean nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use chrono_tz::America::New_York;
use parquet::arrow::ArrowWriter;

use crate::error::{Error, Result};

const HOUSEHOLDS: i64 = 120;
const STORES: i64 = 5;
const PRODUCTS: i64 = 200;
/// Products that are sold but that the product file lacks.
const UNKNOWN_PRODUCTS: i64 = 4;
const SEED: u64 = 0x5eed_2017;

const DEPARTMENTS: [&str; 8] = ["GROCERY", "PRODUCE", "MEAT", "DELI", "DRUG GM", "PASTRY", "FUEL", "MISCELLANEOUS"];
const AGES: [&str; 6] = ["19-24", "25-34", "35-44", "45-54", "55-64", "65+"];
const INCOMES: [&str; 5] = ["Under 15K", "15-24K", "35-49K", "50-74K", "100-124K"];

/// A xorshift generator (Marsaglia 2003): enough for data that only has to look like data.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 >> 33).unwrap_or_default() % limit
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        usize::try_from(self.below(i64::try_from(words.len()).unwrap_or(1))).map_or(words[0], |at| words[at])
    }
}

/// The data set's Parquet files by their path in a project; the same bytes every time.
///
/// # Errors
/// Internal: the files cannot be made.
pub fn files() -> Result<Vec<(String, Vec<u8>)>> {
    let mut dice = Dice(SEED);
    let tables = [
        ("products", products(&mut dice)),
        ("demographics", demographics(&mut dice)),
        ("campaign_descriptions", descriptions()),
        ("campaigns", campaigns(&mut dice)),
        ("coupons", coupons(&mut dice)),
        ("coupon_redemptions", redemptions(&mut dice)),
        ("promotions", promotions(&mut dice)),
        ("transactions", transactions(&mut dice)),
    ];
    tables.into_iter().map(|(name, columns)| Ok((format!("data/{name}.parquet"), parquet(name, columns)?))).collect()
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn parquet(name: &str, columns: Columns) -> Result<Vec<u8>> {
    let broken = |error: &dyn std::fmt::Display| Error::internal(format!("the table {name} cannot be made: {error}"));
    let batch = RecordBatch::try_from_iter(columns).map_err(|error| broken(&error).with_source(error))?;
    let mut bytes = Vec::new();
    let written = ArrowWriter::try_new(&mut bytes, batch.schema(), None).and_then(|mut writer| {
        writer.write(&batch)?;
        writer.close()
    });
    written.map_err(|error| broken(&error).with_source(error))?;
    Ok(bytes)
}

fn ints(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn cents(values: &[i64]) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values.iter().map(|cents| *cents as f64 / 100.0)))
}

fn instants(values: impl IntoIterator<Item = DateTime<Utc>>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from_iter_values(
        values.into_iter().map(|at| at.timestamp_micros().saturating_mul(1000)),
    ))
}

/// The first moment of a day of 2017, counted from 0, as if it were UTC.
fn day(of_year: i64) -> DateTime<Utc> {
    let first = NaiveDate::from_ymd_opt(2017, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc();
    first + Duration::days(of_year)
}

fn products(dice: &mut Dice) -> Columns {
    let departments: Vec<&str> = (0..PRODUCTS).map(|_| dice.pick(&DEPARTMENTS)).collect();
    let kind = |at: i64| format!("KIND {}", at % 12);
    let kinds: Vec<String> = (0..PRODUCTS).map(kind).collect();
    let sizes: Vec<String> = (0..PRODUCTS).map(|at| format!("{} OZ", 4 + at % 20)).collect();
    vec![
        ("product_id", ints(1..=PRODUCTS)),
        ("manufacturer_id", ints((0..PRODUCTS).map(|at| 1 + at % 9))),
        ("department", texts(departments.iter().copied())),
        ("brand", texts((0..PRODUCTS).map(|at| if at % 4 == 0 { "Private" } else { "National" }))),
        ("product_category", texts(kinds.iter().map(String::as_str))),
        ("product_type", texts(kinds.iter().map(String::as_str))),
        ("package_size", texts(sizes.iter().map(String::as_str))),
    ]
}

/// Of every third household nothing is known.
fn demographics(dice: &mut Dice) -> Columns {
    let known: Vec<i64> = (1..=HOUSEHOLDS).filter(|household| household % 3 != 0).collect();
    let mut column = |words: &[&'static str]| texts(known.iter().map(|_| dice.pick(words)).collect::<Vec<_>>());
    vec![
        ("household_id", ints(known.iter().copied())),
        ("age", column(&AGES)),
        ("income", column(&INCOMES)),
        ("home_ownership", column(&["Homeowner", "Renter", "Unknown"])),
        ("marital_status", column(&["Married", "Unmarried", "Unknown"])),
        ("household_size", column(&["1", "2", "3", "4", "5+"])),
        ("household_comp", column(&["1 Adult No Kids", "2 Adults No Kids", "2 Adults Kids"])),
        ("kids_count", column(&["0", "1", "2", "3+"])),
    ]
}

fn descriptions() -> Columns {
    vec![
        ("campaign_id", ints(1..=6)),
        ("campaign_type", texts(["Type A", "Type B", "Type B", "Type C", "Type A", "Type B"])),
        ("start_date", instants((0..6).map(|at| day(20 + 50 * at)))),
        ("end_date", instants((0..6).map(|at| day(60 + 50 * at)))),
    ]
}

fn campaigns(dice: &mut Dice) -> Columns {
    let sent: Vec<(i64, i64)> =
        (1..=6).flat_map(|campaign| (1..=HOUSEHOLDS).map(move |household| (campaign, household))).collect();
    let sent: Vec<(i64, i64)> = sent.into_iter().filter(|_| dice.below(3) == 0).collect();
    vec![
        ("campaign_id", ints(sent.iter().map(|(campaign, _)| *campaign))),
        ("household_id", ints(sent.iter().map(|(_, household)| *household))),
    ]
}

fn coupons(dice: &mut Dice) -> Columns {
    let rows = 240;
    vec![
        ("coupon_upc", ints((0..rows).map(|at| 10_000_000_000 + at % 40))),
        ("product_id", ints((0..rows).map(|_| 1 + dice.below(PRODUCTS)).collect::<Vec<_>>())),
        ("campaign_id", ints((0..rows).map(|at| 1 + at % 6))),
    ]
}

fn redemptions(dice: &mut Dice) -> Columns {
    let rows: Vec<[i64; 4]> = (0..60)
        .map(|_| [1 + dice.below(HOUSEHOLDS), 10_000_000_000 + dice.below(40), 1 + dice.below(6), dice.below(300)])
        .collect();
    vec![
        ("household_id", ints(rows.iter().map(|row| row[0]))),
        ("coupon_upc", ints(rows.iter().map(|row| row[1]))),
        ("campaign_id", ints(rows.iter().map(|row| row[2]))),
        ("redemption_date", instants(rows.iter().map(|row| day(row[3])))),
    ]
}

fn promotions(dice: &mut Dice) -> Columns {
    let rows = 500;
    vec![
        ("product_id", ints((0..rows).map(|_| 1 + dice.below(PRODUCTS)).collect::<Vec<_>>())),
        ("store_id", ints((0..rows).map(|at| 300 + at % STORES))),
        ("display_location", texts((0..rows).map(|at| if at % 3 == 0 { "9" } else { "0" }))),
        ("mailer_location", texts((0..rows).map(|at| if at % 2 == 0 { "A" } else { "0" }))),
        ("week", ints((0..rows).map(|at| 1 + at % 53))),
    ]
}

/// Trips at opening hours of New York, written in UTC as the real file does.
fn transactions(dice: &mut Dice) -> Columns {
    let mut ids: [Vec<i64>; 5] = Default::default();
    let mut money: [Vec<i64>; 4] = Default::default();
    let (mut weeks, mut times) = (Vec::new(), Vec::new());
    let mut basket = 31_000_000_000;
    for date in 0..365 {
        for household in 1..=HOUSEHOLDS {
            if dice.below(9) != 0 {
                continue;
            }
            basket += 1;
            let wall = day(date).naive_utc() + Duration::minutes(6 * 60 + dice.below(17 * 60));
            let at = New_York.from_local_datetime(&wall).earliest().map_or(wall.and_utc(), |at| at.to_utc());
            let store = 300 + (household + dice.below(2)) % STORES;
            let first = dice.below(PRODUCTS + UNKNOWN_PRODUCTS);
            for line in 0..=dice.below(6) {
                let product = 1 + (first + 7 * line) % (PRODUCTS + UNKNOWN_PRODUCTS);
                let quantity = 1 + dice.below(3);
                for (column, value) in ids.iter_mut().zip([household, store, basket, product, quantity]) {
                    column.push(value);
                }
                let price = 50 + dice.below(900);
                let loyalty = if dice.below(4) == 0 { price / 10 } else { 0 };
                let coupon = if dice.below(30) == 0 { 50 } else { 0 };
                let values = [price * quantity - loyalty, loyalty, coupon, coupon / 2];
                for (column, value) in money.iter_mut().zip(values) {
                    column.push(value);
                }
                weeks.push(1 + date / 7);
                times.push(at);
            }
        }
    }
    let [household, store, basket, product, quantity] = ids;
    vec![
        ("household_id", ints(household)),
        ("store_id", ints(store)),
        ("basket_id", ints(basket)),
        ("product_id", ints(product)),
        ("quantity", ints(quantity)),
        ("sales_value", cents(&money[0])),
        ("retail_disc", cents(&money[1])),
        ("coupon_disc", cents(&money[2])),
        ("coupon_match_disc", cents(&money[3])),
        ("week", ints(weeks)),
        ("transaction_timestamp", instants(times)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_every_time() {
        let made = files().unwrap();
        assert_eq!(made.len(), 8);
        assert_eq!(made, files().unwrap());
    }
}

//! A change by its drivers.

use crate::error::{Error, Result};
use crate::mart::Session;

use super::super::drivers::{Factor, effects};
use super::super::figure::Figure;
use super::super::resolve::{Item, Measured, Waterfall};
use super::frame::{FOUR, Frame};
use super::series::{Compared, Points, Series};

/// A measure, what it is made of, and what each part did to it.
#[derive(Debug, Clone)]
pub struct Drivers {
    /// What was asked.
    pub series: Series,
    /// The measure.
    pub whole: Compared,
    /// Its drivers, in their order.
    pub drivers: Vec<Effect>,
    /// What stands apart.
    pub apart: Option<Effect>,
    /// What the drivers multiply to: the measure without what stands apart.
    pub product: Compared,
}

/// A part of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The part itself.
    pub compared: Compared,
    /// How far the total that it may be said against changed, as a share.
    pub total_change: Option<f64>,
    /// What it did to the measure; none without a week before.
    pub effect: Option<Figure>,
}

impl Drivers {
    pub(super) async fn ask(session: &Session, waterfall: &Waterfall, frame: &Frame) -> Result<Self> {
        let drivers = waterfall.drivers.iter().map(|driver| &driver.item.measure);
        let totals = waterfall.drivers.iter().filter_map(|driver| Some(&driver.against.as_ref()?.0));
        let apart = waterfall.apart.as_ref().map(|apart| &apart.measure);
        let measures: Vec<&Measured> =
            [&waterfall.item.measure].into_iter().chain(drivers).chain(totals).chain(apart).collect();
        let bounds = (frame.week.before(FOUR).first(), frame.week.end());
        let series = Series::ask(session, &waterfall.source, &measures, None, Points::Weeks, bounds).await?;
        let whole = series.compared(&waterfall.item.measure, frame);
        let beside = apart.map(|apart| series.compared(apart, frame));
        let product = without(&whole, beside.as_ref());
        let mut drivers: Vec<Effect> = waterfall
            .drivers
            .iter()
            .map(|driver| Effect {
                compared: series.compared(&driver.item.measure, frame),
                total_change: driver
                    .against
                    .as_ref()
                    .and_then(|(total, ..)| series.compared(total, frame).change(total)),
                effect: None,
            })
            .collect();
        if frame.previous().is_some() {
            explain(&product, &mut drivers)?;
        }
        let apart = beside.map(|compared| Effect {
            effect: compared.this.zip(compared.previous).map(|(this, before)| this.minus(before)),
            compared,
            total_change: None,
        });
        Ok(Self { series, whole, drivers, apart, product })
    }

    /// The parts of the change with what they are called: the drivers, and what stands apart.
    pub fn parts<'a>(&'a self, waterfall: &'a Waterfall) -> impl Iterator<Item = (&'a Item, &'a Effect)> {
        let drivers = waterfall.drivers.iter().map(|driver| &driver.item).zip(&self.drivers);
        drivers.chain(waterfall.apart.iter().zip(&self.apart))
    }

    /// How far the measure moved.
    pub fn change(&self) -> Option<Figure> {
        Some(self.whole.this?.minus(self.whole.previous?))
    }
}

/// A measure without the part that stands apart, which is nothing where it has no value.
fn without(whole: &Compared, apart: Option<&Compared>) -> Compared {
    let rest = |whole: Option<Figure>, apart: Option<Figure>| Some(whole?.minus(apart.unwrap_or(Figure::ZERO)));
    Compared {
        this: rest(whole.this, apart.and_then(|apart| apart.this)),
        previous: rest(whole.previous, apart.and_then(|apart| apart.previous)),
        average: rest(whole.average, apart.and_then(|apart| apart.average)),
    }
}

fn explain(product: &Compared, drivers: &mut [Effect]) -> Result<()> {
    let factor = |compared: &Compared| {
        let (before, after) = compared.previous.zip(compared.this)?;
        Some(Factor { before: before.double(), after: after.double() })
    };
    let factors: Option<Vec<Factor>> = drivers.iter().map(|driver| factor(&driver.compared)).collect();
    let (Some(product), Some(factors)) = (factor(product), factors) else {
        return Err(Error::invalid(
            "a driver has no value in this week or the one before, so that its effect is unknown",
        ));
    };
    for (driver, effect) in drivers.iter_mut().zip(effects(product, &factors)?) {
        driver.effect = Figure::of_double(effect);
    }
    Ok(())
}

//! Words of a report's author.

use super::{Easel, Made};
use crate::model::Text;
use crate::report::page::Body;

pub(super) fn make(easel: &Easel<'_>, words: &Text) -> Made {
    let text = words.get(easel.locale.name).unwrap_or_default();
    let paragraphs = text.split('\n').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let none = Vec::new;
    Made { body: Body::Text { paragraphs }, title: none(), subtitle: none(), headline: none(), deck: none() }
}

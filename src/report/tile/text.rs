//! Words of a report's author.

use super::{Easel, Made};
use crate::error::Result;
use crate::model::Text;
use crate::report::page::Body;

pub(super) fn make(easel: &Easel<'_>, words: &Text) -> Result<Made> {
    let text = words.get(easel.locale.name).unwrap_or_default();
    easel.ruler.check(text)?;
    let paragraphs = text.split('\n').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let none = Vec::new;
    Ok(Made { body: Body::Text { paragraphs }, title: none(), subtitle: none(), headline: none(), deck: none() })
}

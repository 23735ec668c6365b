//! Pages by Typst: a finished description becomes PDF and PNG. Every text comes as data and is never read as markup;
//! every picture is an SVG that `chart` has drawn.

mod compose;
mod describe;
mod extract;
mod world;

pub use compose::{Composed, Pixels, compose};
pub use describe::{
    Attachment, Body, Cell, Column, Grid, KpiRow, KpiTile, POINTS, Pack, Page, Picture, Row, Tile, tone,
};
pub use extract::attachments;

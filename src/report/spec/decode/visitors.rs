//! Tiles about who comes, how much they bring and when.

use super::super::{ConcentrationSpec, FlowSpec, HeatSpec};
use super::Decoder;
use crate::yaml::Node;

impl Decoder {
    pub(super) fn flow(&mut self, node: &Node) -> Option<FlowSpec> {
        let words = |key: &str| node.get(key).and_then(|words| self.words(words));
        let names = node.get("names")?;
        let name = |key: &str| names.get(key).and_then(|words| self.words(words));
        Some(FlowSpec {
            sql: self.written(node.get("sql")?)?,
            last: node.get("last").and_then(Node::u64).unwrap_or(13),
            base: words("base")?,
            own: words("own")?,
            unit: words("unit"),
            moves: words("moves")?,
            title: words("says")?,
            names: [name("gained")?, name("lost")?, name("base")?],
            about: words("about")?,
        })
    }

    pub(super) fn concentration(&mut self, node: &Node) -> Option<ConcentrationSpec> {
        let words = |key: &str| node.get(key).and_then(|words| self.words(words));
        let names = node.get("names")?;
        let name = |key: &str| names.get(key).and_then(|words| self.words(words));
        Some(ConcentrationSpec {
            sql: self.written(node.get("sql")?)?,
            parts: node.get("parts").and_then(Node::u64).unwrap_or(10),
            top: node.get("top").and_then(Node::u64).unwrap_or(2),
            column: self.column(node.get("column")?)?,
            says: (words("deck")?, words("says")?),
            names: [name("part")?, name("mean")?],
            about: words("about")?,
        })
    }

    pub(super) fn heat(&mut self, node: &Node) -> Option<HeatSpec> {
        let words = |key: &str| node.get(key).and_then(|words| self.words(words));
        let names = node.get("names")?;
        let name = |key: &str| names.get(key).and_then(|words| self.words(words));
        Some(HeatSpec {
            cube: self.written(node.get("cube")?)?,
            measure: self.written(node.get("measure")?)?,
            night: node.get("night").and_then(Node::u64).unwrap_or(6),
            filter: self.filter(node),
            names: [name("many")?, name("title")?, name("day")?],
            lull: words("lull")?,
        })
    }
}

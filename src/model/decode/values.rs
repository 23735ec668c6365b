//! What tables say of the values of their columns: labels, orders, hierarchies.

use std::sync::Arc;

use crate::model::labels::{self, Labels};
use crate::model::spec::{HierarchySpec, OrderSpec};
use crate::yaml::{Entry, Node};

use super::Decoder;

impl Decoder<'_> {
    /// The labels of a file beside this one.
    pub(super) fn labels(&mut self, column: &str, node: &Node) -> Option<Arc<Labels>> {
        let path = node.text().filter(|_| !self.is_faulty(node))?;
        let folder = self.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let file = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
        if let Some(labels) = self.labels.get(&file) {
            return Some(Arc::clone(labels));
        }
        let Some(text) = self.label_files.get(file.as_str()) else {
            let message = format!("the labels '{file}' are not there, or cannot be read");
            self.fault(&self.place(node.at), &format!("column '{column}'"), &message);
            return None;
        };
        let labels = labels::parse(&file, text, &mut self.faults);
        self.labels.insert(file, Arc::clone(&labels));
        Some(labels)
    }

    /// The order of a column's values.
    pub(super) fn order(&self, node: &Node) -> Option<OrderSpec> {
        if self.is_faulty(node) {
            return None;
        }
        match self.written(node) {
            Some(column) => Some(OrderSpec::Column(column)),
            None => Some(OrderSpec::Values(node.items().iter().filter_map(|value| self.written(value)).collect())),
        }
    }

    /// A hierarchy of a table.
    pub(super) fn hierarchy(&self, entry: &Entry) -> HierarchySpec {
        HierarchySpec {
            name: entry.key.clone(),
            place: self.place(entry.key_at),
            levels: entry.value.items().iter().filter_map(|level| self.written(level)).collect(),
        }
    }
}

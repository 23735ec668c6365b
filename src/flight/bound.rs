//! What was bound last to each prepared statement, for drivers that go on with the handle that they have and do not read
//! the one that binding answers, such as flightsql-dbapi. Only a few are kept, and no other driver needs them: where
//! they are gone, planning says that values are missing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// How many statements' values are kept.
const STATEMENTS: usize = 1024;
/// What all of them may take.
const BYTES: usize = 4 << 20;

/// The values that were bound last.
#[derive(Debug, Default)]
pub(super) struct LastBound(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    values: HashMap<Uuid, Vec<String>>,
    /// From the one that was bound longest ago.
    order: VecDeque<Uuid>,
    bytes: usize,
}

impl LastBound {
    /// Keeps the values of a statement in place of any before, and forgets the oldest of others for them.
    pub(super) fn keep(&self, statement: Uuid, values: &[String]) {
        let mut kept = self.lock();
        kept.forget(statement);
        kept.bytes += size(values);
        kept.values.insert(statement, values.to_vec());
        kept.order.push_back(statement);
        while kept.bytes > BYTES || kept.order.len() > STATEMENTS {
            let Some(oldest) = kept.order.front().copied() else { break };
            kept.forget(oldest);
        }
    }

    /// The values of a statement; none where none were bound, or they are gone.
    pub(super) fn values(&self, statement: Uuid) -> Vec<String> {
        self.lock().values.get(&statement).cloned().unwrap_or_default()
    }

    /// Forgets the values of a statement.
    pub(super) fn forget(&self, statement: Uuid) {
        self.lock().forget(statement);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn forget(&mut self, statement: Uuid) {
        if let Some(values) = self.values.remove(&statement) {
            self.bytes -= size(&values);
            self.order.retain(|other| *other != statement);
        }
    }
}

fn size(values: &[String]) -> usize {
    values.iter().map(|value| value.len() + size_of::<String>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(of: &str) -> Vec<String> {
        vec![of.to_owned()]
    }

    #[test]
    fn the_last_values_of_a_statement_are_kept() {
        let (bound, one, other) = (LastBound::default(), Uuid::new_v4(), Uuid::new_v4());
        assert!(bound.values(one).is_empty());
        bound.keep(one, &values("1"));
        bound.keep(other, &values("2"));
        bound.keep(one, &values("3"));
        assert_eq!((bound.values(one), bound.values(other)), (values("3"), values("2")));
        bound.forget(one);
        assert_eq!((bound.values(one), bound.values(other)), (vec![], values("2")));
    }

    #[test]
    fn the_oldest_go_first_and_all_are_bounded() {
        let bound = LastBound::default();
        let many: Vec<_> = (0..STATEMENTS + 1).map(|_| Uuid::new_v4()).collect();
        many.iter().for_each(|statement| bound.keep(*statement, &values("1")));
        assert!(bound.values(many[0]).is_empty());
        assert_eq!(bound.values(many[1]), values("1"));
        bound.keep(many[0], &values(&"x".repeat(BYTES - 100)));
        assert!(bound.values(many[STATEMENTS - 4]).is_empty());
        assert_eq!(bound.values(many[STATEMENTS]), values("1"));
        bound.keep(many[1], &values(&"x".repeat(BYTES)));
        let kept = bound.lock();
        assert_eq!((kept.values.len(), kept.order.len(), kept.bytes), (0, 0, 0));
    }
}

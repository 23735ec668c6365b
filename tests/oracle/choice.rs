//! Chance, as a list of numbers that can be played again: the same list makes the same case, and a shorter or smaller
//! list makes a simpler one, which is all that shrinking has to know.

/// Where a generator's choices come from.
pub(crate) struct Choices {
    /// What has been chosen, or is to be.
    pub(crate) taken: Vec<u32>,
    at: usize,
    /// The state of the generator of further numbers; none where the list is only played, and zeros follow it.
    state: Option<u64>,
}

impl Choices {
    /// New choices from a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { taken: Vec::new(), at: 0, state: Some(seed) }
    }

    /// The choices of a list, then zeros: the simplest of everything.
    pub(crate) fn played(taken: Vec<u32>) -> Self {
        Self { taken, at: 0, state: None }
    }

    fn next(&mut self) -> u32 {
        if self.at == self.taken.len() {
            self.taken.push(self.state.as_mut().map_or(0, split_mix));
        }
        self.at += 1;
        self.taken[self.at - 1]
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound.max(1)
    }

    /// Whether something happens that does in `percent` of cases. Zero, the simplest, is no.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of a list.
    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One of a list of words.
    pub(crate) fn word(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }

    /// Some of a list, in its order: at least `least`.
    pub(crate) fn some<T: Clone>(&mut self, of: &[T], least: usize, most: usize) -> Vec<T> {
        let wanted = (least + self.below(most.min(of.len()).saturating_sub(least) + 1)).min(of.len());
        let mut places: Vec<usize> = (0..of.len()).collect();
        while places.len() > wanted {
            places.remove(self.below(places.len()));
        }
        places.into_iter().map(|at| of[at].clone()).collect()
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), its upper half.
fn split_mix(state: &mut u64) -> u32 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 32) as u32
}

/// The simplest list found, within so many attempts, for which `fails` still holds.
pub(crate) fn shrunk(mut taken: Vec<u32>, mut attempts: usize, mut fails: impl FnMut(&[u32]) -> bool) -> Vec<u32> {
    let mut attempt = |candidate: Vec<u32>, best: &mut Vec<u32>| {
        if attempts == 0 || candidate == *best {
            return false;
        }
        attempts -= 1;
        let found = fails(&candidate);
        if found {
            *best = candidate;
        }
        found
    };
    loop {
        let before = taken.clone();
        for width in [64, 16, 8, 4, 2, 1] {
            let mut start = 0;
            while start < taken.len() {
                let end = (start + width).min(taken.len());
                let mut without = taken.clone();
                without.drain(start..end);
                let mut zeroed = taken.clone();
                zeroed[start..end].fill(0);
                let shorter = attempt(without, &mut taken);
                let simpler = shorter || attempt(zeroed, &mut taken);
                let zeros = taken.get(start..end).is_some_and(|numbers| numbers.iter().all(|number| *number == 0));
                if !simpler || (zeros && !shorter) {
                    start = end;
                }
            }
        }
        for at in 0..taken.len() {
            for smaller in [1, 2, 3] {
                let Some(number) = taken.get(at).filter(|number| **number > smaller) else { continue };
                let (mut candidate, _) = (taken.clone(), number);
                candidate[at] = smaller;
                if attempt(candidate, &mut taken) {
                    break;
                }
            }
        }
        if taken == before {
            return taken;
        }
    }
}

#[test]
fn lists_are_played_again_and_shrink() {
    let mut first = Choices::seeded(7);
    let made: Vec<usize> = (0..40).map(|_| first.below(10)).collect();
    let mut again = Choices::played(first.taken.clone());
    assert_eq!(made, (0..40).map(|_| again.below(10)).collect::<Vec<_>>());
    assert_eq!(again.below(10), 0);
    let holds_nine = |taken: &[u32]| {
        let mut choices = Choices::played(taken.to_vec());
        (0..40).any(|_| choices.below(10) == 9)
    };
    let found = (0..).map(|seed| {
        let mut choices = Choices::seeded(seed);
        (0..40).for_each(|_| {
            choices.below(10);
        });
        choices.taken
    });
    let failing = found.take(100).find(|taken| holds_nine(taken)).unwrap();
    assert_eq!(shrunk(failing, 10_000, holds_nine).len(), 1);
}

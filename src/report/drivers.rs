//! Which factor of a product moved it, and by how much: the logarithmic mean Divisia index (LMDI-I) in its additive form.
//!
//! B. W. Ang, "The LMDI approach to decomposition analysis: a practical guide", Energy Policy 33 (2005): with the product R,
//! the effect of a factor x is L·ln(x₁/x₀), L = (R₁−R₀) / ln(R₁/R₀). The effects add up to R₁−R₀ exactly, whatever
//! the order of the factors.

use crate::error::{Error, Result};

/// A factor before and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor {
    /// Its value before.
    pub before: f64,
    /// Its value after.
    pub after: f64,
}

/// How far a product may be off its factors', as a share: they are computed in doubles.
const TOLERANCE: f64 = 1e-9;

/// The effect of each factor on the change of their product from `before` to `after`.
///
/// # Errors
/// Invalid: a value is not above zero, so that there is no logarithm of it, or the factors do not multiply to the product.
pub fn effects(product: Factor, factors: &[Factor]) -> Result<Vec<f64>> {
    let positive = |factor: &Factor| [factor.before, factor.after].iter().all(|x| x.is_finite() && *x > 0.0);
    if !factors.iter().all(positive) || !positive(&product) {
        return Err(Error::invalid("a driver or the product of all is not above zero, so that its effect is unknown"));
    }
    let off = |of: fn(&Factor) -> f64| {
        let multiplied: f64 = factors.iter().map(of).product();
        (multiplied / of(&product) - 1.0).abs() > TOLERANCE
    };
    if off(|factor| factor.before) || off(|factor| factor.after) {
        return Err(Error::invalid("the drivers do not multiply to the measure without what stands apart"));
    }
    let weight = logarithmic_mean(product.before, product.after);
    Ok(factors.iter().map(|factor| weight * (factor.after / factor.before).ln()).collect())
}

/// The logarithmic mean of two numbers above zero.
fn logarithmic_mean(a: f64, b: f64) -> f64 {
    let ratio = b / a;
    // Near 1 the quotient loses its digits; the first terms of its series do not.
    if (ratio - 1.0).abs() < 1e-5 {
        a * (1.0 + (ratio - 1.0) / 2.0 - (ratio - 1.0).powi(2) / 12.0)
    } else {
        (b - a) / ratio.ln()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn factor(before: f64, after: f64) -> Factor {
        Factor { before, after }
    }

    #[test]
    fn a_factor_that_stays_has_no_effect() {
        let effects = effects(factor(10.0, 20.0), &[factor(2.0, 4.0), factor(5.0, 5.0)]).unwrap();
        assert!((effects[0] - 10.0).abs() < 1e-12);
        assert_eq!(effects[1], 0.0);
    }

    #[test]
    fn what_has_no_logarithm_is_refused() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(effects(factor(10.0, 10.0), &[factor(2.0, bad), factor(5.0, 5.0)]).is_err(), "{bad}");
        }
        let error = effects(factor(10.0, 21.0), &[factor(2.0, 4.0), factor(5.0, 5.0)]).unwrap_err();
        assert!(error.message().contains("do not multiply"), "{error}");
    }

    proptest! {
        #[test]
        fn effects_add_up_in_any_order(factors in prop::collection::vec((0.01_f64..1e4, 0.01_f64..1e4), 1..5)) {
            let factors: Vec<Factor> = factors.into_iter().map(|(before, after)| factor(before, after)).collect();
            let product = factor(
                factors.iter().map(|factor| factor.before).product(),
                factors.iter().map(|factor| factor.after).product(),
            );
            let found = effects(product, &factors).unwrap();
            let change = product.after - product.before;
            let scale = product.after.max(product.before);
            prop_assert!((found.iter().sum::<f64>() - change).abs() <= 1e-9 * scale);
            let reversed: Vec<Factor> = factors.iter().rev().copied().collect();
            let again = effects(product, &reversed).unwrap();
            prop_assert!(found.iter().zip(again.iter().rev()).all(|(a, b)| (a - b).abs() <= 1e-9 * scale));
        }

        #[test]
        fn the_mean_is_steady_where_both_meet(a in 0.1_f64..1e6, off in -1e-4_f64..1e-4) {
            let b = a * (1.0 + off);
            let mean = logarithmic_mean(a, b);
            prop_assert!(mean >= a.min(b) * (1.0 - 1e-12) && mean <= a.max(b) * (1.0 + 1e-12));
        }
    }
}

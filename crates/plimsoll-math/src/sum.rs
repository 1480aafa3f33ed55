//! Compensated sums.

/// Running sum that carries its rounding error (Neumaier's improvement of Kahan's algorithm).
///
/// The result is as if the sum were taken in twice the precision and rounded once: the error is one
/// unit in the last place of the sum plus about `n²·1e-32` of the sum of absolute values. It
/// depends on the order of the terms only through that remainder, so the order still has to be
/// fixed where bits matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeumaierSum {
    sum: f64,
    compensation: f64,
}

impl NeumaierSum {
    /// An empty sum.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a term.
    #[inline]
    pub fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        self.compensation += if self.sum.abs() >= term.abs() {
            (self.sum - sum) + term
        } else {
            (term - sum) + self.sum
        };
        self.sum = sum;
    }

    /// The sum so far. An infinite term gives the infinity (or NaN) a plain sum would give.
    #[inline]
    #[must_use]
    pub fn value(&self) -> f64 {
        // Past an overflow the compensation is NaN and says nothing.
        if self.sum.is_finite() { self.sum + self.compensation } else { self.sum }
    }
}

impl Extend<f64> for NeumaierSum {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, terms: I) {
        terms.into_iter().for_each(|term| self.add(term));
    }
}

impl FromIterator<f64> for NeumaierSum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::new();
        sum.extend(terms);
        sum
    }
}

/// Compensated sum of the terms, in their order.
#[must_use]
pub fn neumaier(terms: impl IntoIterator<Item = f64>) -> f64 {
    terms.into_iter().collect::<NeumaierSum>().value()
}

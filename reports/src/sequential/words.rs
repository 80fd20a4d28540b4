//! Questions in words.

use weighbridge_record::Question;

/// What a bet is on.
pub(crate) fn question(question: Question) -> &'static str {
    match question {
        Question::WithinMargin => "a loss within the margin",
        Question::Worse => "a loss",
        Question::BeyondMargin => "a loss beyond the margin",
        Question::TtftWithinMargin => "a rise of slow first tokens within the margin",
        Question::TtftWorse => "a rise of slow first tokens",
        Question::ErrorsWithinMargin => "a rise of errors within the margin",
        Question::ErrorsWorse => "a rise of errors",
        Question::SavingReached => "the promised saving",
        Question::SavingMissed => "a miss of the promised saving",
    }
}

/// An e-value from its natural logarithm: three digits, powers of ten where it is large or small.
pub(crate) fn e_value(log_e: f64) -> String {
    let tens = log_e / std::f64::consts::LN_10;
    if !(-3.0..4.0).contains(&tens) {
        return format!("10^{tens:.1}");
    }
    let e = log_e.exp();
    if e >= 100.0 {
        format!("{e:.0}")
    } else if e >= 10.0 {
        format!("{e:.1}")
    } else {
        format!("{e:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_values_of_any_size_are_readable() {
        assert_eq!(e_value(0.0), "1.00");
        assert_eq!(e_value(20f64.ln()), "20.0");
        assert_eq!(e_value(2500f64.ln()), "2500");
        assert_eq!(e_value(5000.0), "10^2171.5");
        assert_eq!(e_value(-30.0), "10^-13.0");
    }
}

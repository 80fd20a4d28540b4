//! RouterArena's single score (RouteWorks 2025).

/// Weight of cost against accuracy.
const BETA: f64 = 0.1;
/// Costs at which the cost score is 0 and 1, in US dollars per 1,000 requests.
const DEAREST: f64 = 200.0;
const CHEAPEST: f64 = 0.0044;

/// Weighted harmonic mean of accuracy `A` and cost score `C`, in `[0, 1]`:
/// `(1 + b) A C / (b A + C)` with `b = 0.1` and
/// `C = (log2 200 - log2 c) / (log2 200 - log2 0.0044)`, cut to `[0, 1]`.
///
/// `accuracy` in `[0, 1]`, cost in US dollars per 1,000 requests. 0 when both parts are 0.
pub fn arena_score(accuracy: f64, cost_per_1k_usd: f64) -> f64 {
    let spread = DEAREST.log2() - CHEAPEST.log2();
    let cost = ((DEAREST.log2() - cost_per_1k_usd.max(0.0).log2()) / spread).clamp(0.0, 1.0);
    let below = BETA * accuracy + cost;
    if below > 0.0 {
        (1.0 + BETA) * accuracy * cost / below
    } else {
        0.0
    }
}

/// Derivatives of [`arena_score`] by accuracy and by US dollars per 1,000 requests: what one more
/// unit of either is worth there. Nothing by cost where the cost score is cut.
pub fn arena_slopes(accuracy: f64, cost_per_1k_usd: f64) -> (f64, f64) {
    let spread = DEAREST.log2() - CHEAPEST.log2();
    let cost = ((DEAREST.log2() - cost_per_1k_usd.max(0.0).log2()) / spread).clamp(0.0, 1.0);
    let below = BETA * accuracy + cost;
    if below <= 0.0 {
        return (0.0, 0.0);
    }
    let by_accuracy = (1.0 + BETA) * (cost / below).powi(2);
    let by_cost_score = (1.0 + BETA) * BETA * (accuracy / below).powi(2);
    let inside = cost > 0.0 && cost < 1.0;
    let by_cost = if inside {
        -by_cost_score / (cost_per_1k_usd * std::f64::consts::LN_2 * spread)
    } else {
        0.0
    };
    (by_accuracy, by_cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of the public leaderboard: score, accuracy in %, US dollars per 1,000 requests.
    const LEADERBOARD: [(f64, f64, f64); 12] = [
        (75.30, 77.18, 0.30),
        (75.27, 76.40, 0.18),
        (74.13, 74.72, 0.13),
        (72.82, 76.32, 0.94),
        (70.42, 72.94, 0.73),
        (66.89, 66.88, 0.15),
        (64.32, 73.96, 10.02),
        (63.87, 67.21, 2.06),
        (77.63, 79.69, 0.27),
        (76.28, 78.14, 0.27),
        (76.21, 79.76, 0.70),
        (75.85, 78.59, 0.48),
    ];

    #[test]
    fn the_leaderboard_is_met_within_the_rounding_of_its_cost() {
        for (score, accuracy, cost) in LEADERBOARD {
            // Cost is printed to a cent, accuracy and score to 0.01 points.
            let low = 100.0 * arena_score(accuracy / 100.0 - 5e-5, cost + 0.005) - 0.005;
            let high = 100.0 * arena_score(accuracy / 100.0 + 5e-5, cost - 0.005) + 0.005;
            assert!(low <= score && score <= high, "{score}: {low} to {high}");
        }
    }

    #[test]
    fn the_ends_are_cut() {
        assert_eq!(arena_score(0.8, 1e9), 0.0);
        assert_eq!(arena_score(0.8, 0.0), arena_score(0.8, 0.0044));
        assert_eq!(arena_score(0.0, 500.0), 0.0);
        assert!((arena_score(1.0, 0.001) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn slopes_are_the_derivatives() {
        for (accuracy, cost) in [(0.75, 0.3), (0.4, 12.0), (0.9, 150.0)] {
            let (by_accuracy, by_cost) = arena_slopes(accuracy, cost);
            let h = 1e-6;
            let slope =
                (arena_score(accuracy + h, cost) - arena_score(accuracy - h, cost)) / (2.0 * h);
            assert!((slope - by_accuracy).abs() < 1e-7, "{slope} {by_accuracy}");
            let slope =
                (arena_score(accuracy, cost + h) - arena_score(accuracy, cost - h)) / (2.0 * h);
            assert!((slope - by_cost).abs() < 1e-7, "{slope} {by_cost}");
        }
        assert_eq!(arena_slopes(0.8, 1e9).1, 0.0);
        assert_eq!(arena_slopes(0.0, 1e9), (0.0, 0.0));
    }
}

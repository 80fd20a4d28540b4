//! AutoMix's incremental benefit per cost, IBC (Madaan et al. 2023).

use super::Point;

/// `(q - q_small) / (c - c_small)`: quality gained per unit of cost beyond the small model. The cost
/// of the method includes its verifier. `None` where the method costs the same as the small model.
pub fn incremental_benefit(method: Point, small: Point) -> Option<f64> {
    let cost = method.cost - small.cost;
    (cost != 0.0).then(|| (method.quality - small.quality) / cost)
}

/// `(IBC - IBC_base) / IBC_base`, where the base is the slope from the small to the large model: how
/// much better than buying quality by the large model alone. `None` where the base is 0 or missing.
pub fn incremental_benefit_lift(method: Point, small: Point, large: Point) -> Option<f64> {
    let base = incremental_benefit(large, small).filter(|b| *b != 0.0)?;
    Some((incremental_benefit(method, small)? - base) / base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_on_the_line_has_no_lift() {
        let (small, large) = (Point::new(1.0, 0.4), Point::new(51.0, 0.9));
        let on_line = Point::new(26.0, 0.65);
        assert!(
            incremental_benefit_lift(on_line, small, large)
                .unwrap()
                .abs()
                < 1e-12
        );
        let above = Point::new(26.0, 0.90);
        assert!((incremental_benefit_lift(above, small, large).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(incremental_benefit_lift(small, small, large), None);
        assert_eq!(incremental_benefit_lift(above, small, small), None);
    }
}

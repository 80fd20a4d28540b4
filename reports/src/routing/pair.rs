//! Which two single models a deferral curve is drawn between.

use std::collections::BTreeMap;

use super::Point;
use super::cells::Single;

/// Notes of the run header that name the pair.
const WEAK: &str = "weak";
const STRONG: &str = "strong";

/// Positions among the single models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) weak: usize,
    pub(super) strong: usize,
}

/// Weak is the cheapest single model, strong the one of best quality (the cheaper of equals, then
/// the first); either can be named in the notes of the header. `None` when both are the same model.
pub(super) fn pair(
    singles: &[Single],
    means: &[Point],
    notes: &BTreeMap<String, String>,
) -> Option<Pair> {
    let named = |key: &str| {
        let name = notes.get(key)?;
        singles.iter().position(|s| s.model == *name)
    };
    let order = |key: fn(&Point) -> (f64, f64)| {
        (0..means.len()).min_by(|&a, &b| {
            let (a, b) = (key(&means[a]), key(&means[b]));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
    };
    let weak = named(WEAK).or_else(|| order(|p| (p.cost, -p.quality)))?;
    let strong = named(STRONG).or_else(|| order(|p| (-p.quality, p.cost)))?;
    (weak != strong).then_some(Pair { weak, strong })
}

#[cfg(test)]
mod tests {
    use super::super::columns::Column;
    use super::*;

    fn single(model: &str) -> Single {
        Single {
            model: model.to_owned(),
            fleet: 0,
            column: Column {
                quality: Vec::new(),
                cost: Vec::new(),
            },
        }
    }

    #[test]
    fn cheapest_and_best_unless_named() {
        let singles = [single("a"), single("b"), single("c")];
        let means = [
            Point::new(3.0, 0.9),
            Point::new(1.0, 0.4),
            Point::new(2.0, 0.6),
        ];
        let mut notes = BTreeMap::new();
        let found = pair(&singles, &means, &notes).unwrap();
        assert_eq!((found.weak, found.strong), (1, 0));
        notes.insert("weak".to_owned(), "c".to_owned());
        assert_eq!(pair(&singles, &means, &notes).unwrap().weak, 2);
        notes.insert("weak".to_owned(), "a".to_owned());
        assert_eq!(pair(&singles, &means, &notes), None);
    }
}

//! Places labels so that they overlap neither each other nor the marks.

/// Average width of a letter at 12 pixels, generous.
const LETTER: f64 = 7.3;

/// Height of a line of letters.
const LINE: f64 = 13.0;

/// A box on the picture: left, top, right, bottom.
type Area = (f64, f64, f64, f64);

/// What is taken so far.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    taken: Vec<Area>,
}

impl Labels {
    /// Keeps labels off a mark.
    pub(crate) fn avoid(&mut self, (x, y): (f64, f64), r: f64) {
        self.taken.push((x - r, y - r, x + r, y + r));
    }

    /// A place for a label beside a point, inside the bounds: the left end of its base line.
    /// Nothing where every place near the point is taken.
    pub(crate) fn place(&mut self, text: &str, at: (f64, f64), bounds: Area) -> Option<(f64, f64)> {
        let width = width(text);
        let (x, y) = at;
        let (near, far) = (9.0, 22.0);
        let corners = [
            (x + near, y - LINE / 2.0),
            (x - near - width, y - LINE / 2.0),
            (x - width / 2.0, y - near - LINE),
            (x - width / 2.0, y + near),
            (x + near, y - near - LINE),
            (x + near, y + near),
            (x - near - width, y - near - LINE),
            (x - near - width, y + near),
            (x - width / 2.0, y - far - LINE),
            (x - width / 2.0, y + far),
            (x + near, y + far),
            (x + near, y - far - LINE),
        ];
        let free = corners.into_iter().find(|&(left, top)| {
            let area = (left, top, left + width, top + LINE);
            inside(area, bounds) && !self.taken.iter().any(|other| overlap(area, *other))
        });
        let (left, top) = free?;
        self.taken.push((left, top, left + width, top + LINE));
        Some((left, top + LINE - 3.0))
    }
}

/// Width of a text in pixels, about.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().map(|_| LETTER).sum()
}

fn inside(a: Area, b: Area) -> bool {
    a.0 >= b.0 && a.1 >= b.1 && a.2 <= b.2 && a.3 <= b.3
}

fn overlap(a: Area, b: Area) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

/// Moves base lines apart, keeping their order, so that neighbours are a line apart and all stay in
/// the range where there is room.
pub(crate) fn spread(wanted: &[f64], range: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    let mut out = wanted.to_vec();
    let mut floor = range.0;
    for &i in &order {
        out[i] = out[i].max(floor);
        floor = out[i] + LINE;
    }
    let mut ceiling = range.1;
    for &i in order.iter().rev() {
        out[i] = out[i].min(ceiling);
        ceiling = out[i] - LINE;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_point_do_not_overlap() {
        let bounds = (0.0, 0.0, 400.0, 400.0);
        let mut labels = Labels::default();
        labels.avoid((200.0, 200.0), 6.0);
        let mut places = Vec::new();
        while let Some(place) = labels.place("policy", (200.0, 200.0), bounds) {
            places.push(place);
        }
        assert!(places.len() >= 6, "{places:?}");
        for (i, a) in places.iter().enumerate() {
            for b in &places[..i] {
                let apart = (a.0 - b.0).abs() >= width("policy") || (a.1 - b.1).abs() >= LINE;
                assert!(apart, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn spread_lines_keep_order_and_distance() {
        let out = spread(&[10.0, 11.0, 5.0, 99.0], (0.0, 100.0));
        assert!(out[2] < out[0] && out[0] < out[1] && out[1] < out[3]);
        assert!(out[1] - out[0] >= LINE - 1e-9 && out[0] - out[2] >= LINE - 1e-9);
    }
}

//! Strips over time: when the calls of each model failed.

use super::canvas::{Anchor, Canvas, Width};
use crate::render::escape::{line, shorten};

/// Height of a strip in pixels.
const HEIGHT: f64 = 30.0;

/// A strip: its name, and for each step the calls and those of them that failed.
pub(crate) type Strip<'a> = (&'a str, &'a [(u64, u64)]);

/// Draws strips of equal steps one below the other: the ground is lit where there were calls, and
/// filled from below by the share of them that failed. `ends` are the words at both ends.
pub(crate) fn strips(
    strips: &[Strip<'_>],
    ends: (&str, &str),
    width: Width,
    id: &str,
    text: &str,
) -> String {
    let mut canvas = Canvas::new();
    let steps = strips.iter().map(|(_, steps)| steps.len()).max();
    let steps = steps.unwrap_or(1).max(1) as f64;
    let (left, right) = match width {
        Width::Wide => (190.0, 860.0),
        Width::Narrow => (0.0, 350.0),
    };
    let step = (right - left) / steps;
    let mut y = 0.0;
    for (name, counts) in strips {
        let top = match width {
            Width::Wide => y,
            Width::Narrow => y + 18.0,
        };
        let base = match width {
            Width::Wide => y + 20.0,
            Width::Narrow => y + 12.0,
        };
        let most = if width == Width::Wide { 23 } else { 44 };
        canvas.text(
            "name",
            (0.0, base),
            Anchor::Start,
            &shorten(&line(name), most),
        );
        ground(&mut canvas, counts, (left, step), top);
        for (i, (calls, failed)) in counts.iter().enumerate() {
            if *calls == 0 {
                continue;
            }
            let x = left + i as f64 * step;
            let share = *failed as f64 / *calls as f64;
            let high = HEIGHT * share;
            // A hair wider than a step, so that no seam shows between neighbours.
            let wide = (step + 0.4).min(right - x);
            canvas.rect("fail", (x, top + HEIGHT - high), (wide, high));
        }
        canvas.line("axis", (left, top + HEIGHT), (right, top + HEIGHT));
        y = top + HEIGHT + 12.0;
    }
    canvas.text("tick", (left, y + 6.0), Anchor::Start, ends.0);
    canvas.text("tick", (right, y + 6.0), Anchor::End, ends.1);
    canvas.finish(width, y + 14.0, id, "When calls failed", text)
}

/// Lights the ground in one piece for neighbouring steps with calls.
fn ground(canvas: &mut Canvas, counts: &[(u64, u64)], (left, step): (f64, f64), top: f64) {
    let mut begin = None;
    for i in 0..=counts.len() {
        let is_lit = counts.get(i).is_some_and(|(calls, _)| *calls > 0);
        match (begin, is_lit) {
            (None, true) => begin = Some(i),
            (Some(from), false) => {
                let x = left + from as f64 * step;
                canvas.rect("okay", (x, top), ((i - from) as f64 * step, HEIGHT));
                begin = None;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_filled_by_its_share_of_failures_and_empty_ones_stay_empty() {
        let counts = [(4, 2), (4, 0), (0, 0), (4, 0)];
        let svg = strips(&[("m<", &counts)], ("a", "b"), Width::Narrow, "x", "t");
        assert_eq!(svg.matches("class=\"okay\"").count(), 2);
        assert_eq!(svg.matches("class=\"fail\"").count(), 1);
        assert!(svg.contains("height=\"15\"") && svg.contains("m&lt;"));
    }
}

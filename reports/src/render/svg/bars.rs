//! Stacked bars: where the money went.

use super::canvas::{Anchor, Canvas, Width};
use crate::render::escape::{line, shorten};
use crate::render::number::usd;

/// A bar with its parts in order.
pub(crate) struct Bar<'a> {
    /// Name.
    pub(crate) name: &'a str,
    /// Parts in US dollars, in the order of the key.
    pub(crate) parts: Vec<f64>,
    /// Their sum as recorded.
    pub(crate) total: f64,
}

/// Draws bars on a common scale. Each part carries the letter of its key where it is wide enough.
pub(crate) fn bars(bars: &[Bar<'_>], key: &[(&str, &str)], width: Width, id: &str) -> String {
    let mut canvas = Canvas::new();
    let mut y = draw_key(&mut canvas, key, width);
    let most = bars.iter().map(|b| b.total).fold(0.0, f64::max);
    let (left, right) = match width {
        Width::Wide => (190.0, 780.0),
        Width::Narrow => (0.0, 285.0),
    };
    for bar in bars {
        let name = shorten(&line(bar.name), if width == Width::Wide { 23 } else { 44 });
        let top = match width {
            Width::Wide => y,
            Width::Narrow => y + 16.0,
        };
        let base = if width == Width::Wide {
            y + 15.0
        } else {
            y + 11.0
        };
        canvas.text("name", (0.0, base), Anchor::Start, &name);
        let mut x = left;
        for (i, part) in bar.parts.iter().enumerate() {
            let long = if most > 0.0 {
                part / most * (right - left)
            } else {
                0.0
            };
            canvas.rect(
                &format!("part f{i}"),
                (x, top),
                ((long - 1.0).max(0.0), 22.0),
            );
            if long > 15.0 {
                let letter = key.get(i).map_or("", |k| k.0);
                canvas.text(
                    "letter",
                    (x + long / 2.0, top + 15.0),
                    Anchor::Middle,
                    letter,
                );
            }
            x += long;
        }
        canvas.text(
            "name",
            (x + 6.0, top + 15.0),
            Anchor::Start,
            &usd(bar.total),
        );
        y = top + 34.0;
    }
    let text = "US dollars over the whole run, by kind. All numbers are in the table below.";
    canvas.finish(width, y, id, "Where the money went", text)
}

/// The key on as many lines as it takes; returns where the bars begin.
fn draw_key(canvas: &mut Canvas, key: &[(&str, &str)], width: Width) -> f64 {
    let (mut x, mut y) = (0.0, 0.0);
    for (i, (letter, name)) in key.iter().enumerate() {
        let long = 30.0 + super::labels::width(name);
        if x + long > width.pixels() {
            x = 0.0;
            y += 24.0;
        }
        canvas.rect(&format!("part f{i}"), (x, y), (18.0, 18.0));
        canvas.text("letter", (x + 9.0, y + 13.0), Anchor::Middle, letter);
        canvas.text("name", (x + 23.0, y + 13.0), Anchor::Start, name);
        x += long;
    }
    y + 34.0
}

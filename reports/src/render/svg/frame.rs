//! Axes of a chart with two numeric dimensions.

use super::canvas::{Anchor, Canvas, Width};
use super::scale::Scale;

/// One axis: what it shows and how its ticks are written.
pub(crate) struct Axis<'a> {
    /// Range of the data.
    pub(crate) range: (f64, f64),
    /// Whether it is logarithmic.
    pub(crate) log: bool,
    /// Title with the unit.
    pub(crate) title: &'a str,
    /// Writes ticks; all are given so that they agree on decimals.
    pub(crate) write: fn(f64, &[f64]) -> String,
}

/// Two axes laid out on a picture.
pub(crate) struct Frame {
    /// Horizontal.
    pub(crate) x: Scale,
    /// Vertical, growing upwards.
    pub(crate) y: Scale,
    /// Pixels of the left and right edge.
    pub(crate) across: (f64, f64),
    /// Pixels of the upper and lower edge.
    pub(crate) down: (f64, f64),
    /// Height of the picture.
    pub(crate) height: f64,
}

impl Frame {
    /// Draws axes, grid and titles; `right` pixels stay free on the right.
    pub(crate) fn draw(
        canvas: &mut Canvas,
        width: Width,
        x: &Axis<'_>,
        y: &Axis<'_>,
        right: f64,
    ) -> Self {
        let height = match width {
            Width::Wide => 420.0,
            Width::Narrow => 320.0,
        };
        let across = (44.0, width.pixels() - right);
        let down = (26.0, height - 44.0);
        let scale = |axis: &Axis<'_>, pixels| {
            if axis.log {
                Scale::log(axis.range, pixels)
            } else {
                Scale::linear(axis.range, pixels)
            }
        };
        let frame = Self {
            x: scale(x, across),
            y: scale(y, (down.1, down.0)),
            across,
            down,
            height,
        };
        frame.grid(canvas, width, x, y);
        frame
    }

    fn grid(&self, canvas: &mut Canvas, width: Width, x: &Axis<'_>, y: &Axis<'_>) {
        let ticks = self.y.ticks(6);
        for tick in &ticks {
            let at = self.y.at(*tick);
            canvas.line("grid", (self.across.0, at), (self.across.1, at));
            let text = (y.write)(*tick, &ticks);
            canvas.text("tick", (self.across.0 - 6.0, at + 4.0), Anchor::End, &text);
        }
        let most = match width {
            Width::Wide => 9,
            Width::Narrow => 5,
        };
        let ticks = self.x.ticks(most);
        for tick in &ticks {
            let at = self.x.at(*tick);
            canvas.line("grid", (at, self.down.0), (at, self.down.1));
            let text = (x.write)(*tick, &ticks);
            canvas.text("tick", (at, self.down.1 + 16.0), Anchor::Middle, &text);
        }
        let base = self.down.1;
        canvas.line("axis", (self.across.0, base), (self.across.1, base));
        canvas.line("axis", self.across_left_top(), (self.across.0, base));
        canvas.text("tick", (0.0, 14.0), Anchor::Start, y.title);
        let middle = f64::midpoint(self.across.0, self.across.1);
        canvas.text("tick", (middle, self.height - 8.0), Anchor::Middle, x.title);
    }

    fn across_left_top(&self) -> (f64, f64) {
        (self.across.0, self.down.0)
    }

    /// Pixels of a point.
    pub(crate) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }
}

//! Writes SVG elements.

use std::fmt::Write as _;

use crate::render::escape;

/// For which page a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// A page.
    Wide,
    /// A telephone.
    Narrow,
}

impl Width {
    /// Width in pixels.
    pub(crate) fn pixels(self) -> f64 {
        match self {
            Self::Wide => 860.0,
            Self::Narrow => 350.0,
        }
    }

    /// Class of the picture, and suffix of its identifiers.
    fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }
}

/// Where text starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// At its left end.
    Start,
    /// In its middle.
    Middle,
    /// At its right end.
    End,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// Shape of a mark; told apart without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Circle.
    Circle,
    /// Square.
    Square,
    /// Square on a corner.
    Diamond,
    /// Triangle, point up.
    Triangle,
    /// Star of five points.
    Star,
}

/// A picture while it is drawn.
#[derive(Debug)]
pub(crate) struct Canvas {
    body: String,
}

impl Canvas {
    /// An empty picture.
    pub(crate) fn new() -> Self {
        Self {
            body: String::new(),
        }
    }

    fn element(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(text);
    }

    /// A straight line.
    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.element(format_args!(
            "<path class=\"{class}\" d=\"M{} {}L{} {}\"/>",
            px(from.0),
            px(from.1),
            px(to.0),
            px(to.1)
        ));
    }

    /// Straight lines through points.
    pub(crate) fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        if points.is_empty() {
            return;
        }
        let path = path(points);
        self.element(format_args!("<path class=\"{class}\" d=\"{path}\"/>"));
    }

    /// A rectangle; nothing where it has no width.
    pub(crate) fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64)) {
        if size.0 > 0.0 && size.1 > 0.0 {
            self.element(format_args!(
                "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                px(at.0),
                px(at.1),
                px(size.0),
                px(size.1)
            ));
        }
    }

    /// Text; escaped here.
    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let text = escape::html(&escape::line(text));
        let anchor = match anchor {
            Anchor::Start => String::new(),
            other => format!(" text-anchor=\"{}\"", other.name()),
        };
        self.element(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{text}</text>",
            px(at.0),
            px(at.1)
        ));
    }

    /// A mark of about the given radius.
    pub(crate) fn mark(&mut self, class: &str, shape: Shape, at: (f64, f64), r: f64) {
        let (x, y) = at;
        let corners: Vec<(f64, f64)> = match shape {
            Shape::Circle => {
                self.element(format_args!(
                    "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>",
                    px(x),
                    px(y),
                    px(r)
                ));
                return;
            }
            Shape::Square => {
                let s = 0.88 * r;
                vec![
                    (x - s, y - s),
                    (x + s, y - s),
                    (x + s, y + s),
                    (x - s, y + s),
                ]
            }
            Shape::Diamond => {
                let s = 1.25 * r;
                vec![(x, y - s), (x + s, y), (x, y + s), (x - s, y)]
            }
            Shape::Triangle => {
                let s = 1.2 * r;
                vec![(x, y - s), (x + s, y + 0.8 * s), (x - s, y + 0.8 * s)]
            }
            Shape::Star => star(x, y, 1.5 * r),
        };
        let path = path(&corners);
        self.element(format_args!("<path class=\"{class}\" d=\"{path}Z\"/>"));
    }

    /// The picture with its name and description.
    pub(crate) fn finish(
        self,
        width: Width,
        height: f64,
        id: &str,
        title: &str,
        text: &str,
    ) -> String {
        let name = width.name();
        let title = escape::html(&escape::line(title));
        let text = escape::html(&escape::line(text));
        format!(
            "<svg class=\"{name}\" role=\"img\" viewBox=\"0 0 {w} {h}\" \
             aria-labelledby=\"{id}-{name}-t {id}-{name}-d\" \
             xmlns=\"http://www.w3.org/2000/svg\"><title id=\"{id}-{name}-t\">{title}</title>\
             <desc id=\"{id}-{name}-d\">{text}</desc>{body}</svg>",
            w = px(width.pixels()),
            h = px(height),
            body = self.body
        )
    }
}

fn star(x: f64, y: f64, r: f64) -> Vec<(f64, f64)> {
    (0..10)
        .map(|i| {
            let angle = std::f64::consts::PI * (f64::from(i) / 5.0 - 0.5);
            let r = if i % 2 == 0 { r } else { 0.45 * r };
            (x + r * angle.cos(), y + r * angle.sin())
        })
        .collect()
}

fn path(points: &[(f64, f64)]) -> String {
    let mut out = String::with_capacity(points.len() * 10);
    for (i, &(x, y)) in points.iter().enumerate() {
        out.push(if i == 0 { 'M' } else { 'L' });
        out.push_str(&px(x));
        out.push(' ');
        out.push_str(&px(y));
    }
    out
}

/// A coordinate: one decimal is a tenth of a pixel.
fn px(x: f64) -> String {
    let text = format!("{x:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_title_are_escaped() {
        let mut canvas = Canvas::new();
        canvas.text("t", (1.0, 2.0), Anchor::End, "</svg><script>x");
        let svg = canvas.finish(Width::Wide, 10.0, "a", "<b>", "\"d\"");
        assert!(!svg.contains("<script"), "{svg}");
        assert!(
            svg.contains("&lt;b&gt;") && svg.contains("&quot;d&quot;"),
            "{svg}"
        );
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(px(12.0), "12");
        assert_eq!(px(-0.04), "0");
        assert_eq!(px(1.26), "1.3");
    }
}

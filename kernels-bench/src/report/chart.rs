//! The onload chart: bandwidth over descriptor size, one line for each method, with the break-even
//! bandwidth of a model as a level.

use super::html::escape;
use super::number::{bytes, short};

/// A line of the chart.
pub(super) struct Line {
    pub(super) name: String,
    /// Descriptor bytes and GB/s, by size.
    pub(super) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 50.0;
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];
const DASHES: [&str; 6] = ["none", "6 3", "2 3", "8 3 2 3", "12 4", "1 5"];

/// Where values go on the drawing; both axes are logarithmic.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
}

impl Scale {
    /// None without points.
    fn over(lines: &[Line], levels: &[(String, f64)]) -> Option<Self> {
        let points = || lines.iter().flat_map(|l| &l.points).filter(|p| p.1 > 0.0);
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(None, |r: Option<(f64, f64)>, v| {
                let (low, high) = r.unwrap_or((v, v));
                Some((low.min(v), high.max(v)))
            })
        };
        let x = range(&mut points().map(|p| p.0))?;
        let (low, high) = range(&mut points().map(|p| p.1).chain(levels.iter().map(|l| l.1)))?;
        Some(Self {
            x,
            y: (low * 0.8, high * 1.25),
        })
    }

    fn share(v: f64, (low, high): (f64, f64)) -> f64 {
        (v.max(low) / low).ln() / (high / low).ln().max(1e-9)
    }

    fn x(&self, v: f64) -> f64 {
        LEFT + Self::share(v, self.x) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, v: f64) -> f64 {
        HEIGHT - BOTTOM - Self::share(v, self.y) * (HEIGHT - TOP - BOTTOM)
    }
}

/// `levels` are (label, GB/s). None without points.
pub(super) fn onload(lines: &[Line], levels: &[(String, f64)]) -> Option<String> {
    let scale = Scale::over(lines, levels)?;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" \
         font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"currentColor\">"
    );
    out += &axes(&scale, lines);
    let right = WIDTH - RIGHT;
    for (label, level) in levels {
        out += &rule(
            &scale,
            *level,
            "stroke-width=\"1.5\" stroke-dasharray=\"4 4\"",
        );
        out += &text(right + 8.0, scale.y(*level) + 4.0, "start", label);
    }
    for (i, line) in lines.iter().enumerate() {
        let (colour, dash) = (COLOURS[i % 6], DASHES[i % 6]);
        let stroke = format!(
            "fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\""
        );
        let points: Vec<_> = line
            .points
            .iter()
            .map(|p| format!("{:.1},{:.1}", scale.x(p.0), scale.y(p.1)))
            .collect();
        out += &format!("<polyline points=\"{}\" {stroke}/>", points.join(" "));
        let at = TOP + 14.0 + 18.0 * i as f64;
        let (from, to) = (right + 8.0, right + 38.0);
        out += &format!("<line x1=\"{from}\" x2=\"{to}\" y1=\"{at}\" y2=\"{at}\" {stroke}/>");
        out += &text(right + 44.0, at + 4.0, "start", &line.name);
    }
    Some(out + "</svg>")
}

/// A label.
fn text(x: f64, y: f64, anchor: &str, words: &str) -> String {
    let words = escape(words);
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>")
}

/// A level across the drawing.
fn rule(scale: &Scale, level: f64, style: &str) -> String {
    let (y, right) = (scale.y(level), WIDTH - RIGHT);
    format!(
        "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"currentColor\" {style}/>"
    )
}

/// Ticks, grid and the names of both axes.
fn axes(scale: &Scale, lines: &[Line]) -> String {
    let mut out = String::new();
    let mut sizes: Vec<f64> = lines.iter().flat_map(|l| &l.points).map(|p| p.0).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let mut taken = f64::NEG_INFINITY;
    for size in sizes {
        if scale.x(size) - taken >= 46.0 {
            taken = scale.x(size);
            out += &text(taken, HEIGHT - BOTTOM + 18.0, "middle", &bytes(size));
        }
    }
    let decades = [0.01, 0.1, 1.0, 10.0, 100.0];
    for tick in decades.into_iter().flat_map(|d| [d, 2.0 * d, 5.0 * d]) {
        if (scale.y.0..=scale.y.1).contains(&tick) {
            out += &rule(scale, tick, "stroke-opacity=\".15\"");
            out += &text(LEFT - 8.0, scale.y(tick) + 4.0, "end", &short(tick));
        }
    }
    out += &text(
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 8.0,
        "middle",
        "bytes of one descriptor",
    );
    out + &format!(
        "<text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">GB/s, end to end</text>",
        HEIGHT / 2.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_points_no_chart() {
        assert!(onload(&[], &[]).is_none());
        let line = Line {
            name: "a<b".to_owned(),
            points: vec![(1024.0, 1.0), (65_536.0, 20.0)],
        };
        let svg = onload(&[line], &[("needed".to_owned(), 5.0)]).unwrap();
        assert!(svg.contains("a&lt;b") && svg.contains("polyline") && !svg.contains("NaN"));
    }
}

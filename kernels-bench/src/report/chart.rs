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

/// Both axes logarithmic; `levels` are (label, GB/s). None without points.
pub(super) fn onload(lines: &[Line], levels: &[(String, f64)]) -> Option<String> {
    let all = || lines.iter().flat_map(|l| &l.points).copied();
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(None, |r: Option<(f64, f64)>, v| {
            let (low, high) = r.unwrap_or((v, v));
            Some((low.min(v), high.max(v)))
        })
    };
    let (x0, x1) = range(&mut all().map(|p| p.0))?;
    let heights = all().map(|p| p.1).chain(levels.iter().map(|l| l.1));
    let (y0, y1) = range(&mut heights.filter(|y| *y > 0.0))?;
    let (y0, y1) = (y0 * 0.8, y1 * 1.25);
    let scale = |v: f64, low: f64, high: f64| (v.max(low) / low).ln() / (high / low).ln().max(1e-9);
    let x = |v: f64| LEFT + scale(v, x0, x1) * (WIDTH - LEFT - RIGHT);
    let y = |v: f64| HEIGHT - BOTTOM - scale(v, y0, y1) * (HEIGHT - TOP - BOTTOM);
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" \
         font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"currentColor\">"
    );
    let right = WIDTH - RIGHT;
    let mut sizes: Vec<f64> = all().map(|p| p.0).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let mut taken = f64::NEG_INFINITY;
    for size in sizes {
        if x(size) - taken < 46.0 {
            continue;
        }
        taken = x(size);
        out += &format!(
            "<text x=\"{taken:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - BOTTOM + 18.0,
            bytes(size)
        );
    }
    for tick in [
        0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0,
    ] {
        if (y0..=y1).contains(&tick) {
            out += &format!(
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\" stroke=\"currentColor\" \
                 stroke-opacity=\".15\"/><text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{3}</text>",
                y(tick),
                LEFT - 8.0,
                y(tick) + 4.0,
                short(tick)
            );
        }
    }
    for (label, level) in levels {
        out += &format!(
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\" stroke=\"currentColor\" \
             stroke-width=\"1.5\" stroke-dasharray=\"4 4\"/><text x=\"{1}\" y=\"{2:.1}\">{3}</text>",
            y(*level),
            right + 8.0,
            y(*level) + 4.0,
            escape(label)
        );
    }
    for (i, line) in lines.iter().enumerate() {
        let (colour, dash) = (COLOURS[i % 6], DASHES[i % 6]);
        let points: Vec<_> = line
            .points
            .iter()
            .map(|p| format!("{:.1},{:.1}", x(p.0), y(p.1)))
            .collect();
        let at = TOP + 14.0 + 18.0 * i as f64;
        let stroke = format!(
            "fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\""
        );
        out += &format!("<polyline points=\"{}\" {stroke}/>", points.join(" "));
        out += &format!(
            "<line x1=\"{}\" x2=\"{}\" y1=\"{at}\" y2=\"{at}\" {stroke}/><text x=\"{}\" y=\"{}\">{}</text>",
            right + 8.0,
            right + 38.0,
            right + 44.0,
            at + 4.0,
            escape(&line.name),
        );
    }
    let middle = (LEFT + right) / 2.0;
    out += &format!(
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">bytes of one descriptor</text>\
         <text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">GB/s, end to end</text></svg>",
        HEIGHT - 8.0,
        HEIGHT / 2.0
    );
    Some(out)
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

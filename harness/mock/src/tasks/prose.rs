//! Distractor prose: office sentences without digits and without the marker words of any family.

use crate::draw::Draw;

const SENTENCES: &[&str] = &[
    "The kitchen on the second floor is closed for repairs until further notice.",
    "Several colleagues asked whether the new chairs will arrive before winter.",
    "Please keep the window shut while the painters are working outside.",
    "The quarterly review went well and the team thanked everyone for their patience.",
    "A new coffee machine was installed near the entrance and seems popular.",
    "Our partner in the north has moved to a larger building by the harbour.",
    "The train line is under maintenance, so some people will join remotely.",
    "Minutes of the last meeting are in the usual folder.",
    "Remember that visitors must sign in at the front desk.",
    "The library received a box of novels donated by a retired teacher.",
    "It rained for most of the week, which delayed the garden project.",
    "The choir is looking for more voices and rehearses in the evening.",
    "Someone left a grey umbrella in the meeting room.",
    "The canteen menu will include more vegetables from local farms.",
    "A short survey about the parking situation will follow soon.",
    "The photographs from the summer party are finally available.",
    "Our neighbours complained about noise from the loading dock.",
    "The old projector still works if you turn it off and on again.",
    "The museum visit was moved because the guide caught a cold.",
    "Maintenance will test the alarm system during the lunch break.",
];

/// About `chars` characters of unrelated sentences; empty when `chars` is zero.
pub(super) fn filler(draw: &mut Draw, chars: usize) -> String {
    let mut out = String::new();
    while out.len() < chars {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(draw.pick(SENTENCES));
    }
    out
}

/// `head`, then prose, then `tail`, separated by blank lines; parts that are empty are left out.
pub(super) fn page(parts: &[&str]) -> String {
    parts
        .iter()
        .filter(|p| !p.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filler_reaches_its_length_without_digits() {
        let text = filler(&mut Draw::new(3, "prose"), 900);
        assert!(text.len() >= 900 && !text.contains(|c: char| c.is_ascii_digit()));
        assert_eq!(filler(&mut Draw::new(3, "prose"), 0), "");
    }
}

//! Which policy of each run is compared.

use weighbridge_record::{PolicyEntry, PolicyRole, RunHeader};

use super::JoinError;

/// Policies by name, as asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// Policy of run A.
    pub a: Option<&'a str>,
    /// Policy of run B.
    pub b: Option<&'a str>,
}

/// Positions of the policies in their runs.
///
/// What is named is taken. A run whose policy is not named gives the one of the same name as the
/// other's, where that is named, or else its only candidate. With neither named and several
/// candidates somewhere: the other run's only candidate by name, the only candidate that both have,
/// or the only policy that both have, controls aside.
///
/// # Errors
/// A name that the run does not have, or several policies that could be meant.
pub(super) fn choose(
    a: &RunHeader,
    b: &RunHeader,
    names: Names<'_>,
) -> Result<(usize, usize), JoinError> {
    let named = |run: char, header: &RunHeader, name: &str| {
        position(header, name).ok_or_else(|| JoinError::UnknownPolicy {
            run,
            name: name.to_owned(),
            known: listed(header),
        })
    };
    let follow = |header: &RunHeader, other: &str| position(header, other).or_else(|| only(header));
    let unclear = |problem: String| JoinError::Ambiguous {
        problem,
        a: listed(a),
        b: listed(b),
    };
    match (names.a, names.b) {
        (Some(x), Some(y)) => Ok((named('A', a, x)?, named('B', b, y)?)),
        (Some(x), None) => {
            let at = named('A', a, x)?;
            let other = follow(b, x)
                .ok_or_else(|| unclear(format!("B has no policy `{x}` and not one candidate")))?;
            Ok((at, other))
        }
        (None, Some(y)) => {
            let at = named('B', b, y)?;
            let other = follow(a, y)
                .ok_or_else(|| unclear(format!("A has no policy `{y}` and not one candidate")))?;
            Ok((other, at))
        }
        (None, None) => unnamed(a, b).map_err(unclear),
    }
}

fn unnamed(a: &RunHeader, b: &RunHeader) -> Result<(usize, usize), String> {
    if let (Some(x), Some(y)) = (only(a), only(b)) {
        return Ok((x, y));
    }
    let same = |x: usize, from: &RunHeader, to: &RunHeader| position(to, &from.policies[x].name);
    if let Some(x) = only(a)
        && let Some(y) = same(x, a, b)
    {
        return Ok((x, y));
    }
    if let Some(y) = only(b)
        && let Some(x) = same(y, b, a)
    {
        return Ok((x, y));
    }
    let common = |keep: &dyn Fn(&PolicyEntry) -> bool| -> Vec<(usize, usize)> {
        let pairs = a.policies.iter().enumerate().filter_map(|(x, p)| {
            let y = position(b, &p.name)?;
            (keep(p) && keep(&b.policies[y])).then_some((x, y))
        });
        pairs.collect()
    };
    if let [only] = common(&|p| p.role == PolicyRole::Candidate)[..] {
        return Ok(only);
    }
    match common(&|p| p.role != PolicyRole::Control)[..] {
        [only] => Ok(only),
        [] => Err("no policy has the same name in both".to_owned()),
        _ => Err("neither run has exactly one candidate, and several policies are in both".into()),
    }
}

fn position(header: &RunHeader, name: &str) -> Option<usize> {
    header.policies.iter().position(|p| p.name == name)
}

/// The candidate, where there is just one.
fn only(header: &RunHeader) -> Option<usize> {
    let mut candidates =
        (0..header.policies.len()).filter(|&i| header.policies[i].role == PolicyRole::Candidate);
    let first = candidates.next()?;
    candidates.next().is_none().then_some(first)
}

fn listed(header: &RunHeader) -> String {
    let names = header.policies.iter().map(|p| match p.role {
        PolicyRole::Baseline => format!("`{}` (baseline)", p.name),
        PolicyRole::Candidate => format!("`{}` (candidate)", p.name),
        PolicyRole::Other => format!("`{}`", p.name),
        PolicyRole::Control => format!("`{}` (control)", p.name),
    });
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::header::tests::header;
    use PolicyRole::{Baseline, Candidate, Control, Other};

    fn chosen(
        a: &[(&str, PolicyRole)],
        b: &[(&str, PolicyRole)],
        names: Names<'_>,
    ) -> Result<(String, String), String> {
        let (a, b) = (header(a), header(b));
        let (x, y) = choose(&a, &b, names).map_err(|e| e.to_string())?;
        Ok((a.policies[x].name.clone(), b.policies[y].name.clone()))
    }

    fn pair(a: &str, b: &str) -> Result<(String, String), String> {
        Ok((a.to_owned(), b.to_owned()))
    }

    #[test]
    fn one_candidate_each_needs_no_name() {
        let a = [("prod", Baseline), ("v1", Candidate)];
        let b = [("prod", Baseline), ("v2", Candidate)];
        assert_eq!(chosen(&a, &b, Names::default()), pair("v1", "v2"));
    }

    #[test]
    fn a_name_given_for_one_run_holds_for_the_other_where_it_exists() {
        let a = [("prod", Baseline), ("v1", Candidate)];
        let b = [("prod", Baseline), ("v2", Candidate)];
        let names = Names {
            a: Some("prod"),
            b: None,
        };
        assert_eq!(chosen(&a, &b, names), pair("prod", "prod"));
        let names = Names {
            a: None,
            b: Some("v2"),
        };
        assert_eq!(chosen(&a, &b, names), pair("v1", "v2"));
    }

    #[test]
    fn the_only_name_in_both_is_meant_controls_aside() {
        let a = [("live", Other), ("random", Control)];
        let b = [("live", Other), ("random", Control), ("new", Other)];
        assert_eq!(chosen(&a, &b, Names::default()), pair("live", "live"));
    }

    #[test]
    fn what_is_not_clear_lists_the_names() {
        let a = [("x", Candidate), ("y", Candidate)];
        let error = chosen(&a, &a, Names::default()).unwrap_err();
        assert!(
            error.contains("`x` (candidate), `y` (candidate)"),
            "{error}"
        );
        let names = Names {
            a: Some("z"),
            b: None,
        };
        let error = chosen(&a, &a, names).unwrap_err();
        assert!(error.contains("run A has no policy `z`"), "{error}");
    }
}

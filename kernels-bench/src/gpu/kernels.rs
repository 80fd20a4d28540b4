//! Sources of the kernels: CUDA C without headers, each compiled with the prelude in front.

/// One source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// File stem.
    pub name: &'static str,
    /// Its text, without the prelude.
    pub body: &'static str,
    /// Kernels in it.
    pub kernels: &'static [&'static str],
}

const PRELUDE: &str = include_str!("kernels/prelude.cu");

/// Every source.
pub const SOURCES: [Source; 5] = [
    Source {
        name: "copy",
        body: include_str!("kernels/copy.cu"),
        kernels: &[
            "copy16",
            "copy_list",
            "count_different",
            "clock_rate",
            "nothing",
        ],
    },
    Source {
        name: "page",
        body: include_str!("kernels/page.cu"),
        kernels: &["paged_gather", "paged_scatter", "mla_gather_fp8"],
    },
    Source {
        name: "peak",
        body: include_str!("kernels/peak.cu"),
        kernels: &["mma_peak"],
    },
    Source {
        name: "attention",
        body: include_str!("kernels/attention.cu"),
        kernels: &["attention"],
    },
    Source {
        name: "merge",
        body: include_str!("kernels/merge.cu"),
        kernels: &["merge_parts", "merge_two"],
    },
];

impl Source {
    /// What the compiler is given.
    pub fn text(&self) -> String {
        format!("{PRELUDE}\n{}", self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_kernel_is_in_its_source_and_every_kernel_is_named() {
        for source in SOURCES {
            for name in source.kernels {
                assert!(source.body.contains(&format!("KERNEL {name}(")), "{name}");
            }
            assert_eq!(
                source.body.matches("\nKERNEL ").count(),
                source.kernels.len()
            );
        }
    }

    #[test]
    fn no_source_needs_headers() {
        assert!(SOURCES.iter().all(|s| !s.text().contains("#include")));
    }
}

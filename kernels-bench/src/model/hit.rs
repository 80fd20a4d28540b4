//! What a hit costs, part by part, and why it loses when it loses.

use super::{Compute, Descriptors, ModelShape, Tier};

/// Costs of naming and finding the prefix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lookup {
    /// Hashing, seconds a token of the prompt.
    pub hash_s_per_token: f64,
    /// Index, seconds a block of the prefix.
    pub index_s_per_block: f64,
    /// Tokens of a block.
    pub block: u64,
}

/// A hit to be priced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Cached tokens.
    pub prefix: f64,
    /// New tokens.
    pub suffix: f64,
    /// Copies of the fetch.
    pub copies: Descriptors,
    /// Whether layers are loaded while earlier layers compute.
    pub overlapped: bool,
}

/// Parts of a hit, seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HitCost {
    /// Hash and index.
    pub lookup_s: f64,
    /// Bringing the blocks to the device.
    pub fetch_s: f64,
    /// Attention and linear layers of the new tokens; paid on a miss as well.
    pub suffix_s: f64,
    /// The whole hit.
    pub hit_s: f64,
    /// The same request without the cache.
    pub miss_s: f64,
    /// Compute that the hit frees, GPU-seconds: a copy engine loads without it.
    pub saved_gpu_s: f64,
}

/// Why a hit costs more than it saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LosesBecause {
    /// It does not.
    Pays,
    /// Hash and index alone cost more than recomputing.
    Lookup,
    /// The fixed cost of a fetch alone does.
    FixedCost,
    /// The descriptors do: larger ones would pay.
    Descriptors,
    /// The link is too slow for this model's bytes a token.
    Bandwidth,
}

impl LosesBecause {
    /// Name as in the record file; none if it pays.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Pays => None,
            Self::Lookup => Some("lookup"),
            Self::FixedCost => Some("fixed_cost"),
            Self::Descriptors => Some("descriptors"),
            Self::Bandwidth => Some("bandwidth"),
        }
    }
}

/// Prices a hit. Fetch is `t0 + max(κp/B, N·t_desc)`; overlapped by layers it hides all but its first
/// layer behind the suffix: `fetch/L + max(fetch, suffix)`.
pub fn hit_cost(
    shape: &ModelShape,
    compute: &Compute,
    tier: &Tier,
    lookup: &Lookup,
    hit: &Hit,
) -> HitCost {
    let Hit {
        prefix,
        suffix,
        copies,
        overlapped,
    } = *hit;
    let lookup_s = lookup_cost(lookup, prefix + suffix, prefix);
    let fetch_s = fetch_cost(shape, tier, prefix, copies.count);
    // A suffix of few tokens still reads all active weights and the whole prefix.
    let bytes = 2.0 * shape.linear_params + shape.kv_bytes_per_token as f64 * (prefix + suffix);
    let floor = bytes / compute.memory_bytes_per_s;
    let suffix_s = (shape.suffix_flops(prefix, suffix) / compute.flops).max(floor);
    let layers = f64::from(shape.layers);
    let fetched = if overlapped {
        fetch_s / layers + fetch_s.max(suffix_s)
    } else {
        fetch_s + suffix_s
    };
    let saved_gpu_s = shape.saved_flops(prefix) / compute.flops;
    HitCost {
        lookup_s,
        fetch_s,
        suffix_s,
        hit_s: lookup_s + fetched,
        miss_s: saved_gpu_s + suffix_s,
        saved_gpu_s,
    }
}

impl HitCost {
    /// Seconds that the hit saves; negative if it loses.
    pub fn saved_s(&self) -> f64 {
        self.miss_s - self.hit_s
    }

    /// The first part, in the order paid, that alone makes the hit lose.
    pub fn loses_because(&self, shape: &ModelShape, tier: &Tier, hit: &Hit) -> LosesBecause {
        if self.saved_s() > 0.0 {
            return LosesBecause::Pays;
        }
        let wire = shape.kv_bytes_per_token as f64 * hit.prefix / tier.bytes_per_s;
        if self.lookup_s >= self.saved_gpu_s {
            LosesBecause::Lookup
        } else if self.lookup_s + tier.fixed_s >= self.saved_gpu_s {
            LosesBecause::FixedCost
        } else if hit.copies.count as f64 * tier.per_descriptor_s > wire {
            LosesBecause::Descriptors
        } else {
            LosesBecause::Bandwidth
        }
    }
}

fn lookup_cost(lookup: &Lookup, prompt: f64, prefix: f64) -> f64 {
    lookup.hash_s_per_token * prompt + lookup.index_s_per_block * prefix / lookup.block as f64
}

fn fetch_cost(shape: &ModelShape, tier: &Tier, prefix: f64, copies: u64) -> f64 {
    if prefix <= 0.0 {
        return 0.0;
    }
    let wire = shape.kv_bytes_per_token as f64 * prefix / tier.bytes_per_s;
    tier.fixed_s + wire.max(copies as f64 * tier.per_descriptor_s)
}

/// Speed-up of the best split between loading one end and recomputing the other, over the faster of
/// the two alone: rates add, so it is `1 + min/max` (Cake, ICML'25).
pub fn split_gain(load_s: f64, recompute_s: f64) -> f64 {
    1.0 + load_s.min(recompute_s) / load_s.max(recompute_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Layout, descriptors, tiers};

    const FREE: Lookup = Lookup {
        hash_s_per_token: 0.0,
        index_s_per_block: 0.0,
        block: 16,
    };

    fn tier(name: &str) -> Tier {
        tiers().into_iter().find(|t| t.name == name).unwrap()
    }

    fn cost(p: f64, tier: &Tier) -> (HitCost, Hit, ModelShape) {
        let shape = ModelShape::preset("llama3-8b").unwrap();
        let copies = descriptors(&shape, Layout::PageFirst, 16, (p / 16.0) as u64);
        let hit = Hit {
            prefix: p,
            suffix: 1024.0,
            copies,
            overlapped: false,
        };
        (
            hit_cost(&shape, &Compute::H200, tier, &FREE, &hit),
            hit,
            shape,
        )
    }

    #[test]
    fn an_8b_model_on_one_gpu() {
        // Milliseconds: recompute 220 and 1231; host link 19.5 and 78; whole miss 252 and 1285.
        let (c, ..) = cost(8192.0, &tier("host-pcie5"));
        assert!((c.saved_gpu_s * 1e3 - 220.0).abs() < 0.5);
        assert!((c.fetch_s * 1e3 - 19.5).abs() < 0.05);
        assert!((c.miss_s * 1e3 - 252.0).abs() < 0.7, "{}", c.miss_s);
        let (c, ..) = cost(32_768.0, &tier("host-pcie5"));
        assert!((c.saved_gpu_s * 1e3 - 1231.0).abs() < 1.0);
        assert!((c.suffix_s * 1e3 - 54.0).abs() < 0.5, "{}", c.suffix_s);
        assert!((c.miss_s * 1e3 - 1285.0).abs() < 1.5);
    }

    #[test]
    fn slow_links_lose_and_say_why() {
        let slow = tier("ethernet-25g");
        let (c, hit, shape) = cost(8192.0, &slow);
        assert_eq!(
            c.loses_because(&shape, &slow, &hit),
            LosesBecause::Bandwidth
        );
        let fast = Tier {
            per_descriptor_s: 1e-3,
            ..tier("host-pcie5")
        };
        let (c, hit, shape) = cost(8192.0, &fast);
        assert_eq!(
            c.loses_because(&shape, &fast, &hit),
            LosesBecause::Descriptors
        );
        let far = Tier {
            fixed_s: 1.0,
            ..tier("host-pcie5")
        };
        let (c, hit, shape) = cost(8192.0, &far);
        assert_eq!(c.loses_because(&shape, &far, &hit), LosesBecause::FixedCost);
        let (c, hit, shape) = cost(8192.0, &tier("host-pcie5"));
        assert_eq!(
            c.loses_because(&shape, &tier("host-pcie5"), &hit),
            LosesBecause::Pays
        );
    }

    #[test]
    fn nothing_cached_costs_and_saves_nothing() {
        let (c, ..) = cost(0.0, &tier("nvme"));
        assert_eq!((c.fetch_s, c.saved_gpu_s, c.saved_s()), (0.0, 0.0, 0.0));
    }

    #[test]
    fn an_infinite_link_saves_all_of_the_recomputation() {
        let endless = Tier {
            bytes_per_s: f64::INFINITY,
            ..tier("hbm")
        };
        let (c, ..) = cost(32_768.0, &endless);
        assert!((c.saved_s() - c.saved_gpu_s).abs() < 1e-12);
    }

    #[test]
    fn overlap_hides_the_shorter_of_fetch_and_suffix() {
        let shape = ModelShape::preset("llama3-8b").unwrap();
        let copies = Descriptors { count: 1, bytes: 1 };
        let hit = Hit {
            prefix: 32_768.0,
            suffix: 4096.0,
            copies,
            overlapped: true,
        };
        let c = hit_cost(&shape, &Compute::H200, &tier("host-pcie5"), &FREE, &hit);
        assert!(c.suffix_s > c.fetch_s);
        assert!((c.hit_s - c.suffix_s - c.fetch_s / 32.0).abs() < 1e-12);
    }

    #[test]
    fn splitting_at_most_doubles() {
        assert_eq!(split_gain(1.0, 1.0), 2.0);
        assert!((split_gain(1.0, 4.0) - 1.25).abs() < 1e-12);
    }
}

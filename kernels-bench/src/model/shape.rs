//! Model presets: what of a model matters for the cost of its KV cache.

/// Shape of a model, for one whole replica.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelShape {
    /// Preset name.
    pub name: &'static str,
    /// Layers.
    pub layers: u32,
    /// Query heads.
    pub q_heads: u32,
    /// KV heads; 1 for a shared latent.
    pub kv_heads: u32,
    /// Width of a query or key head in attention over the prefix.
    pub d_qk: u32,
    /// Width of a value head.
    pub d_v: u32,
    /// KV bytes of one token over all layers (κ), bf16.
    pub kv_bytes_per_token: u64,
    /// Active weights of the linear layers, without embeddings.
    pub linear_params: f64,
    /// Elements of one token's key (or latent) row in one layer.
    pub row_elements: u32,
    /// True if K and V are one latent row (MLA).
    pub latent: bool,
}

/// Dense grouped-query transformer with a gated feed-forward network.
struct Dense {
    hidden: u64,
    ffn: u64,
    q_heads: u32,
    kv_heads: u32,
    head: u32,
    layers: u32,
}

impl Dense {
    /// Query, key, value and output projections of one layer.
    fn attention(&self) -> u64 {
        let q = u64::from(self.q_heads * self.head);
        let kv = u64::from(self.kv_heads * self.head);
        self.hidden * (2 * q + 2 * kv)
    }

    fn shape(&self, name: &'static str, per_layer: u64) -> ModelShape {
        let row = self.kv_heads * self.head;
        ModelShape {
            name,
            layers: self.layers,
            q_heads: self.q_heads,
            kv_heads: self.kv_heads,
            d_qk: self.head,
            d_v: self.head,
            kv_bytes_per_token: u64::from(self.layers) * u64::from(row) * 2 * 2,
            linear_params: (per_layer * u64::from(self.layers)) as f64,
            row_elements: row,
            latent: false,
        }
    }

    fn dense(&self, name: &'static str) -> ModelShape {
        self.shape(name, self.attention() + 3 * self.hidden * self.ffn)
    }

    /// `active` of `experts` feed-forward networks run for a token; `ffn` is one expert's width.
    fn mixture(&self, name: &'static str, active: u64, experts: u64) -> ModelShape {
        let ffn = active * 3 * self.hidden * self.ffn + self.hidden * experts;
        self.shape(name, self.attention() + ffn)
    }
}

/// Every preset, by published configuration files.
pub fn presets() -> Vec<ModelShape> {
    let dense = |hidden, ffn, q_heads, kv_heads, layers| Dense {
        hidden,
        ffn,
        q_heads,
        kv_heads,
        head: 128,
        layers,
    };
    vec![
        dense(4096, 14_336, 32, 8, 32).dense("llama3-8b"),
        dense(8192, 28_672, 64, 8, 80).dense("llama3-70b"),
        dense(4096, 12_288, 32, 8, 36).dense("qwen3-8b"),
        dense(5120, 25_600, 64, 8, 64).dense("qwen3-32b"),
        dense(2048, 768, 32, 4, 48).mixture("qwen3-30b-a3b", 8, 128),
        dense(4096, 1536, 64, 4, 94).mixture("qwen3-235b-a22b", 8, 128),
        deepseek_v3(),
        dense(4096, 11_008, 32, 32, 32).dense("llama2-7b"),
    ]
}

/// Multi-head latent attention: 512 latent plus 64 rotary elements a token and layer are stored;
/// recomputation runs the expanded heads (192 and 128 wide).
fn deepseek_v3() -> ModelShape {
    ModelShape {
        name: "dsv3-mla",
        layers: 61,
        q_heads: 128,
        kv_heads: 1,
        d_qk: 192,
        d_v: 128,
        kv_bytes_per_token: 61 * (512 + 64) * 2,
        linear_params: 36e9,
        row_elements: 576,
        latent: true,
    }
}

impl ModelShape {
    /// A preset by name.
    pub fn preset(name: &str) -> Option<Self> {
        presets().into_iter().find(|shape| shape.name == name)
    }

    /// Floating-point operations that `p` cached tokens save: linear layers, and attention of the
    /// prefix over itself (half of the square, causal, times 2·2).
    pub fn saved_flops(&self, p: f64) -> f64 {
        2.0 * self.linear_params * p + self.attention_coefficient() * p * p
    }

    /// Operations of `m` new tokens over a prefix of `p`: linear layers, the prefix, and themselves.
    pub fn suffix_flops(&self, p: f64, m: f64) -> f64 {
        2.0 * self.linear_params * m
            + 2.0 * self.attention_coefficient() * (m * p + m * (m + 1.0) / 2.0)
    }

    /// L·hq·(dqk+dv).
    pub fn attention_coefficient(&self) -> f64 {
        f64::from(self.layers) * f64::from(self.q_heads) * f64::from(self.d_qk + self.d_v)
    }

    /// Bytes of one page of one layer as it lies in memory unfragmented: a K page (or a latent page).
    pub fn page_bytes(&self, block: u64) -> u64 {
        u64::from(self.row_elements) * 2 * block
    }

    /// Separately stored rows a layer: K and V, or one latent.
    pub fn parts(&self) -> u64 {
        if self.latent { 1 } else { 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_have_the_published_sizes() {
        // Bytes a token; active non-embedding weights in billions.
        let known = [
            ("llama3-8b", 131_072, 6.98),
            ("llama3-70b", 327_680, 68.45),
            ("qwen3-8b", 147_456, 6.95),
            ("qwen3-32b", 262_144, 31.2),
            ("qwen3-30b-a3b", 98_304, 2.73),
            ("qwen3-235b-a22b", 192_512, 20.95),
            ("dsv3-mla", 70_272, 36.0),
            ("llama2-7b", 524_288, 6.48),
        ];
        assert_eq!(known.len(), presets().len());
        for (name, kappa, billions) in known {
            let shape = ModelShape::preset(name).unwrap();
            assert_eq!(shape.kv_bytes_per_token, kappa, "{name}");
            assert!(
                (shape.linear_params / 1e9 - billions).abs() < 0.006 * billions,
                "{name}"
            );
        }
    }

    #[test]
    fn hit_plus_suffix_is_the_miss() {
        // FlashInfer counts (2·kv − q)·q·hq·(dqk+dv) for q queries over kv keys, up to the diagonal.
        let shape = ModelShape::preset("llama3-8b").unwrap();
        let (p, m) = (8192.0, 1024.0);
        let whole = shape.saved_flops(p + m);
        let parts = shape.saved_flops(p) + shape.suffix_flops(p, m);
        let diagonal = shape.attention_coefficient() * m;
        assert!((whole + diagonal - parts).abs() < 1e-9 * whole);
        let flashinfer = (2.0 * (p + m) - m) * m * 32.0 * 256.0 * 32.0;
        let ours = shape.suffix_flops(p, m) - 2.0 * shape.linear_params * m;
        assert!((ours - diagonal - flashinfer).abs() < 1e-9 * ours);
    }

    #[test]
    fn pages_have_the_sizes_of_the_engines() {
        let bytes = |name, block| ModelShape::preset(name).unwrap().page_bytes(block);
        assert_eq!(bytes("llama3-8b", 16), 32 << 10);
        assert_eq!(bytes("qwen3-30b-a3b", 16), 16 << 10);
        assert_eq!(bytes("llama2-7b", 16), 128 << 10);
        assert_eq!(bytes("dsv3-mla", 64), 72 << 10);
    }
}

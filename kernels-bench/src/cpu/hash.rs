//! Prefix hash chains: `h_i = H(h_{i−1} ‖ tokens_i)`, one hash a full block.
//!
//! Token ids are hashed as little-endian 32-bit words, as every engine here does.

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128};

/// A way to chain blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// XXH3-64 of the tokens, seeded with the parent.
    Xxh3Seeded,
    /// XXH3-64 of (parent, XXH3-64 of the tokens): blocks hash independently, only 16 bytes chain.
    Xxh3TwoLevel,
    /// XXH3-64 of the XXH3-64 of every 32 tokens, seeded with the parent: pieces of 128 bytes stay on
    /// the short path of the hash, which is faster than its long one, and a parent in the seed leaves
    /// the shortest message to the dependent call. Up to 32 tokens a block it is
    /// [`Self::Xxh3TwoLevel`].
    Xxh3Pieces,
    /// As [`Self::Xxh3TwoLevel`] in 128 bits.
    Xxh3Wide,
    /// SHA-256 of (parent, tokens).
    Sha256,
    /// BLAKE3 of (parent, tokens).
    Blake3,
    /// vLLM's `sha256_cbor`: SHA-256 of canonical CBOR `[parent, [tokens], extra]`.
    VllmSha256Cbor,
    /// SGLang's page hash: SHA-256 of (parent if any, tokens).
    SglangSha256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 8] = [
        Self::Xxh3Seeded,
        Self::Xxh3TwoLevel,
        Self::Xxh3Pieces,
        Self::Xxh3Wide,
        Self::Sha256,
        Self::Blake3,
        Self::VllmSha256Cbor,
        Self::SglangSha256,
    ];

    /// Name as in the record file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xxh3Seeded => "xxh3-64-seeded",
            Self::Xxh3TwoLevel => "xxh3-64-two-level",
            Self::Xxh3Pieces => "xxh3-64-pieces",
            Self::Xxh3Wide => "xxh3-128-two-level",
            Self::Sha256 => "sha256",
            Self::Blake3 => "blake3",
            Self::VllmSha256Cbor => "vllm-sha256-cbor",
            Self::SglangSha256 => "sglang-sha256",
        }
    }
}

/// What names everything before the first block: seed, tenant, adapter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Root {
    /// For the 64- and 128-bit chains.
    pub word: u64,
    /// For the 256-bit chains; vLLM's `NONE_HASH`. SGLang has no root.
    pub digest: [u8; 32],
}

/// Hashes of one chain, reused between calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hashes {
    /// 64-bit chains.
    pub words: Vec<u64>,
    /// 128-bit chains.
    pub wide: Vec<u128>,
    /// 256-bit chains.
    pub digests: Vec<[u8; 32]>,
    scratch: Vec<u8>,
}

impl Hashes {
    /// Each hash as bytes, whichever width it has.
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        let words = self.words.iter().map(|h| h.to_le_bytes().to_vec());
        let wide = self.wide.iter().map(|h| h.to_le_bytes().to_vec());
        let digests = self.digests.iter().map(|h| h.to_vec());
        words.chain(wide).chain(digests).collect()
    }
}

/// Hashes every full block of `tokens` into `out`; a rest shorter than a block has no hash.
/// `extra` (vLLM only) are the extra keys of the first block: adapter, image, salt.
pub fn chain(
    algorithm: Algorithm,
    tokens: &[u32],
    block: usize,
    root: &Root,
    extra: &[&str],
    out: &mut Hashes,
) {
    out.words.clear();
    out.wide.clear();
    out.digests.clear();
    match algorithm {
        Algorithm::Xxh3Seeded => seeded(tokens, block, root.word, &mut out.words),
        Algorithm::Xxh3TwoLevel => two_level(tokens, block, root.word, &mut out.words),
        Algorithm::Xxh3Pieces => pieces(tokens, block, root.word, &mut out.words),
        Algorithm::Xxh3Wide => wide(tokens, block, u128::from(root.word), &mut out.wide),
        Algorithm::Sha256 => sha256(tokens, block, Some(root.digest), &mut out.digests),
        Algorithm::SglangSha256 => sha256(tokens, block, None, &mut out.digests),
        Algorithm::Blake3 => blake3_chain(tokens, block, root.digest, &mut out.digests),
        Algorithm::VllmSha256Cbor => {
            vllm(
                tokens,
                block,
                root.digest,
                extra,
                &mut out.scratch,
                &mut out.digests,
            );
        }
    }
}

/// Content hash of every full block: what a router indexes by.
pub fn content(tokens: &[u32], block: usize) -> Vec<u64> {
    let blocks = tokens.chunks_exact(block);
    blocks
        .map(|tokens| xxh3_64(bytemuck::cast_slice(tokens)))
        .collect()
}

/// Parent and child as one 16-byte message.
fn pair(parent: u64, content: u64) -> [u8; 16] {
    (u128::from(parent) | u128::from(content) << 64).to_le_bytes()
}

/// Chains content hashes.
pub fn sequence(content: &[u64], root: u64) -> Vec<u64> {
    let mut h = root;
    let next = content.iter().map(|&c| {
        h = xxh3_64(&pair(h, c));
        h
    });
    next.collect()
}

fn seeded(tokens: &[u32], block: usize, root: u64, out: &mut Vec<u64>) {
    let mut h = root;
    out.extend(tokens.chunks_exact(block).map(|tokens| {
        h = xxh3_64_with_seed(bytemuck::cast_slice(tokens), h);
        h
    }));
}

fn two_level(tokens: &[u32], block: usize, root: u64, out: &mut Vec<u64>) {
    let mut h = root;
    out.extend(tokens.chunks_exact(block).map(|tokens| {
        h = xxh3_64(&pair(h, xxh3_64(bytemuck::cast_slice(tokens))));
        h
    }));
}

/// Tokens of a piece: 128 bytes, the longest message of the short path.
const PIECE: usize = 32;

fn pieces(tokens: &[u32], block: usize, root: u64, out: &mut Vec<u64>) {
    match block {
        0..=PIECE => two_level(tokens, block, root, out),
        64 => two_pieces(tokens, root, out),
        128 => whole_pieces::<4>(tokens, root, out),
        256 => whole_pieces::<8>(tokens, root, out),
        _ => any_pieces(tokens, block, root, out),
    }
}

/// Blocks of two pieces, whose hashes stay in registers: through memory, as below, the dependent call
/// waits for what was just stored, a tenth of the time.
fn two_pieces(tokens: &[u32], root: u64, out: &mut Vec<u64>) {
    let mut h = root;
    out.extend(tokens.chunks_exact(2 * PIECE).map(|tokens| {
        let pieces = tokens.as_chunks::<PIECE>().0;
        let a = xxh3_64(bytemuck::bytes_of(&pieces[0]));
        let b = xxh3_64(bytemuck::bytes_of(&pieces[1]));
        h = xxh3_64_with_seed(&pair(a, b), h);
        h
    }));
}

/// Blocks of `N` whole pieces: every length is known when this is compiled, which is worth a third of
/// the time. Seeding costs nothing up to 240 bytes, which are 30 pieces; longer messages derive a
/// secret from the seed.
fn whole_pieces<const N: usize>(tokens: &[u32], root: u64, out: &mut Vec<u64>) {
    let (mut h, mut message) = (root, [0_u64; N]);
    out.extend(tokens.chunks_exact(N * PIECE).map(|tokens| {
        for (hash, piece) in message.iter_mut().zip(tokens.as_chunks::<PIECE>().0) {
            *hash = xxh3_64(bytemuck::bytes_of(piece));
        }
        h = xxh3_64_with_seed(bytemuck::cast_slice(&message), h);
        h
    }));
}

fn any_pieces(tokens: &[u32], block: usize, root: u64, out: &mut Vec<u64>) {
    let (mut h, mut message) = (root, vec![0_u64; block.div_ceil(PIECE)]);
    out.extend(tokens.chunks_exact(block).map(|tokens| {
        for (hash, piece) in message.iter_mut().zip(tokens.chunks(PIECE)) {
            *hash = xxh3_64(bytemuck::cast_slice(piece));
        }
        h = xxh3_64_with_seed(bytemuck::cast_slice(&message), h);
        h
    }));
}

fn wide(tokens: &[u32], block: usize, root: u128, out: &mut Vec<u128>) {
    let mut h = root;
    out.extend(tokens.chunks_exact(block).map(|tokens| {
        let mut message = [0; 32];
        message[..16].copy_from_slice(&h.to_le_bytes());
        message[16..].copy_from_slice(&xxh3_128(bytemuck::cast_slice(tokens)).to_le_bytes());
        h = xxh3_128(&message);
        h
    }));
}

fn sha256(tokens: &[u32], block: usize, root: Option<[u8; 32]>, out: &mut Vec<[u8; 32]>) {
    let mut parent = root;
    out.extend(tokens.chunks_exact(block).map(|tokens| {
        let mut hasher = Sha256::new();
        if let Some(parent) = parent {
            hasher.update(parent);
        }
        hasher.update(bytemuck::cast_slice::<u32, u8>(tokens));
        let digest = hasher.finalize().into();
        parent = Some(digest);
        digest
    }));
}

fn blake3_chain(tokens: &[u32], block: usize, root: [u8; 32], out: &mut Vec<[u8; 32]>) {
    let mut parent = root;
    out.extend(tokens.chunks_exact(block).map(|tokens| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&parent).update(bytemuck::cast_slice(tokens));
        parent = *hasher.finalize().as_bytes();
        parent
    }));
}

/// `sha256(cbor([parent, [tokens], extra or null]))`; extra keys belong to the first block only, as
/// vLLM does with a cache salt.
fn vllm(
    tokens: &[u32],
    block: usize,
    root: [u8; 32],
    extra: &[&str],
    scratch: &mut Vec<u8>,
    out: &mut Vec<[u8; 32]>,
) {
    let mut parent = root;
    for (i, tokens) in tokens.chunks_exact(block).enumerate() {
        scratch.clear();
        cbor::array(scratch, 3);
        cbor::bytes(scratch, &parent);
        cbor::array(scratch, tokens.len() as u64);
        tokens
            .iter()
            .for_each(|&t| cbor::unsigned(scratch, u64::from(t)));
        if i == 0 && !extra.is_empty() {
            cbor::array(scratch, extra.len() as u64);
            extra.iter().for_each(|text| cbor::text(scratch, text));
        } else {
            scratch.push(cbor::NULL);
        }
        parent = Sha256::digest(&*scratch).into();
        out.push(parent);
    }
}

/// vLLM's root of all chains when `PYTHONHASHSEED` is set: `sha256(cbor(seed as text))`.
pub fn vllm_none_hash(seed: &str) -> [u8; 32] {
    let mut message = Vec::new();
    cbor::text(&mut message, seed);
    Sha256::digest(&message).into()
}

/// The part of RFC 8949 that the hash needs, in canonical (shortest) form.
mod cbor {
    pub(super) const NULL: u8 = 0xF6;

    pub(super) fn unsigned(out: &mut Vec<u8>, n: u64) {
        head(out, 0, n);
    }

    pub(super) fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
        head(out, 2, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }

    pub(super) fn text(out: &mut Vec<u8>, text: &str) {
        head(out, 3, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }

    pub(super) fn array(out: &mut Vec<u8>, len: u64) {
        head(out, 4, len);
    }

    /// Major type and argument.
    fn head(out: &mut Vec<u8>, major: u8, n: u64) {
        let major = major << 5;
        match n {
            0..24 => out.push(major | n as u8),
            24..0x100 => out.extend_from_slice(&[major | 24, n as u8]),
            0x100..0x1_0000 => {
                out.push(major | 25);
                out.extend_from_slice(&(n as u16).to_be_bytes());
            }
            0x1_0000..0x1_0000_0000 => {
                out.push(major | 26);
                out.extend_from_slice(&(n as u32).to_be_bytes());
            }
            _ => {
                out.push(major | 27);
                out.extend_from_slice(&n.to_be_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests;

use proptest::prelude::*;

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// 64 tokens that fill all 32 bits.
fn tokens() -> Vec<u32> {
    (0..64_u32).map(|i| i.wrapping_mul(2_654_435_761)).collect()
}

fn root() -> Root {
    Root {
        word: 1337,
        digest: std::array::from_fn(|i| i as u8),
    }
}

fn hashes(algorithm: Algorithm, tokens: &[u32], root: &Root, extra: &[&str]) -> Vec<Vec<u8>> {
    let mut out = Hashes::default();
    chain(algorithm, tokens, 16, root, extra, &mut out);
    out.bytes()
}

#[test]
fn published_vectors_of_the_primitives() {
    // xxHash sanity test; FIPS 180-4; BLAKE3 test vectors.
    assert_eq!(xxh3_64(b""), 0x2D06_8005_38D3_94C2);
    assert_eq!(xxh3_128(b""), 0x99AA_06D3_0147_98D8_6001_C324_468D_497F);
    assert_eq!(
        hex(&Sha256::digest(b"abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        blake3::hash(&[0]).to_hex().as_str(),
        "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"
    );
}

/// Chains computed by other implementations (Python's hashlib, xxhash, blake3 and cbor2) from the
/// definitions of the engines.
#[test]
fn chains_of_other_implementations() {
    let mut out = Hashes::default();
    chain(Algorithm::Xxh3Seeded, &tokens(), 16, &root(), &[], &mut out);
    let seeded = [
        0xbd36_5234_52b8_f14a,
        0x6bef_8cc6_e871_43b5,
        0x172b_f0ab_866e_c07c,
        0x0c74_c660_ccc1_f745,
    ];
    assert_eq!(out.words, seeded);
    chain(
        Algorithm::Xxh3TwoLevel,
        &tokens(),
        16,
        &root(),
        &[],
        &mut out,
    );
    let two = [
        0x14b0_f75b_ef5f_ace4,
        0xbda3_a83b_dcb8_f755,
        0x29a4_144c_51fb_041e,
        0x24d3_54f9_ce2a_feaa,
    ];
    assert_eq!(out.words, two);
    chain(Algorithm::Xxh3Wide, &tokens(), 16, &root(), &[], &mut out);
    assert_eq!(out.wide[0], 0xda71_e44d_8d14_2197_7e4d_bbb3_e0de_c021);
    assert_eq!(out.wide[3], 0xbf5e_8a61_0102_7ecb_0148_9367_8a5f_d211);
}

#[test]
fn digests_of_other_implementations() {
    let none = Root {
        digest: vllm_none_hash("0"),
        ..root()
    };
    assert_eq!(
        hex(&none.digest),
        "4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e"
    );
    for (algorithm, root, first, last) in [
        (
            Algorithm::Sha256,
            root(),
            "667bbeabed6ae3423baf72bf2bb5a419a0d9a1d83ba7ecc61770171abe990fbf",
            "ac3bc0ba7dad367a0a9d01920781a296bf296841ea7da8096b5a86461463f57c",
        ),
        (
            Algorithm::Blake3,
            root(),
            "a7acc7bc41ae9aab63be263d30d04b5f3ad6be910284df7a612f8a54a9faac37",
            "97dc4455bfd52ca26fc8b27b2aa8855dd1d617e98cd53dea91022e76dd27342f",
        ),
        (
            Algorithm::VllmSha256Cbor,
            none,
            "7f34b2ba3111437b8daaa9d179c5011cb345bd58367eead8ee69546ceef3a3ca",
            "993adf086c97512435fa333160b83ecddd2279999e5727f08bf8da8b078600a9",
        ),
    ] {
        let got = hashes(algorithm, &tokens(), &root, &[]);
        assert_eq!(hex(&got[0]), first, "{algorithm:?}");
        assert_eq!(hex(&got[3]), last, "{algorithm:?}");
    }
    let sglang = hashes(Algorithm::SglangSha256, &tokens(), &root(), &[]);
    assert_eq!(
        hex(&sglang[3]),
        "7afe17d02a07b9ff874465378065385f21ff220a179eeb518ff49bd15dd1de1d"
    );
}

#[test]
fn extra_keys_and_every_length_of_integer() {
    let tokens = [1, 23, 24, 255, 256, 65_535, 65_536, u32::MAX];
    let mut out = Hashes::default();
    let root = Root {
        digest: vllm_none_hash("0"),
        word: 0,
    };
    chain(
        Algorithm::VllmSha256Cbor,
        &tokens,
        8,
        &root,
        &["salt", "img"],
        &mut out,
    );
    assert_eq!(
        hex(&out.digests[0]),
        "9a11e689ef23eca7397e7818432023f346c6bb4d07b9c0498cb2daeb7c4a9ebf"
    );
}

proptest! {
    #[test]
    fn a_token_alters_its_block_and_all_later_ones(at in 0_usize..64, flip in 1_u32..) {
        for algorithm in Algorithm::ALL {
            let before = hashes(algorithm, &tokens(), &root(), &[]);
            let mut other = tokens();
            other[at] ^= flip;
            let after = hashes(algorithm, &other, &root(), &[]);
            for (i, (a, b)) in before.iter().zip(&after).enumerate() {
                prop_assert_eq!(a == b, i < at / 16, "{:?}, block {}", algorithm, i);
            }
        }
    }

    #[test]
    fn hashes_of_a_prefix_are_a_prefix_of_the_hashes(n in 0_usize..=64) {
        for algorithm in Algorithm::ALL {
            let whole = hashes(algorithm, &tokens(), &root(), &[]);
            let part = hashes(algorithm, &tokens()[..n], &root(), &[]);
            prop_assert_eq!(&whole[..n / 16], &part[..]);
        }
    }
}

#[test]
fn root_and_extra_keys_alter_everything() {
    let other = Root {
        word: 1338,
        digest: [9; 32],
    };
    for algorithm in Algorithm::ALL {
        let a = hashes(algorithm, &tokens(), &root(), &[]);
        let b = hashes(algorithm, &tokens(), &other, &[]);
        let rootless = algorithm == Algorithm::SglangSha256;
        assert!(
            a.iter().zip(&b).all(|(a, b)| (a == b) == rootless),
            "{algorithm:?}"
        );
    }
    let a = hashes(Algorithm::VllmSha256Cbor, &tokens(), &root(), &[]);
    let b = hashes(Algorithm::VllmSha256Cbor, &tokens(), &root(), &["tenant"]);
    assert!(a.iter().zip(&b).all(|(a, b)| a != b));
}

#[test]
fn sequence_is_the_two_level_chain() {
    let mut out = Hashes::default();
    chain(
        Algorithm::Xxh3TwoLevel,
        &tokens(),
        16,
        &root(),
        &[],
        &mut out,
    );
    assert_eq!(sequence(&content(&tokens(), 16), 1337), out.words);
}

#[test]
fn pieces_are_the_two_level_chain_up_to_32_tokens_and_not_beyond() {
    let run = |algorithm, block| {
        let mut out = Hashes::default();
        chain(algorithm, &tokens(), block, &root(), &[], &mut out);
        out.words
    };
    for block in [16, 32] {
        assert_eq!(
            run(Algorithm::Xxh3Pieces, block),
            run(Algorithm::Xxh3TwoLevel, block)
        );
    }
    let [first, second] =
        [&tokens()[..32], &tokens()[32..]].map(|t| xxh3_64(bytemuck::cast_slice(t)));
    let want = xxh3_64_with_seed(bytemuck::cast_slice(&[first, second]), 1337);
    assert_eq!(run(Algorithm::Xxh3Pieces, 64), [want]);
    // The same by Python's xxhash.
    assert_eq!(want, 0x518a_4746_cfc1_18ba);
    let (mut fixed, mut any) = (Vec::new(), Vec::new());
    let tokens: Vec<u32> = (0..2048).collect();
    for block in [64, 128, 256] {
        super::pieces(&tokens, block, 7, &mut fixed);
        super::any_pieces(&tokens, block, 7, &mut any);
        assert_eq!(fixed, any, "block {block}");
    }
}

//! Copying past the cache: a block that will not be read again soon should not evict what will.

/// Copies with streaming stores where the processor has them and both ends allow; by `memcpy`
/// otherwise. Lengths must be equal, as for `copy_from_slice`.
pub(crate) fn copy(dst: &mut [u8], src: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    if dst.len() == src.len()
        && dst.as_ptr().addr().is_multiple_of(16)
        && dst.len().is_multiple_of(64)
    {
        stream_lines(dst, src);
        return;
    }
    dst.copy_from_slice(src);
}

/// Makes streamed bytes visible to other threads; call once after a run of copies.
#[expect(
    unsafe_code,
    reason = "the intrinsic needs SSE; harmless anywhere else"
)]
pub(crate) fn fence() {
    // SAFETY: SSE2 is part of the architecture.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// Whole cache lines. SSE2 is part of the architecture.
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "streaming stores exist as intrinsics over raw pointers only"
)]
fn stream_lines(dst: &mut [u8], src: &[u8]) {
    use std::arch::x86_64::{
        __m128i, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm_stream_si128,
    };
    let lines = dst.chunks_exact_mut(64).zip(src.chunks_exact(64));
    for (to, from) in lines {
        let (to, from) = (
            to.as_mut_ptr().cast::<__m128i>(),
            from.as_ptr().cast::<__m128i>(),
        );
        // SAFETY: `chunks_exact` gives 64 valid bytes on each side, so offsets 0 to 3 are inside;
        // loads may be unaligned; `copy` checked that `dst` is 16-byte aligned and its length a
        // multiple of 64, so every store is aligned. A prefetch may name any address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(from.cast::<i8>().wrapping_add(1024));
            for i in 0..4 {
                _mm_stream_si128(to.add(i), _mm_loadu_si128(from.add(i)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Inputs;

    #[test]
    fn copies_every_length_and_alignment() {
        let src = Inputs::new(3, "streaming").bytes(4096);
        for (start, len) in [(0, 4096), (0, 100), (1, 64), (16, 128), (7, 0), (48, 4000)] {
            let mut dst = vec![0xAA_u8; 4096 + 64];
            copy(&mut dst[start..start + len], &src[..len]);
            fence();
            assert_eq!(
                &dst[start..start + len],
                &src[..len],
                "start {start}, length {len}"
            );
            assert!(dst[start + len..].iter().all(|b| *b == 0xAA));
        }
    }
}

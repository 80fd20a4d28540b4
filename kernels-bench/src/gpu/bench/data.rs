//! Random inputs for the device.

use crate::cpu::Inputs;
use crate::cpu::attention::bf16;

/// Numbers drawn before they repeat; prime, so that repeats never line up with rows.
const PERIOD: usize = 1_048_573;

/// `n` standard normal numbers as bf16. Beyond a million they repeat, shifted against every row.
pub(super) fn normals(inputs: &mut Inputs, n: usize) -> Vec<u16> {
    let base: Vec<u16> = (0..n.min(PERIOD)).map(|_| bf16(inputs.normal())).collect();
    base.iter().copied().cycle().take(n).collect()
}

/// A shuffled page table of `blocks` out of twice as many pages.
pub(super) fn table(inputs: &mut Inputs, blocks: usize) -> Vec<i32> {
    let order = inputs.permutation(2 * blocks);
    order.into_iter().take(blocks).map(|b| b as i32).collect()
}

// Paged gather and scatter.

// Block i of the sequence is page table[i] of the pool; writes pages one after another. One block of
// threads a page, `page` pieces of 16 bytes each.
KERNEL paged_gather(Vec16* out, const Vec16* pool, const int* table, u32 blocks, u32 page) {
    for (u32 b = blockIdx.x; b < blocks; b += gridDim.x) {
        const Vec16* in = pool + (u64)table[b] * page;
        Vec16* to = out + (u64)b * page;
        for (u32 i = threadIdx.x; i < page; i += blockDim.x) to[i] = in[i];
    }
}

// Row t goes to slot slots[t] of the pool; a negative slot is padding and written nowhere. One warp a
// row, `row` pieces of 16 bytes.
KERNEL paged_scatter(Vec16* pool, const Vec16* rows, const u64* slots, u32 tokens, u32 row) {
    u32 warps = gridDim.x * blockDim.x / 32, lane = threadIdx.x % 32;
    for (u32 t = (blockIdx.x * blockDim.x + threadIdx.x) / 32; t < tokens; t += warps) {
        u64 slot = slots[t];
        if ((long long)slot < 0) continue;
        for (u32 i = lane; i < row; i += 32) pool[slot * row + i] = rows[(u64)t * row + i];
    }
}

// e4m3: 1 sign, 4 exponent (bias 7), 3 mantissa; no infinities, 0x7f is NaN.
DEVICE float from_e4m3(u8 x) {
    u32 sign = (u32)(x & 0x80) << 24, e = (x >> 3) & 15, m = x & 7;
    if (e == 15 && m == 7) return as_float(0x7fc00000u | sign);
    // Subnormal: m · 2^-9.
    if (e == 0) return (sign ? -1.0f : 1.0f) * (float)m * as_float(0x3b000000u);
    return as_float(sign | (e + 120) << 23 | m << 20);
}

// One latent entry: 512 e4m3 values, 4 f32 scales (one for 128 values), 64 bf16 rotary values: 656
// bytes. Writes 576 bf16 values. One block of threads a token.
KERNEL mla_gather_fp8(u16* out, const u8* pool, const int* table, u32 tokens, u32 block) {
    for (u32 t = blockIdx.x; t < tokens; t += gridDim.x) {
        u64 slot = (u64)table[t / block] * block + t % block;
        const u8* entry = pool + slot * 656;
        const float* scales = (const float*)(entry + 512);
        const u16* rotary = (const u16*)(entry + 528);
        u16* to = out + (u64)t * 576;
        for (u32 i = threadIdx.x; i < 576; i += blockDim.x)
            to[i] = i < 512 ? to_bf16(from_e4m3(entry[i]) * scales[i / 128]) : rotary[i - 512];
    }
}

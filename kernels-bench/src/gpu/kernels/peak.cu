// Rate of mma.sync: eight independent products a warp, operands in registers.
KERNEL mma_peak(float* out, u32 rounds, u32 seed) {
    float d[8][4] = {};
    u32 a[4], b[2];
    u32 word = seed + threadIdx.x * 2654435761u;
    for (int i = 0; i < 4; i++) a[i] = (word = word * 1664525u + 1013904223u) & 0xbf7fbf7fu;
    for (int i = 0; i < 2; i++) b[i] = (word = word * 1664525u + 1013904223u) & 0xbf7fbf7fu;
    for (u32 r = 0; r < rounds; r++)
#pragma unroll
        for (int i = 0; i < 8; i++) mma_bf16(d[i], a, b);
    float sum = 0.0f;
    for (int i = 0; i < 8; i++) sum += d[i][0] + d[i][1] + d[i][2] + d[i][3];
    out[(u64)blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

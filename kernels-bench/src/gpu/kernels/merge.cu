// Merging partial results by their log-sum-exp (natural log).

// WB_WRONG_BASE is the negative control: weights in base 2 although the logs are natural.
#ifdef WB_WRONG_BASE
#define WEIGHT(x) exp2_(x)
#else
#define WEIGHT(x) exp2_((x) * 1.44269504f)
#endif

// `parts` partial results of `rows` rows of `width` values, f32, one after another; writes bf16 and
// the joint log. One warp a row. No part seen: zeros and -inf.
KERNEL merge_parts(u16* out, float* out_lse, const float* v, const float* lse, u32 parts, u32 rows, u32 width) {
    u32 row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    float top = NEG_INF;
    for (u32 p = 0; p < parts; p++) top = fmaxf(top, lse[(u64)p * rows + row]);
    float total = 0.0f;
    if (top != NEG_INF)
        for (u32 p = 0; p < parts; p++) total += WEIGHT(lse[(u64)p * rows + row] - top);
    for (u32 i = lane; i < width; i += 32) {
        float sum = 0.0f;
        for (u32 p = 0; p < parts && top != NEG_INF; p++) {
            float w = WEIGHT(lse[(u64)p * rows + row] - top);
            // Zero weight must silence even poison: an empty part may never have been written.
            if (w > 0.0f) sum += w * v[((u64)p * rows + row) * width + i];
        }
        out[(u64)row * width + i] = to_bf16(total > 0.0f ? sum / total : 0.0f);
    }
    if (lane == 0) out_lse[row] = total > 0.0f ? top + log2_(total) * 0.69314718f : NEG_INF;
}

// Two bf16 states into one, as engines merge a cascade.
KERNEL merge_two(u16* out, float* out_lse, const u16* va, const float* la, const u16* vb, const float* lb, u32 rows, u32 width) {
    u32 row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    float a = la[row], b = lb[row], top = fmaxf(a, b);
    float wa = 0.0f, wb = 0.0f;
    if (top != NEG_INF) wa = WEIGHT(a - top), wb = WEIGHT(b - top);
    float total = wa + wb, scale = total > 0.0f ? 1.0f / total : 0.0f;
    for (u32 i = lane; i < width; i += 32) {
        u64 at = (u64)row * width + i;
        float x = wa > 0.0f ? wa * from_bf16(va[at]) : 0.0f;
        float y = wb > 0.0f ? wb * from_bf16(vb[at]) : 0.0f;
        out[at] = to_bf16((x + y) * scale);
    }
    if (lane == 0) out_lse[row] = total > 0.0f ? top + log2_(total) * 0.69314718f : NEG_INF;
}

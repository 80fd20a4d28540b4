// Attention of new queries over a paged KV cache, head width 128, bf16 in, f32 partial results out.
//
// The query heads of one KV head are rows of one tile: row r of a request is query r / group, head
// r % group. So one kernel does suffix prefill (one request, many queries), paged decode (many
// requests, one query each) and the shared-prefix pass of a cascade (one request that holds every
// query of the batch, without the causal mask).
//
// A block of 4 warps takes 64 rows; a warp 16. Keys come in tiles of 64, double products by
// mma.sync.m16n8k16, softmax online in base 2, keys split over gridDim.z.

#define D 128
#define ROWS 64
#define KEYS 64
// Rows of shared memory are padded by 16 bytes so that a warp's fragment loads hit all banks.
#define PITCH (D + 8)

struct Args {
    const u16* q;        // [tokens][q_heads][D]
    const u16* k;        // [pages][block][kv_heads][D]
    const u16* v;        // as k
    const int* table;    // [requests][table_width]
    const int* q_start;  // [requests + 1], in tokens
    const int* kv_len;   // [requests], keys with the request's own
    float* out;          // [splits][tokens][q_heads][D]
    float* lse;          // [splits][tokens][q_heads], natural log
    int tokens, q_heads, kv_heads, block, table_width, causal;
    float scale_log2;    // log2(e)/sqrt(D)
};

// Brings keys [first, first + KEYS) of K and V to shared memory; keys beyond `len` are zeros.
DEVICE void load_tile(u16* ks, u16* vs, const Args& a, const int* table, int kv_head, int first, int len) {
    for (int i = threadIdx.x; i < KEYS * D / 8; i += 128) {
        int key = i / (D / 8), piece = i % (D / 8) * 8, t = first + key;
        u16 *kd = ks + key * PITCH + piece, *vd = vs + key * PITCH + piece;
        if (t < len) {
            u64 slot = (u64)table[t / a.block] * a.block + t % a.block;
            u64 at = (slot * a.kv_heads + kv_head) * D + piece;
            copy_async16(kd, a.k + at);
            copy_async16(vd, a.v + at);
        } else {
            *(Vec16*)kd = Vec16{0, 0, 0, 0};
            *(Vec16*)vd = Vec16{0, 0, 0, 0};
        }
    }
    wait_copies();
    __syncthreads();
}

// The largest and the sum over the four threads that share a row.
DEVICE float row_max(float x) { x = fmaxf(x, shuffle_xor(x, 1)); return fmaxf(x, shuffle_xor(x, 2)); }
DEVICE float row_sum(float x) { x += shuffle_xor(x, 1); return x + shuffle_xor(x, 2); }

KERNEL attention(Args a) {
    // As pieces of 16 bytes, which asynchronous copies must be aligned to.
    SHARED Vec16 shared_k[KEYS * PITCH / 8];
    SHARED Vec16 shared_v[KEYS * PITCH / 8];
    u16 *ks = (u16*)shared_k, *vs = (u16*)shared_v;
    int group = a.q_heads / a.kv_heads;
    int request = blockIdx.y / a.kv_heads, kv_head = blockIdx.y % a.kv_heads;
    int q_start = a.q_start[request], queries = a.q_start[request + 1] - q_start;
    int rows = queries * group, len = a.kv_len[request];
    if ((int)(blockIdx.x * ROWS) >= rows) return;
    const int* table = a.table + (u64)request * a.table_width;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
    // This thread's two rows, and the keys each may see.
    int row[2], visible[2];
    const u16* q[2];
    for (int h = 0; h < 2; h++) {
        row[h] = blockIdx.x * ROWS + warp * 16 + g + h * 8;
        int query = min(row[h], rows - 1) / group, head = kv_head * group + min(row[h], rows - 1) % group;
        visible[h] = a.causal ? len - queries + query + 1 : len;
        q[h] = a.q + ((u64)(q_start + query) * a.q_heads + head) * D;
    }
    // Queries as fragments of A: register i holds row i % 2, columns 2t and 2t+1, plus 8 from i = 2.
    u32 qa[D / 16][4];
#pragma unroll
    for (int s = 0; s < D / 16; s++)
#pragma unroll
        for (int i = 0; i < 4; i++) qa[s][i] = *(const u32*)(q[i % 2] + s * 16 + 2 * t + i / 2 * 8);

    float o[D / 8][4] = {};
    float top[2] = {NEG_INF, NEG_INF}, sum[2] = {0.0f, 0.0f};
    // Whole tiles of keys for each split; keys that no row of this block sees are not read.
    int tiles = (len + KEYS - 1) / KEYS, share = (tiles + gridDim.z - 1) / gridDim.z;
    int last = min((int)(blockIdx.x * ROWS) + ROWS, rows) - 1;
    int seen = a.causal ? len - queries + last / group + 1 : len;
    int begin = blockIdx.z * share * KEYS, end = min(begin + share * KEYS, seen);
    for (int first = begin; first < end; first += KEYS) {
        load_tile(ks, vs, a, table, kv_head, first, len);
        float s[KEYS / 8][4] = {};
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
            for (int c = 0; c < D / 16; c++) {
                // B holds rows of K: key n·8+g, columns 2t and 2t+1, plus 8 in the second register.
                const u16* kr = ks + (n * 8 + g) * PITCH + c * 16 + 2 * t;
                u32 b[2] = {*(const u32*)kr, *(const u32*)(kr + 8)};
                mma_bf16(s[n], qa[c], b);
            }
        float next[2] = {top[0], top[1]};
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int key = first + n * 8 + 2 * t + i % 2;
                s[n][i] = key < visible[i / 2] ? s[n][i] * a.scale_log2 : NEG_INF;
                next[i / 2] = fmaxf(next[i / 2], s[n][i]);
            }
        float shift[2];
#pragma unroll
        for (int h = 0; h < 2; h++) {
            next[h] = row_max(next[h]);
            // A row that has seen nothing yet keeps zeros instead of NaN.
            shift[h] = next[h] == NEG_INF ? 0.0f : next[h];
            float decay = exp2_(top[h] - shift[h]);
            sum[h] *= decay;
            top[h] = next[h];
#pragma unroll
            for (int n = 0; n < D / 8; n++) o[n][2 * h] *= decay, o[n][2 * h + 1] *= decay;
        }
#pragma unroll
        for (int c = 0; c < KEYS / 16; c++) {
            // Two neighbouring tiles of scores are one fragment of A.
            u32 p[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float* from = s[2 * c + i / 2];
                float x = exp2_(from[i % 2 * 2] - shift[i % 2]), y = exp2_(from[i % 2 * 2 + 1] - shift[i % 2]);
                sum[i % 2] += x + y;
                p[i] = pack_bf16(x, y);
            }
#pragma unroll
            for (int n = 0; n < D / 8; n++) {
                // B holds columns of V: keys 2t and 2t+1 (plus 8), column n·8+g.
                const u16* vr = vs + (c * 16 + 2 * t) * PITCH + n * 8 + g;
                u32 b[2] = {vr[0] | (u32)vr[PITCH] << 16, vr[8 * PITCH] | (u32)vr[9 * PITCH] << 16};
                mma_bf16(o[n], p, b);
            }
        }
        __syncthreads();
    }
#pragma unroll
    for (int h = 0; h < 2; h++) {
        float total = row_sum(sum[h]);
        if (row[h] >= rows) continue;
        int query = q_start + row[h] / group, head = kv_head * group + row[h] % group;
        u64 at = ((u64)blockIdx.z * a.tokens + query) * a.q_heads + head;
        float scale = total > 0.0f ? 1.0f / total : 0.0f;
        for (int n = 0; n < D / 8; n++) {
            a.out[at * D + n * 8 + 2 * t] = o[n][2 * h] * scale;
            a.out[at * D + n * 8 + 2 * t + 1] = o[n][2 * h + 1] * scale;
        }
        if (t == 0) a.lse[at] = total > 0.0f ? (top[h] + log2_(total)) * 0.69314718f : NEG_INF;
    }
}

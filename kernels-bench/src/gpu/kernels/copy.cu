// Plain copies: device memory, host memory read by multiprocessors, and lists of descriptors.

// Grid-stride copy of n pieces of 16 bytes. Over a host pointer this is the zero-copy read.
KERNEL copy16(Vec16* dst, const Vec16* src, u64 n) {
    u64 step = (u64)gridDim.x * blockDim.x;
    for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) dst[i] = src[i];
}

// Descriptor d copies `each` pieces of 16 bytes from src + from[d] to dst + to[d] (offsets in pieces);
// blocks of threads take descriptors in turn.
KERNEL copy_list(Vec16* dst, const Vec16* src, const u64* to, const u64* from, u32 count, u32 each) {
    for (u32 d = blockIdx.x; d < count; d += gridDim.x) {
        Vec16* out = dst + to[d];
        const Vec16* in = src + from[d];
        for (u32 i = threadIdx.x; i < each; i += blockDim.x) out[i] = in[i];
    }
}

// Counts pieces of 16 bytes that differ.
KERNEL count_different(const Vec16* a, const Vec16* b, u64 n, u32* different) {
    u64 step = (u64)gridDim.x * blockDim.x;
    u32 found = 0;
    for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {
        Vec16 x = a[i], y = b[i];
        found += (x.x != y.x) | (x.y != y.y) | (x.z != y.z) | (x.w != y.w);
    }
    if (found) add_atomic(different, found);
}

// Clock of one multiprocessor over the device's nanosecond timer, for the throttle rule:
// out[0] cycles, out[1] nanoseconds.
KERNEL clock_rate(u64* out, u32 rounds) {
    if (threadIdx.x != 0 || blockIdx.x != 0) return;
    u64 c = clock_sm(), t = clock_ns();
    float x = (float)t;
    for (u32 i = 0; i < rounds; i++) x = x * 1.0001f + 1.0f;
    // The loop ends before the clocks are read again, not some time later.
    keep(x);
    out[0] = clock_sm() - c;
    out[1] = clock_ns() - t;
}

// Nothing, for the cost of a launch.
KERNEL nothing() {}

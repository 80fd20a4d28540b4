// Names and primitives shared by every kernel. Header-free: NVRTC has no CUDA headers beside it.
// With WB_HOST the primitives come from a host emulation instead (tests/emulator).
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifndef WB_HOST
#define KERNEL extern "C" __global__ void
#define DEVICE static __device__ __forceinline__
#define SHARED __shared__

struct alignas(16) Vec16 { u32 x, y, z, w; };

DEVICE float exp2_(float x) { float y; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
DEVICE float log2_(float x) { float y; asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x)); return y; }
DEVICE float as_float(u32 bits) { return __uint_as_float(bits); }
DEVICE u32 as_bits(float x) { return __float_as_uint(x); }
DEVICE float shuffle_xor(float x, int mask) { return __shfl_xor_sync(0xffffffffu, x, mask); }

// Two floats as bf16, nearest even; the first in the low half.
DEVICE u32 pack_bf16(float low, float high) {
    u32 out;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
    return out;
}

// D = A·B + D over one warp: A 16×16 row-major, B 16×8 column-major, bf16; D 16×8 f32.
DEVICE void mma_bf16(float* d, const u32* a, const u32* b) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// 16 bytes from global to shared memory, in the background.
DEVICE void copy_async16(void* shared, const void* global) {
    u32 to = (u32)__cvta_generic_to_shared(shared);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(global));
}
DEVICE void wait_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }
DEVICE void add_atomic(u32* at, u32 n) { atomicAdd(at, n); }
DEVICE void keep(float x) { asm volatile("" ::"f"(x) : "memory"); }
DEVICE u64 clock_sm() { return clock64(); }
DEVICE u64 clock_ns() { u64 t; asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t)); return t; }
#endif

DEVICE float from_bf16(u16 x) { return as_float((u32)x << 16); }
DEVICE u16 to_bf16(float x) { return (u16)(pack_bf16(x, 0.0f) & 0xffffu); }
#define NEG_INF as_float(0xff800000u)

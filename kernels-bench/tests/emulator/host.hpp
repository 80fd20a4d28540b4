// A host emulation of what the kernels use: blocks of threads run one after another, their threads as
// threads of the system, warps meet at barriers. mma.sync is computed from the fragment layout that
// the PTX manual gives, so a wrong layout in a kernel gives wrong numbers here.
#pragma once
#include <atomic>
#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>
#define WB_HOST
#define KERNEL static void
#define DEVICE static inline
#define SHARED static
#define __syncthreads() emu::block->arrive_and_wait()

struct Dim { unsigned x = 1, y = 1, z = 1; };
static thread_local Dim threadIdx, blockIdx;
static Dim blockDim, gridDim;
struct alignas(16) Vec16 { uint32_t x, y, z, w; };
using std::max;
using std::min;

namespace emu {
static std::barrier<>* block;
struct Warp {
    std::barrier<> meet{32};
    float f[32];
    uint32_t a[32][4], b[32][2];
};
static Warp* warps;
static Warp& warp() { return warps[threadIdx.x / 32]; }
static int lane() { return threadIdx.x % 32; }

// Kernels return early as whole blocks only, so every barrier is met by all.
static void launch(Dim grid, unsigned threads, const std::function<void()>& kernel) {
    gridDim = grid;
    blockDim = Dim{threads, 1, 1};
    std::barrier<> all(threads);
    block = &all;
    std::vector<Warp> w((threads + 31) / 32);
    warps = w.data();
    std::vector<std::thread> pool;
    for (unsigned i = 0; i < threads; i++)
        pool.emplace_back([&, i] {
            threadIdx = Dim{i, 0, 0};
            for (unsigned z = 0; z < grid.z; z++)
                for (unsigned y = 0; y < grid.y; y++)
                    for (unsigned x = 0; x < grid.x; x++) {
                        blockIdx = Dim{x, y, z};
                        kernel();
                        all.arrive_and_wait();
                    }
        });
    for (auto& t : pool) t.join();
}
}  // namespace emu

static inline float as_float(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline uint32_t as_bits(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
static inline float exp2_(float x) { return exp2f(x); }
static inline float log2_(float x) { return log2f(x); }
static inline uint32_t round16(float x) {
    uint32_t b = as_bits(x);
    if (x != x) return (b >> 16) | 0x40;
    return (b + 0x7fff + ((b >> 16) & 1)) >> 16;
}
static inline uint32_t pack_bf16(float low, float high) { return round16(low) | round16(high) << 16; }
static inline float shuffle_xor(float x, int mask) {
    auto& w = emu::warp();
    w.f[emu::lane()] = x;
    w.meet.arrive_and_wait();
    float y = w.f[emu::lane() ^ mask];
    w.meet.arrive_and_wait();
    return y;
}
static inline float half_of(uint32_t pair, int i) { return as_float(i ? pair & 0xffff0000u : pair << 16); }

// PTX ISA, "Matrix fragments for mma.m16n8k16 with floating point type": with g = lane/4, t = lane%4,
// A register i holds row g + 8·(i%2), columns 2t + 8·(i/2) and the next; B register i holds rows
// 2t + 8·i and the next, column g; D element i is row g + 8·(i/2), column 2t + i%2.
static inline void mma_bf16(float* d, const uint32_t* a, const uint32_t* b) {
    auto& w = emu::warp();
    int lane = emu::lane();
    memcpy(w.a[lane], a, 16);
    memcpy(w.b[lane], b, 8);
    w.meet.arrive_and_wait();
    for (int i = 0; i < 4; i++) {
        int row = lane / 4 + 8 * (i / 2), col = 2 * (lane % 4) + i % 2;
        float sum = d[i];
        for (int k = 0; k < 16; k++) {
            uint32_t x = w.a[row % 8 * 4 + k % 8 / 2][row / 8 + 2 * (k / 8)];
            uint32_t y = w.b[col * 4 + k % 8 / 2][k / 8];
            sum += half_of(x, k % 2) * half_of(y, k % 2);
        }
        d[i] = sum;
    }
    w.meet.arrive_and_wait();
}
static inline void copy_async16(void* to, const void* from) { memcpy(to, from, 16); }
static inline void wait_copies() {}
static inline void add_atomic(uint32_t* at, uint32_t n) { std::atomic_ref<uint32_t>(*at) += n; }
static inline void keep(float) {}
static inline uint64_t clock_sm() { return 0; }
static inline uint64_t clock_ns() { return 0; }

// Inputs and outputs: files of raw values.
template <class T> static std::vector<T> load(const char* dir, const char* name) {
    std::string path = std::string(dir) + "/" + name;
    FILE* f = fopen(path.c_str(), "rb");
    if (!f) { fprintf(stderr, "cannot open %s\n", path.c_str()); exit(2); }
    fseek(f, 0, SEEK_END);
    std::vector<T> out(ftell(f) / sizeof(T));
    rewind(f);
    if (fread(out.data(), sizeof(T), out.size(), f) != out.size()) exit(2);
    fclose(f);
    return out;
}
template <class T> static void save(const char* dir, const char* name, const std::vector<T>& v) {
    std::string path = std::string(dir) + "/" + name;
    FILE* f = fopen(path.c_str(), "wb");
    if (!f || fwrite(v.data(), sizeof(T), v.size(), f) != v.size()) exit(2);
    fclose(f);
}

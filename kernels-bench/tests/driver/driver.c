// A libcuda whose device is the host: memory is the allocator's, copies are memcpy, kernels that only
// move bytes are run as loops, and all others do nothing. It checks what a driver would: a stream that
// is not the default one, a context that is current, copies that stay inside allocations, and that
// everything is given back. WB_FAIL names a call that fails with code 2 (out of memory), from its
// WB_FAIL_FROM-th time on.
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint64_t u64;
typedef uint32_t u32;
enum { OK = 0, INVALID = 1, OUT_OF_MEMORY = 2, NO_CONTEXT = 201 };

static void complain(const char* what) { fprintf(stdout, "DRIVER %s\n", what); fflush(stdout); }

static int fails(const char* call) {
    static int seen;
    const char *name = getenv("WB_FAIL"), *from = getenv("WB_FAIL_FROM");
    if (!name || strcmp(name, call)) return 0;
    return ++seen >= (from ? atoi(from) : 1);
}
#define MAY_FAIL if (fails(__func__)) return OUT_OF_MEMORY
#define NEEDS_CONTEXT if (!current) { complain("no context is current"); return NO_CONTEXT; }
#define NEEDS_STREAM(s) if (!s) { complain("the default stream"); return INVALID; }

static int retained, streams, events, modules;
static int current;

// Allocations, to know what may be touched.
static struct { char* at; size_t n; } held[4096];
static int held_count;
static int give(size_t n, void** out) {
    if (held_count == 4096) return OUT_OF_MEMORY;
    char* at = aligned_alloc(256, (n + 255) / 256 * 256);
    if (!at) return OUT_OF_MEMORY;
    held[held_count].at = at;
    held[held_count++].n = n;
    *out = at;
    return OK;
}
static int take_back(void* at) {
    for (int i = 0; i < held_count; i++)
        if (held[i].at == at) {
            free(at);
            held[i] = held[--held_count];
            return OK;
        }
    complain("freed twice, or never allocated");
    return INVALID;
}
static int inside(const void* at, size_t n) {
    for (int i = 0; i < held_count; i++)
        if ((char*)at >= held[i].at && (char*)at + n <= held[i].at + held[i].n) return 1;
    return 0;
}
static void reach(const void* at, size_t n) { if (!inside(at, n)) complain("reaches outside of device memory"); }

__attribute__((destructor)) static void given_back(void) {
    if (held_count || streams || events || modules || retained)
        fprintf(stdout, "DRIVER kept %d allocations, %d streams, %d events, %d modules, %d contexts\n",
                held_count, streams, events, modules, retained);
}

int cuInit(unsigned f) { return f; }
int cuDriverGetVersion(int* v) { *v = atoi(getenv("WB_VERSION") ? getenv("WB_VERSION") : "13000"); return OK; }
int cuDeviceGet(int* d, int i) { *d = i; return OK; }
int cuDeviceGetCount(int* n) { *n = 1; return OK; }
int cuDeviceGetName(char* s, int n, int d) { snprintf(s, n, "Host %d", d); return OK; }
int cuDeviceGetPCIBusId(char* s, int n, int d) { snprintf(s, n, "0000:00:0%d.0", d); return OK; }
int cuDeviceTotalMem_v2(size_t* n, int d) { (void)d; *n = 1ull << 34; return OK; }
int cuDeviceGetAttribute(int* v, int a, int d) {
    (void)d;
    *v = a == 75 ? 9 : a == 76 ? 0 : a == 16 ? 4 : a == 38 ? 1 << 16 : 0;
    return OK;
}
int cuDevicePrimaryCtxRetain(void** c, int d) { MAY_FAIL; (void)d; retained++; *c = &retained; return OK; }
int cuDevicePrimaryCtxRelease_v2(int d) { (void)d; retained--; return OK; }
int cuCtxSetCurrent(void* c) { current = c != 0; return OK; }
int cuMemAlloc_v2(u64* at, size_t n) { NEEDS_CONTEXT; MAY_FAIL; void* p; int e = give(n, &p); *at = (u64)p; return e; }
int cuMemFree_v2(u64 at) { return take_back((void*)at); }
int cuMemHostAlloc(void** at, size_t n, unsigned f) { (void)f; NEEDS_CONTEXT; MAY_FAIL; return give(n, at); }
int cuMemFreeHost(void* at) { return take_back(at); }
int cuMemHostGetDevicePointer_v2(u64* out, void* at, unsigned f) { (void)f; *out = (u64)at; return inside(at, 1) ? OK : INVALID; }
int cuMemsetD8Async(u64 at, unsigned char b, size_t n, void* s) { NEEDS_STREAM(s); reach((void*)at, n); memset((void*)at, b, n); return OK; }
int cuMemcpyHtoDAsync_v2(u64 to, const void* from, size_t n, void* s) { NEEDS_STREAM(s); MAY_FAIL; reach((void*)to, n); memcpy((void*)to, from, n); return OK; }
int cuMemcpyDtoHAsync_v2(void* to, u64 from, size_t n, void* s) { NEEDS_STREAM(s); reach((void*)from, n); memcpy(to, (void*)from, n); return OK; }
int cuMemcpyDtoDAsync_v2(u64 to, u64 from, size_t n, void* s) { NEEDS_STREAM(s); reach((void*)to, n); reach((void*)from, n); memcpy((void*)to, (void*)from, n); return OK; }
int cuStreamCreate(void** s, unsigned f) { MAY_FAIL; (void)f; streams++; *s = malloc(1); return OK; }
int cuStreamDestroy_v2(void* s) { streams--; free(s); return OK; }
int cuStreamSynchronize(void* s) { NEEDS_STREAM(s); MAY_FAIL; return OK; }

typedef struct { struct timespec at; unsigned flags; } Event;
int cuEventCreate(void** e, unsigned f) { MAY_FAIL; events++; Event* made = calloc(1, sizeof(Event)); made->flags = f; *e = made; return OK; }
int cuEventDestroy_v2(void* e) { events--; free(e); return OK; }
int cuEventRecord(void* e, void* s) { NEEDS_STREAM(s); clock_gettime(CLOCK_MONOTONIC, &((Event*)e)->at); return OK; }
int cuEventElapsedTime_v2(float* ms, void* a, void* b) {
    Event *x = a, *y = b;
    if ((x->flags | y->flags) & 2) { complain("an event without timing"); return INVALID; }
    *ms = (y->at.tv_sec - x->at.tv_sec) * 1e3f + (y->at.tv_nsec - x->at.tv_nsec) * 1e-6f;
    return OK;
}
int cuModuleLoadData(void** m, const void* image) { (void)image; MAY_FAIL; modules++; *m = malloc(1); return OK; }
int cuModuleUnload(void* m) { modules--; free(m); return OK; }

static const char* names[] = {"copy_list", "count_different", "clock_rate", "paged_gather", "paged_scatter", "copy16"};
int cuModuleGetFunction(void** f, void* m, const char* name) {
    (void)m;
    *f = (void*)64;
    for (int i = 0; i < 6; i++) if (!strcmp(name, names[i])) *f = (void*)(intptr_t)(i + 1);
    return OK;
}
int cuLaunchKernel(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void* s, void** p, void** extra) {
    (void)by, (void)bz, (void)shared, (void)extra;
    NEEDS_STREAM(s);
    if (!gx || !gy || !gz || !bx || bx > 1024 || gy > 65535 || gz > 65535) { complain("a grid that cannot be"); return INVALID; }
#define P(i) (*(u64*)p[i])
#define N(i) (*(u32*)p[i])
    switch ((intptr_t)f) {
    case 1: {  // copy_list(dst, src, to, from, count, each)
        u64 *to = (u64*)P(2), *from = (u64*)P(3);
        size_t each = (size_t)N(5) * 16;
        for (u32 i = 0; i < N(4); i++) {
            char *d = (char*)P(0) + to[i] * 16, *c = (char*)P(1) + from[i] * 16;
            reach(d, each), reach(c, each), memcpy(d, c, each);
        }
        return OK;
    }
    case 2: {  // count_different(a, b, n, different)
        char *a = (char*)P(0), *b = (char*)P(1);
        reach(a, P(2) * 16), reach(b, P(2) * 16);
        u32 n = 0;
        for (u64 i = 0; i < P(2); i++) n += memcmp(a + i * 16, b + i * 16, 16) != 0;
        *(u32*)P(3) += n;
        return OK;
    }
    case 3:  // clock_rate(out, rounds)
        ((u64*)P(0))[0] = 1000, ((u64*)P(0))[1] = 1000;
        return OK;
    case 4: {  // paged_gather(out, pool, table, blocks, page)
        size_t page = (size_t)N(4) * 16;
        for (u32 b = 0; b < N(3); b++) {
            char *d = (char*)P(0) + b * page, *c = (char*)P(1) + ((int*)P(2))[b] * page;
            reach(d, page), reach(c, page), memcpy(d, c, page);
        }
        return OK;
    }
    case 5: {  // paged_scatter(pool, rows, slots, tokens, row)
        size_t row = (size_t)N(4) * 16;
        for (u32 t = 0; t < N(3); t++) {
            char *d = (char*)P(0) + ((u64*)P(2))[t] * row, *c = (char*)P(1) + t * row;
            reach(d, row), reach(c, row), memcpy(d, c, row);
        }
        return OK;
    }
    case 6:  // copy16(dst, src, n)
        reach((char*)P(0), P(2) * 16), reach((char*)P(1), P(2) * 16);
        memcpy((char*)P(0), (char*)P(1), P(2) * 16);
        return OK;
    }
    return OK;
}

typedef struct { int order; int locations[4]; unsigned flags; } Attributes;
static int batch(u64* to, u64* from, size_t* n, size_t count, Attributes* a, size_t* first, size_t kinds, void* s) {
    NEEDS_STREAM(s);
    if (kinds != 1 || first[0] != 0 || a->order != 3) { complain("attributes that do not cover the batch"); return INVALID; }
    // Copies of a batch have no order: backwards is as good.
    for (size_t i = count; i-- > 0;) memcpy((void*)to[i], (void*)from[i], n[i]);
    return OK;
}
#ifdef BATCH_2
int cuMemcpyBatchAsync_v2(u64* to, u64* from, size_t* n, size_t count, void* a, size_t* first, size_t kinds, void* s) {
    return batch(to, from, n, count, a, first, kinds, s);
}
#endif
#ifdef BATCH_1
int cuMemcpyBatchAsync(u64* to, u64* from, size_t* n, size_t count, void* a, size_t* first, size_t kinds, size_t* failed, void* s) {
    *failed = (size_t)-1;
    return batch(to, from, n, count, a, first, kinds, s);
}
#endif

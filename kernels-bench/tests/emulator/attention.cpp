// Runs attention and merge_parts on inputs from a folder; sizes come on the command line.
#include <string>
#include "host.hpp"
#include KERNELS

int main(int, char** argv) {
    const char* dir = argv[1];
    int q_heads = atoi(argv[2]), kv_heads = atoi(argv[3]), block = atoi(argv[4]), causal = atoi(argv[5]), splits = atoi(argv[6]);
    auto q = load<u16>(dir, "q"), k = load<u16>(dir, "k"), v = load<u16>(dir, "v");
    auto table = load<int>(dir, "table"), q_start = load<int>(dir, "q_start"), kv_len = load<int>(dir, "kv_len");
    int requests = (int)kv_len.size(), tokens = q_start.back(), most = 0;
    for (int r = 0; r < requests; r++) most = max(most, q_start[r + 1] - q_start[r]);
    u64 rows = (u64)tokens * q_heads;
    // Poisoned: what is not written shows.
    std::vector<float> part(splits * rows * D, NAN), part_lse(splits * rows, NAN), lse(rows, NAN);
    std::vector<u16> out(rows * D, 0xffff);
    Args a{q.data(), k.data(), v.data(), table.data(), q_start.data(), kv_len.data(), part.data(), part_lse.data(),
           tokens, q_heads, kv_heads, block, (int)table.size() / requests, causal, 1.44269504f / sqrtf(D)};
    unsigned tiles = (most * (q_heads / kv_heads) + ROWS - 1) / ROWS;
    emu::launch(Dim{tiles, (unsigned)(requests * kv_heads), (unsigned)splits}, 128, [&] { attention(a); });
    unsigned warps = 4;
    emu::launch(Dim{(unsigned)((rows + warps - 1) / warps), 1, 1}, warps * 32, [&] {
        merge_parts(out.data(), lse.data(), part.data(), part_lse.data(), splits, rows, D);
    });
    save(dir, "out", out);
    save(dir, "lse", lse);
}

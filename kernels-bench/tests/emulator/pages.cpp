// Runs the copy and page kernels on inputs from a folder.
#include <string>
#include "host.hpp"
#include KERNELS

int main(int, char** argv) {
    const char* dir = argv[1];
    u32 block = atoi(argv[2]), tokens = atoi(argv[3]);
    auto table = load<int>(dir, "table");
    auto pool = load<u8>(dir, "pool"), fp8 = load<u8>(dir, "fp8");
    auto slots = load<u64>(dir, "slots"), from = load<u64>(dir, "from"), to = load<u64>(dir, "to");
    u32 blocks = table.size(), page = 16 * block / 16;
    std::vector<u8> out(blocks * page * 16, 0xaa), list(pool.size(), 0xaa), scattered(pool.size(), 0xaa);
    std::vector<u16> latent(tokens * 576, 0xffff);
    std::vector<u32> different(2, 0);
    auto vec = [](std::vector<u8>& v) { return (Vec16*)v.data(); };
    emu::launch(Dim{3, 1, 1}, 32, [&] { paged_gather(vec(out), vec(pool), table.data(), blocks, page); });
    emu::launch(Dim{2, 1, 1}, 32, [&] { paged_scatter(vec(scattered), vec(pool), slots.data(), slots.size(), 1); });
    emu::launch(Dim{2, 1, 1}, 32, [&] { copy_list(vec(list), vec(pool), to.data(), from.data(), to.size(), 2); });
    emu::launch(Dim{2, 1, 1}, 64, [&] { mla_gather_fp8(latent.data(), fp8.data(), table.data(), tokens, block); });
    auto changed = pool;
    changed[33] ^= 1;
    changed[40] ^= 1;
    changed[640] ^= 1;
    emu::launch(Dim{2, 1, 1}, 32, [&] { count_different(vec(pool), vec(changed), pool.size() / 16, &different[0]); });
    emu::launch(Dim{2, 1, 1}, 32, [&] { count_different(vec(pool), vec(pool), pool.size() / 16, &different[1]); });
    save(dir, "out", out);
    save(dir, "list", list);
    save(dir, "scattered", scattered);
    save(dir, "latent", latent);
    save(dir, "different", different);
}

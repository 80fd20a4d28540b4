// Runs merge_two, copy16 and mma_peak on inputs from a folder; sizes come on the command line.
#include <string>
#include "host.hpp"
#include KERNELS

int main(int, char** argv) {
    const char* dir = argv[1];
    u32 rows = atoi(argv[2]), width = atoi(argv[3]);
    auto va = load<u16>(dir, "va"), vb = load<u16>(dir, "vb");
    auto la = load<float>(dir, "la"), lb = load<float>(dir, "lb");
    std::vector<u16> out(rows * width, 0xffff), copied(va.size(), 0xaaaa);
    std::vector<float> lse(rows, NAN), sums(64, NAN);
    u32 warps = 4;
    emu::launch(Dim{(rows + warps - 1) / warps, 1, 1}, warps * 32, [&] {
        merge_two(out.data(), lse.data(), va.data(), la.data(), vb.data(), lb.data(), rows, width);
    });
    emu::launch(Dim{3, 1, 1}, 32, [&] { copy16((Vec16*)copied.data(), (const Vec16*)va.data(), va.size() / 8); });
    emu::launch(Dim{1, 1, 1}, 64, [&] { mma_peak(sums.data(), 20, 12345); });
    save(dir, "out", out);
    save(dir, "lse", lse);
    save(dir, "copied", copied);
    save(dir, "sums", sums);
}

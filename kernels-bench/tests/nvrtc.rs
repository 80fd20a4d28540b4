//! Every kernel is compiled and assembled for three architectures, and none spills. Needs NVRTC but no
//! GPU: `pip install nvidia-cuda-nvrtc` and `WEIGHBRIDGE_NVRTC=<its lib folder>`.
#![cfg(feature = "cuda")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says why it is skipped"
)]

use weighbridge_kernels::gpu::kernels::SOURCES;
use weighbridge_kernels::gpu::{Compiler, resources};

#[test]
fn kernels_assemble_for_every_architecture_without_spills() {
    let Some(compiler) = Compiler::find(None) else {
        println!("skipped: no NVRTC; set WEIGHBRIDGE_NVRTC to the folder of libnvrtc.so");
        return;
    };
    println!("{}", compiler.name());
    for source in SOURCES {
        for cc in [80, 90, 100] {
            let cubin = compiler.compile(source.name, &source.text(), cc).unwrap();
            let used = resources(&cubin);
            println!("sm_{cc} {used:?}");
            for kernel in source.kernels {
                let found = used.iter().find(|r| r.kernel == *kernel).unwrap();
                assert_eq!(found.local_bytes, 0, "{kernel} spills on sm_{cc}");
                assert!(found.registers <= 255);
            }
        }
    }
}

#[test]
fn an_old_architecture_is_refused_by_the_assembler() {
    let Some(compiler) = Compiler::find(None) else {
        println!("skipped: no NVRTC");
        return;
    };
    let source = SOURCES.iter().find(|s| s.name == "attention").unwrap();
    // bf16 products need sm_80: proof that inline instructions are assembled, not only parsed.
    let error = compiler
        .compile(source.name, &source.text(), 75)
        .unwrap_err();
    assert!(error.to_string().contains("sm_75"), "{error}");
}

#[test]
fn local_memory_is_seen() {
    let Some(compiler) = Compiler::find(None) else {
        println!("skipped: no NVRTC");
        return;
    };
    // An array indexed by data cannot live in registers.
    let source = "extern \"C\" __global__ void spills(int* p) { int a[512]; \
         for (int i = 0; i < 512; i++) a[p[i] & 511] = i; p[0] = a[p[1] & 511] + a[p[2] & 511]; }";
    let cubin = compiler.compile("spills", source, 90).unwrap();
    let used = resources(&cubin);
    assert!(
        used[0].kernel == "spills" && used[0].local_bytes >= 256,
        "{used:?}"
    );
}

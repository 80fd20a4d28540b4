//! Every kernel is compiled and assembled for three architectures, and none spills. Needs NVRTC but no
//! GPU: `pip install nvidia-cuda-nvrtc` and `WEIGHBRIDGE_NVRTC=<its lib folder>`.
#![cfg(feature = "cuda")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says why it is skipped")]

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
    let error = compiler.compile(source.name, &source.text(), 75).unwrap_err();
    assert!(error.to_string().contains("sm_75"), "{error}");
}

//! What a cubin's kernels use: registers and local memory, read from the file itself.
//!
//! A cubin is an ELF file. Attributes of its kernels lie in sections `.nv.info.<kernel>` and
//! `.nv.info` as a list of (format, attribute, length or value); frame sizes there are local memory,
//! which is where spilled registers go.

/// Use of one kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// Kernel name.
    pub kernel: String,
    /// Registers of a thread.
    pub registers: u32,
    /// Local memory of a thread, bytes; spills and indexed arrays.
    pub local_bytes: u32,
}

/// `EIATTR_MIN_STACK_SIZE` and `EIATTR_FRAME_SIZE` and `EIATTR_REGCOUNT`: each a (symbol, value) pair.
const FRAME_SIZE: u8 = 0x11;
const REGCOUNT: u8 = 0x2f;
/// Format of attributes with a length and that many bytes.
const SIZED: u8 = 0x04;

/// Every kernel of a cubin, in symbol order; nothing if this is no 64-bit ELF file.
pub fn resources(cubin: &[u8]) -> Vec<Resources> {
    read(cubin).unwrap_or_default()
}

fn read(cubin: &[u8]) -> Option<Vec<Resources>> {
    if cubin.get(..5)? != b"\x7fELF\x02" {
        return None;
    }
    let sections = sections(cubin)?;
    let find = |name: &str| sections.iter().find(|s| s.name == name).map(|s| s.bytes);
    let symbols = symbols(find(".symtab")?, find(".strtab")?)?;
    let info = find(".nv.info")?;
    let mut out: Vec<Resources> = Vec::new();
    let mut at = 0;
    while at + 4 <= info.len() {
        let (format, attribute) = (info[at], info[at + 1]);
        let value = u16_at(info, at + 2)?;
        at += 4;
        if format != SIZED {
            continue;
        }
        let body = info.get(at..at + usize::from(value))?;
        at += usize::from(value);
        if (attribute == FRAME_SIZE || attribute == REGCOUNT) && body.len() >= 8 {
            let kernel = symbols.get(u32_at(body, 0)? as usize)?.clone();
            note(&mut out, kernel, attribute, u32_at(body, 4)?);
        }
    }
    out.sort_by(|a, b| a.kernel.cmp(&b.kernel));
    Some(out)
}

fn note(out: &mut Vec<Resources>, kernel: String, attribute: u8, value: u32) {
    let at = out
        .iter()
        .position(|r| r.kernel == kernel)
        .unwrap_or_else(|| {
            out.push(Resources {
                kernel,
                registers: 0,
                local_bytes: 0,
            });
            out.len() - 1
        });
    match attribute {
        FRAME_SIZE => out[at].local_bytes = value,
        _ => out[at].registers = value,
    }
}

struct Section<'a> {
    name: String,
    bytes: &'a [u8],
}

/// Section headers of a little-endian 64-bit ELF file.
fn sections(elf: &[u8]) -> Option<Vec<Section<'_>>> {
    let table = u64_at(elf, 0x28)? as usize;
    let size = usize::from(u16_at(elf, 0x3A)?);
    let count = usize::from(u16_at(elf, 0x3C)?);
    let names = usize::from(u16_at(elf, 0x3E)?);
    let content = |i: usize| -> Option<&[u8]> {
        let header = elf.get(table + i * size..)?;
        let (offset, length) = (
            u64_at(header, 0x18)? as usize,
            u64_at(header, 0x20)? as usize,
        );
        // Sections without bits in the file have no content.
        Some(elf.get(offset..offset + length).unwrap_or_default())
    };
    let strings = content(names)?;
    let section = |i: usize| -> Option<Section<'_>> {
        let name = u32_at(elf, table + i * size)? as usize;
        Some(Section {
            name: text(strings, name)?,
            bytes: content(i)?,
        })
    };
    (0..count).map(section).collect()
}

/// Names by symbol index.
fn symbols(table: &[u8], strings: &[u8]) -> Option<Vec<String>> {
    table
        .chunks_exact(24)
        .map(|entry| text(strings, u32_at(entry, 0)? as usize))
        .collect()
}

fn text(strings: &[u8], at: usize) -> Option<String> {
    let rest = strings.get(at..)?;
    let end = rest.iter().position(|b| *b == 0)?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_cubin_has_no_kernels() {
        assert!(resources(b"").is_empty());
        assert!(resources(b"\x7fELF\x02 cut short").is_empty());
    }
}

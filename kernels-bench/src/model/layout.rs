//! How KV lies in host memory, and how many copies a fetch therefore takes.

use serde::{Deserialize, Serialize};

use super::ModelShape;

/// Order of the axes of a host KV pool, slowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Layer, part (K or V), block: the layout of the device pool; one copy for each layer, part and
    /// run of adjacent blocks.
    LayerFirst,
    /// Block, layer, part: all layers of a block lie together; one copy a block, but rearranged into
    /// the device's layout by whoever copies.
    PageFirst,
    /// Block, part, layer: as page-first, with K and V of all layers apart.
    PageFirstDirect,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 3] = [Self::LayerFirst, Self::PageFirst, Self::PageFirstDirect];

    /// Name as in the record file.
    pub fn name(self) -> &'static str {
        match self {
            Self::LayerFirst => "layer_first",
            Self::PageFirst => "page_first",
            Self::PageFirstDirect => "page_first_direct",
        }
    }
}

/// The copies of one fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// How many.
    pub count: u64,
    /// Bytes of each.
    pub bytes: u64,
}

/// Copies needed to bring `blocks` scattered blocks of `block` tokens to the device.
pub fn descriptors(shape: &ModelShape, layout: Layout, block: u64, blocks: u64) -> Descriptors {
    let page = shape.page_bytes(block);
    let layers = u64::from(shape.layers);
    match layout {
        Layout::LayerFirst => Descriptors {
            count: blocks * layers * shape.parts(),
            bytes: page,
        },
        Layout::PageFirst => Descriptors {
            count: blocks,
            bytes: page * layers * shape.parts(),
        },
        Layout::PageFirstDirect => Descriptors {
            count: blocks * shape.parts(),
            bytes: page * layers,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_32k_hit_of_an_8b_model() {
        let shape = ModelShape::preset("llama3-8b").unwrap();
        let d = descriptors(&shape, Layout::LayerFirst, 16, 2048);
        assert_eq!(
            d,
            Descriptors {
                count: 131_072,
                bytes: 32 << 10
            }
        );
        let d = descriptors(&shape, Layout::PageFirst, 16, 2048);
        assert_eq!(
            d,
            Descriptors {
                count: 2048,
                bytes: 2 << 20
            }
        );
    }

    #[test]
    fn every_layout_moves_the_same_bytes() {
        for shape in crate::model::presets() {
            let want = shape.kv_bytes_per_token * 64 * 10;
            for layout in Layout::ALL {
                let d = descriptors(&shape, layout, 64, 10);
                assert_eq!(d.count * d.bytes, want, "{} {layout:?}", shape.name);
            }
        }
    }
}

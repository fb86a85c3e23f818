//! Bodies in gzip, in blocks that are stored and not compressed: a client cannot tell, and it needs no library.

const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The text as one member of gzip (RFC 1952).
pub fn pack(text: &[u8]) -> Vec<u8> {
    let mut packed = HEADER.to_vec();
    let mut blocks = text.chunks(usize::from(u16::MAX)).peekable();
    if blocks.peek().is_none() {
        packed.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        packed.push(u8::from(blocks.peek().is_none()));
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(&(!length).to_le_bytes());
        packed.extend_from_slice(block);
    }
    packed.extend_from_slice(&checksum(text).to_le_bytes());
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    packed.extend_from_slice(&length.to_le_bytes());
    packed
}

/// CRC-32 as gzip has it.
fn checksum(text: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|byte| {
        let start = u32::try_from(byte).unwrap_or_default();
        (0..8).fold(start, |value, _| {
            (value >> 1) ^ (0xedb8_8320 & (value & 1).wrapping_neg())
        })
    });
    let sum = text.iter().fold(u32::MAX, |sum, byte| {
        let [low, ..] = sum.to_le_bytes();
        (sum >> 8) ^ table[usize::from(low ^ byte)]
    });
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_text_has_its_checksum_and_length() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        let text = vec![b'x'; 70_000];
        let packed = pack(&text);
        assert_eq!(packed.len(), 10 + 2 * 5 + 70_000 + 8);
        assert_eq!((packed[10], packed[10 + 5 + 65_535]), (0, 1));
        assert_eq!(packed[packed.len() - 4..], 70_000_u32.to_le_bytes());
        assert_eq!(pack(b"").len(), 23);
    }
}

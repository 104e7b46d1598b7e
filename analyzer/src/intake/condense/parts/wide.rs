//! One pass for all parts of words at once, on processors that look up 128 bytes in one instruction
//! (AVX-512 VBMI: Intel since Ice Lake, AMD since Zen 4). It tells bytes apart exactly, where the search that
//! every processor can do sees only halves of them: all parts fit into its eight groups.

use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_loadu_si512, _mm512_movepi8_mask, _mm512_permutex2var_epi8,
    _mm512_test_epi8_mask,
};

/// Bytes of a part that are looked at.
const LOOK_BYTES: usize = 5;
/// Places that are looked at in one step.
const STEP: usize = 64;
/// Bytes that a step reads.
const WINDOW: usize = STEP + LOOK_BYTES - 1;
/// Groups of parts: the bits of a byte.
pub(super) const GROUPS: usize = 8;
/// Bytes that number a part's slot: those of the shortest part.
const KEY_BYTES: usize = 3;
/// Slots, as a power of two: many more than parts, so that a place without a part seldom meets one.
const SLOT_BITS: u32 = 12;

/// A part, and where in it the bytes begin that are looked at.
pub(super) type Part = (&'static str, usize);

/// For each byte below 128 the groups with a part that has it.
type Table = [u8; 2 * STEP];

/// The search for a list of parts.
#[derive(Debug)]
pub(in super::super) struct Wide {
    /// One table for each byte that is looked at.
    tables: [Table; LOOK_BYTES],
    parts: Vec<Part>,
    /// Numbers of parts, from 1, by the first bytes that are looked at; who finds a slot taken goes on to
    /// the next.
    slots: Vec<u8>,
}

impl Wide {
    /// A search for fewer than 256 parts; `None` where this processor has not the instructions.
    pub(super) fn new(groups: &[&[Part]; GROUPS]) -> Option<Self> {
        let has = std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512vbmi");
        has.then(|| Self::of(groups))
    }

    fn of(groups: &[&[Part]; GROUPS]) -> Self {
        let mut wide = Self {
            tables: [[0; 2 * STEP]; LOOK_BYTES],
            parts: groups.concat(),
            slots: vec![0; 1 << SLOT_BITS],
        };
        let parts = groups.iter().enumerate();
        let parts = parts.flat_map(|(group, parts)| parts.iter().map(move |part| (group, part)));
        for (number, (group, (part, look))) in (1..=u8::MAX).zip(parts) {
            let bytes = part.as_bytes().get(*look..).unwrap_or_default();
            for (at, table) in wide.tables.iter_mut().enumerate() {
                // Behind the end of a short part anything may stand.
                let own = bytes.get(at);
                for (byte, groups) in (0..).zip(table) {
                    let fits = own.is_none_or(|own| *own == byte);
                    *groups |= u8::from(fits) << group;
                }
            }
            let free = slots_from(bytes).find(|slot| wide.slots.get(*slot) == Some(&0));
            if let Some(slot) = free.and_then(|slot| wide.slots.get_mut(slot)) {
                *slot = number;
            }
        }
        wide
    }

    /// The first of the places `from..to` where the bytes of a part begin that are looked at.
    pub(super) fn find(&self, bytes: &[u8], from: usize, to: usize) -> Option<usize> {
        #[expect(
            unsafe_code,
            reason = "the one call of instructions that not every processor has"
        )]
        // SAFETY: `new` gives a search only where the processor has them.
        unsafe {
            self.search(bytes, from, to)
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn search(&self, bytes: &[u8], from: usize, to: usize) -> Option<usize> {
        for at in (from..to).step_by(STEP) {
            let rest = bytes.get(at..).unwrap_or_default();
            let mut places = match rest.first_chunk() {
                Some(window) => self.places(window),
                None => {
                    let mut padded = [0; WINDOW];
                    padded
                        .iter_mut()
                        .zip(rest)
                        .for_each(|(to, from)| *to = *from);
                    self.places(&padded)
                }
            };
            while places != 0 {
                let place = at + places.trailing_zeros() as usize;
                if place < to && self.has_part(bytes, place) {
                    return Some(place);
                }
                places &= places - 1;
            }
        }
        None
    }

    /// The places of a window at which all bytes fit a part of one group, one bit each.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn places(&self, window: &[u8; WINDOW]) -> u64 {
        let [a, b, c, d, e] = &self.tables;
        let first = load(window, 0);
        let groups = _mm512_and_si512(look_up(a, first), look_up(b, load(window, 1)));
        let groups = _mm512_and_si512(groups, look_up(c, load(window, 2)));
        let groups = _mm512_and_si512(groups, look_up(d, load(window, 3)));
        // The tables are asked for seven bits of each byte; no part has one with the eighth.
        _mm512_test_epi8_mask(groups, look_up(e, load(window, 4))) & !_mm512_movepi8_mask(first)
    }

    /// Whether a part stands there whole.
    fn has_part(&self, bytes: &[u8], place: usize) -> bool {
        let here = bytes.get(place..).unwrap_or_default();
        slots_from(here)
            .map_while(|slot| {
                self.parts
                    .get(usize::from(*self.slots.get(slot)?).checked_sub(1)?)
            })
            .any(|(part, look)| {
                let start = place
                    .checked_sub(*look)
                    .and_then(|start| bytes.get(start..));
                start.is_some_and(|start| start.starts_with(part.as_bytes()))
            })
    }
}

/// The slots in which a part that begins with `bytes` may be, in their order.
fn slots_from(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let key = bytes
        .iter()
        .take(KEY_BYTES)
        .fold(0_u32, |key, byte| key << 8 | u32::from(*byte));
    // Knuth's multiplier: the upper bits depend on all bytes.
    let first = key.wrapping_mul(0x9E37_79B1) >> (u32::BITS - SLOT_BITS);
    (0..1 << SLOT_BITS).map(move |n| (first as usize + n) % (1 << SLOT_BITS))
}

/// Sixty-four bytes of a window.
#[target_feature(enable = "avx512f")]
fn load(window: &[u8; WINDOW], from: usize) -> __m512i {
    load_array(
        window
            .get(from..)
            .and_then(<[u8]>::first_chunk)
            .unwrap_or(&[0; STEP]),
    )
}

#[target_feature(enable = "avx512f")]
fn load_array(bytes: &[u8; STEP]) -> __m512i {
    #[expect(unsafe_code, reason = "the load takes an address")]
    // SAFETY: so many bytes lie there, and this load asks for no alignment.
    unsafe {
        _mm512_loadu_si512(bytes.as_ptr().cast())
    }
}

/// For each of the bytes what the table has of it.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn look_up(table: &Table, bytes: __m512i) -> __m512i {
    let (low, high) = table.split_at(STEP);
    let half = |half: &[u8]| load_array(half.first_chunk().unwrap_or(&[0; STEP]));
    _mm512_permutex2var_epi8(half(low), bytes, half(high))
}

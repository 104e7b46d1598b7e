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
        let mut at = from;
        while at < to {
            let (step, mut places) = self.next(bytes, at, to);
            while places != 0 {
                let place = step + places.trailing_zeros() as usize;
                if place < to && self.has_part(bytes, place) {
                    return Some(place);
                }
                places &= places - 1;
            }
            at = step + STEP;
        }
        None
    }

    /// The next step from `at` on that has places at which all bytes fit a part of one group, one bit
    /// each; none when there is no such step before `to`.
    // Alone, so that all tables stay in registers.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn next(&self, bytes: &[u8], at: usize, to: usize) -> (usize, u64) {
        let tables = self.tables.each_ref().map(|table| halves(table));
        let mut at = at;
        let mut rest = bytes.get(at..).unwrap_or_default();
        while let Some(window) = rest.first_chunk().filter(|_| at < to) {
            let places = places(&tables, window);
            if places != 0 {
                return (at, places);
            }
            at += STEP;
            rest = rest.get(STEP..).unwrap_or_default();
        }
        let mut padded = [0; WINDOW];
        let last = rest.iter().zip(&mut padded);
        last.for_each(|(from, to)| *to = *from);
        (at, places(&tables, &padded))
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

/// A table in two registers.
#[target_feature(enable = "avx512f")]
fn halves(table: &Table) -> [__m512i; 2] {
    let (low, high) = table.split_at(STEP);
    let half = |half: &[u8]| load(half.first_chunk().unwrap_or(&[0; STEP]));
    [half(low), half(high)]
}

/// The places of a window at which all bytes fit a part of one group.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn places(tables: &[[__m512i; 2]; LOOK_BYTES], window: &[u8; WINDOW]) -> u64 {
    let bytes = |from: usize| {
        let part = window.get(from..).and_then(<[u8]>::first_chunk);
        load(part.unwrap_or(&[0; STEP]))
    };
    // For each of the bytes what the table has of it; it is asked for seven bits.
    let look_up =
        |[low, high]: [__m512i; 2], from| _mm512_permutex2var_epi8(low, bytes(from), high);
    let [a, b, c, d, e] = *tables;
    let groups = _mm512_and_si512(look_up(a, 0), look_up(b, 1));
    let groups = _mm512_and_si512(groups, _mm512_and_si512(look_up(c, 2), look_up(d, 3)));
    // No part has a byte with the eighth bit.
    _mm512_test_epi8_mask(groups, look_up(e, 4)) & !_mm512_movepi8_mask(bytes(0))
}

#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; STEP]) -> __m512i {
    #[expect(unsafe_code, reason = "the load takes an address")]
    // SAFETY: so many bytes lie there, and this load asks for no alignment.
    unsafe {
        _mm512_loadu_si512(bytes.as_ptr().cast())
    }
}

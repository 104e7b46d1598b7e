//! How much address space a process gets, by asking the kernel for inaccessible pages at given places.
//!
//! The widths in `/proc/cpuinfo` are those of the paging hardware; old-world LoongArch prints 48
//! there and gives a process 40. Nothing is committed and nothing existing is replaced.

use std::ffi::c_void;

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use rustix::process::{Resource, getrlimit};
use serde_json::{Value, json};

use super::auxv;
use crate::item::Made;
use crate::visit::Visit;

/// Widest space of any architecture, and the narrowest worth asking for.
const BITS: std::ops::RangeInclusive<u32> = 32..=57;
/// Places that tell the 3 GiB and 2 GiB splits of 32-bit kernels apart.
const SPLITS: [u64; 2] = [0xb000_0000, 0x7000_0000];

/// What one place said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// The address is legal.
    Legal,
    /// The address is beyond the end.
    Beyond,
    /// Another error.
    Refused(i32),
}

/// `scene/address-space.json`.
pub fn entry(visit: &mut Visit) -> Vec<Made> {
    let page = rustix::param::page_size();
    let limit = getrlimit(Resource::As).current;
    let free = mapped_at(std::ptr::null_mut(), page, MapFlags::empty());
    let mut tried = Vec::new();
    let mut user_bits = None;
    for bits in BITS.rev() {
        let at = 1_u64 << (bits - 1);
        let answer = ask(at, page);
        tried.push(describe(u64::from(bits), at, answer));
        if answer == Answer::Legal {
            user_bits = Some(bits);
            break;
        }
    }
    let is_narrow = user_bits.is_none_or(|bits| bits <= 32);
    for at in SPLITS.into_iter().filter(|_| is_narrow) {
        let answer = ask(at, page);
        tried.push(describe(32, at, answer));
        if answer == Answer::Legal && user_bits.is_none() {
            user_bits = Some(32);
        }
    }
    // Without a hint the kernel places a page at the top of the default window, and the stack is
    // there too.
    let highest = free.unwrap_or(0).max(auxv::highest_address(visit));
    let default_bits = (highest > 0).then(|| u64::BITS - highest.leading_zeros());
    let value = json!({
        "user_bits": user_bits,
        "user_bytes": user_bits.map(|bits| 1_u64 << bits),
        "default_bits": default_bits,
        "default_bytes": default_bits.map(|bits| 1_u64 << bits),
        "highest_address_seen": format!("{highest:#x}"),
        "method": "mmap(2) of one PROT_NONE page at 2^(n-1) with MAP_FIXED_NOREPLACE",
        "tried": tried,
        "rlimit_as_bytes": limit,
        "limited_by_rlimit_as": free.is_err() && limit.is_some(),
    });
    vec![Made::json("scene/address-space.json", &value)]
}

fn describe(bits: u64, at: u64, answer: Answer) -> Value {
    let answer = match answer {
        Answer::Legal => "legal".to_owned(),
        Answer::Beyond => "beyond the end".to_owned(),
        Answer::Refused(errno) => format!("errno {errno}"),
    };
    json!({"bits": bits, "address": format!("{at:#x}"), "answer": answer})
}

fn ask(at: u64, page: usize) -> Answer {
    // A kernel before 4.17 takes the address as a hint: the place may be occupied, so a second one
    // is tried before it is called illegal.
    for at in [at, at + 16 * page as u64] {
        let Ok(place) = usize::try_from(at) else {
            return Answer::Beyond;
        };
        match mapped_at(
            std::ptr::without_provenance_mut(place),
            page,
            MapFlags::FIXED_NOREPLACE,
        ) {
            Ok(got) if got == at => return Answer::Legal,
            Ok(_) => {}
            Err(Errno::EXIST) => return Answer::Legal,
            Err(Errno::NOMEM | Errno::INVAL) => return Answer::Beyond,
            Err(other) => return Answer::Refused(other.raw_os_error()),
        }
    }
    Answer::Beyond
}

/// Maps one inaccessible page, gives its address, and unmaps it.
#[expect(
    unsafe_code,
    reason = "mmap(2); the page is never touched and MAP_FIXED is never used"
)]
fn mapped_at(hint: *mut c_void, page: usize, also: MapFlags) -> Result<u64, Errno> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | also;
    // SAFETY: PROT_NONE page at a place the kernel chooses or refuses; FIXED_NOREPLACE replaces nothing.
    let got = unsafe { mmap_anonymous(hint, page, ProtFlags::empty(), flags) }?;
    let address = got.addr() as u64;
    // SAFETY: exactly the page that was mapped above; nobody else knows it.
    unsafe { munmap(got, page) }?;
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_addresses_are_legal_and_the_highest_are_not() {
        let page = rustix::param::page_size();
        assert_eq!(ask(1 << 31, page), Answer::Legal);
        assert_ne!(ask(1 << 63, page), Answer::Legal);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn x86_has_at_least_47_bits() {
        assert_eq!(ask(1 << 46, rustix::param::page_size()), Answer::Legal);
    }
}

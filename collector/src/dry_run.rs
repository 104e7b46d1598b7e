//! What would be taken from this machine, without taking it.
use crate::host::Host;
use crate::plan::Plan;
use std::io;
/// Writes it.
///
/// # Errors
/// As `out`.
pub fn write(_host: Host, _plan: &Plan, _out: &mut dyn io::Write) -> io::Result<()> {
    Ok(())
}

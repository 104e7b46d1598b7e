//! Names of the machine and of its kernel.

use crate::item::Made;
use crate::visit::Visit;

/// `uname -a` of the running machine, one field a line.
pub fn uname(_: &mut Visit) -> Vec<Made> {
    let uname = rustix::system::uname();
    let mut text = String::new();
    let fields = [
        ("sysname", uname.sysname()),
        ("nodename", uname.nodename()),
        ("release", uname.release()),
        ("version", uname.version()),
        ("machine", uname.machine()),
    ];
    for (name, value) in fields {
        text.push_str(name);
        text.push('=');
        text.push_str(&value.to_string_lossy());
        text.push('\n');
    }
    vec![Made::captured("scene/uname", text.into_bytes())]
}

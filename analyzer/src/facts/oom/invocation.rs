//! The head of a report: who asked for memory, in which cpuset, on which kernel.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::prose;
use crate::facts::log::pattern::{number, owned, pattern, text};

/// `C invoked oom-killer: gfp_mask=…, order=…`: describes the task that asked, not the victim.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Invocation {
    /// Name of the thread that asked; empty where the line does not say.
    pub comm: String,
    /// Allocation flags in hexadecimal.
    pub gfp_mask: Option<String>,
    /// Allocation flags by name (Linux 4.6 and later).
    pub gfp_flags: Option<String>,
    /// 2^order contiguous pages; -1 for sysrq-f.
    pub order: Option<i64>,
    /// Adjustment of the one that asked.
    pub oom_score_adj: Option<i64>,
    /// Nodes that the request may use; `None` when not printed or unrestricted.
    pub nodemask: Option<String>,
}

pattern!(
    INVOKED,
    r"^(?:(?P<comm>.*) invoked oom-killer:(?P<rest>.*)|(?P<alone>\S{1,15}) invoked oom-killer|oom-killer:(?P<nameless> gfp_mask=0x.*))$"
);
pattern!(
    GFP,
    r"gfp_mask=(?P<mask>0x[0-9a-fA-F]+)(?:\((?P<flags>[^)]*)\)|[^0-9a-fA-F(])"
);
pattern!(ORDER, r"\border=(?P<order>-?\d+)(?:[, ]|$)");
pattern!(
    SCORE_ADJ,
    r#"\boom_score_adj=(?P<adj>-?\d+)(?:[,\s"}\]*`<)]|$)"#
);
pattern!(
    NODEMASK,
    r"\bnodemask=(?P<nodes>[0-9][0-9,-]*?)(?:,?\s|,[a-z]|$)"
);

/// Reads the `invoked oom-killer` line of any kernel: the parts after the colon come in an order
/// and number that changed often, so each is looked for by its key.
#[must_use]
pub fn invocation(line: &str) -> Option<Invocation> {
    static KILLER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"oom-killer"));
    if KILLER.find(line.as_bytes()).is_none() || prose::is_prose(line) {
        return None;
    }
    let groups = INVOKED.captures(line)?;
    let rest = text(&groups, "rest").or_else(|| text(&groups, "nameless"));
    let rest = rest.unwrap_or_default();
    // A sentence goes on with other words; a line may be torn anywhere.
    let torn = " gfp_mask=0x".starts_with(rest.trim_end());
    let keys = ["gfp_mask=", "order=", "oom_score_adj="];
    if !torn && !keys.iter().any(|key| rest.contains(key)) {
        return None;
    }
    let comm = match text(&groups, "comm").or_else(|| text(&groups, "alone")) {
        Some(before) => prose::comm(before)?,
        // Up to 2.6.17 the line did not say who asked.
        None => "",
    };
    // The nameless line ends with the mask; the others go on, so that one at the end is torn.
    let nameless = groups
        .name("nameless")
        .map(|rest| format!("{},", rest.as_str()));
    let gfp = GFP.captures(nameless.as_deref().unwrap_or(rest));
    Some(Invocation {
        comm: comm.to_owned(),
        gfp_mask: gfp
            .as_ref()
            .and_then(|g| text(g, "mask"))
            .map(str::to_owned),
        gfp_flags: gfp
            .as_ref()
            .and_then(|g| text(g, "flags"))
            .map(str::to_owned),
        order: ORDER.captures(rest).and_then(|g| number(&g, "order")),
        oom_score_adj: SCORE_ADJ.captures(rest).and_then(|g| number(&g, "adj")),
        nodemask: NODEMASK.captures(rest).map(|g| owned(&g, "nodes")),
    })
}

/// `C cpuset=NAME mems_allowed=LIST` (2.6.32 to 4.20).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cpuset {
    /// Name of the thread that asked.
    pub comm: String,
    /// Last part of the path of the cpuset cgroup of the task that asked: its container.
    pub name: String,
    /// Nodes it may use.
    pub nodes: String,
}

/// Reads the cpuset line.
#[must_use]
pub fn cpuset(line: &str) -> Option<Cpuset> {
    static MEMS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b" mems_allowed="));
    MEMS.find(line.as_bytes())?;
    pattern!(
        CPUSET,
        r"^(?P<comm>.*) cpuset=(?P<name>.*) mems_allowed=(?P<nodes>[0-9,-]*)$"
    );
    let groups = CPUSET.captures(line)?;
    Some(Cpuset {
        comm: owned(&groups, "comm"),
        name: owned(&groups, "name"),
        nodes: owned(&groups, "nodes"),
    })
}

/// `CPU: N PID: N Comm: C … RELEASE #BUILD`, or the `Pid:` line of old kernels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cpu {
    /// Thread that asked.
    pub pid: u64,
    /// Its name.
    pub comm: String,
    /// Taint letters; empty when not tainted, `None` when the line is torn before them.
    pub tainted: Option<String>,
    /// Release of the kernel.
    pub release: Option<String>,
}

pattern!(
    CPU,
    r"^(?:CPU: *\d+ +(?:UID: *\d+ +)?PID: *(?P<pid>\d+) +Comm: (?P<comm>.*?)|Pid: (?P<pid_old>\d+), comm: (?P<comm_old>.*?))(?: Kdump: loaded)?(?: (?P<taint>Not tainted|(?:\[last unloaded: [^\]]*\] )?Tainted: .*?)(?: (?P<release>[0-9]+\.[0-9]+[^ ]*)(?: .*)?)?)?$"
);

/// Reads the line with CPU, pid, name and kernel release.
#[must_use]
pub fn cpu(line: &str) -> Option<Cpu> {
    if !line.starts_with("CPU: ") && !line.starts_with("Pid: ") {
        return None;
    }
    let groups = CPU.captures(line)?;
    let pid = number(&groups, "pid").or_else(|| number(&groups, "pid_old"))?;
    let comm = text(&groups, "comm").or_else(|| text(&groups, "comm_old"));
    let tainted = text(&groups, "taint").map(|taint| match taint.split_once("Tainted:") {
        Some((_, letters)) => letters.split_whitespace().collect(),
        None => String::new(),
    });
    Some(Cpu {
        pid,
        comm: comm.unwrap_or_default().trim_end().to_owned(),
        tainted,
        release: text(&groups, "release").map(str::to_owned),
    })
}

/// Vendor, product and firmware of the `Hardware name` line.
#[must_use]
pub fn hardware(line: &str) -> Option<&str> {
    Some(line.strip_prefix("Hardware name: ")?.trim())
}

/// Architectures that release strings name, and the name that `uname -m` gives.
const MACHINES: &[(&str, &str)] = &[
    ("loongarch64", "loongarch64"),
    ("x86_64", "x86_64"),
    ("amd64", "x86_64"),
    ("aarch64", "aarch64"),
    ("arm64", "aarch64"),
    ("ppc64le", "ppc64le"),
    ("ppc64el", "ppc64le"),
    ("ppc64", "ppc64"),
    ("s390x", "s390x"),
    ("riscv64", "riscv64"),
    ("armv7hl", "armv7l"),
    ("armv7l", "armv7l"),
    ("armhf", "armv7l"),
    ("i686", "i686"),
    ("i386", "i386"),
    ("mips64", "mips64"),
    ("sparc64", "sparc64"),
];

/// Architecture named by a release string, for example `4.19.0-91.uelc20.loongarch64`.
#[must_use]
pub fn machine(release: &str) -> Option<&'static str> {
    MACHINES
        .iter()
        .find(|(mark, _)| release.contains(mark))
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_era_of_the_first_line() {
        for (line, comm, order, adj) in [
            (
                "a invoked oom-killer: gfp_mask=0x1201d2, order=0, oomkilladj=0",
                "a",
                0,
                None,
            ),
            (
                "a invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0",
                "a",
                0,
                None,
            ),
            (
                "a b invoked oom-killer: gfp_mask=0xd0, order=1, oom_adj=0, oom_score_adj=0",
                "a b",
                1,
                Some(0),
            ),
            (
                "C1 CompilerThre invoked oom-killer: gfp_mask=0x6000c0(GFP_KERNEL), nodemask=(null), order=0, oom_score_adj=-997",
                "C1 CompilerThre",
                0,
                Some(-997),
            ),
            (
                "x invoked oom-killer: gfp_mask=0x14000c0(GFP_KERNEL), nodemask=(null),  order=2, oom_score_adj=999",
                "x",
                2,
                Some(999),
            ),
            (
                "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0",
                "x",
                -1,
                Some(0),
            ),
        ] {
            let read = invocation(line).unwrap();
            assert_eq!(
                (read.comm.as_str(), read.order, read.oom_score_adj),
                (comm, Some(order), adj),
                "{line}"
            );
            assert!(read.gfp_mask.is_some());
        }
    }

    #[test]
    fn nameless_lines_and_sentences() {
        let read = invocation("oom-killer: gfp_mask=0x1d2, order=0").unwrap();
        assert_eq!(
            (read.comm.as_str(), read.gfp_mask.as_deref(), read.order),
            ("", Some("0x1d2"), Some(0))
        );
        assert_eq!(
            invocation("worker invoked oom-killer").unwrap().comm,
            "worker"
        );
        let read = invocation("oom-killer: gfp_mask=0x1d2").unwrap();
        assert_eq!(
            (read.gfp_mask.as_deref(), read.order),
            (Some("0x1d2"), None)
        );
        for line in [
            "the kernel invoked oom-killer",
            "when the kernel invoked oom-killer: look there",
            "apt install oom-killer: gfp_mask",
            "Subject: worker invoked oom-killer: gfp_mask=0xd0, order=0",
        ] {
            assert_eq!(invocation(line), None, "{line}");
        }
    }

    #[test]
    fn a_torn_mask_is_dropped() {
        let read = invocation("x invoked oom-killer: gfp_mask=0x60").unwrap();
        assert_eq!(read.gfp_mask, None);
        assert_eq!(read.order, None);
    }

    #[test]
    fn names_with_blanks_and_taint() {
        let read = cpu("CPU: 21 PID: 585614 Comm: C1 CompilerThre Kdump: loaded Not tainted 4.19.0-91.tyy.5.uelc20.loongarch64 #1").unwrap();
        assert_eq!(
            (read.pid, read.comm.as_str(), read.tainted.as_deref()),
            (585_614, "C1 CompilerThre", Some(""))
        );
        assert_eq!(
            machine(read.release.as_deref().unwrap()),
            Some("loongarch64")
        );
        let read = cpu("CPU: 0 PID: 389525 Comm: ls Kdump: loaded Tainted: GOE  4.19.90-23.26.v2101.ky10.x86_64 #1").unwrap();
        assert_eq!(
            (read.tainted.as_deref(), read.release.as_deref()),
            (Some("GOE"), Some("4.19.90-23.26.v2101.ky10.x86_64"))
        );
        let read = cpu("Pid: 12, comm: (sd pam) Not tainted 2.6.32-431.el6.x86_64 #1").unwrap();
        assert_eq!((read.pid, read.comm.as_str()), (12, "(sd pam)"));
        let read = cpu("CPU: 2 UID: 1000 PID: 21044 Comm: node Not tainted 6.12.9-1-amd64 #1 SMP PREEMPT_DYNAMIC").unwrap();
        assert_eq!(
            (read.pid, read.release.as_deref()),
            (21_044, Some("6.12.9-1-amd64"))
        );
        assert_eq!(cpu("CPU: 2 PID: 12 Comm: no").unwrap().release, None);
    }

    #[test]
    fn cpuset_names_the_container() {
        let read = cpuset("C1 Comp cpuset=cri-containerd-1983.scope mems_allowed=0-3").unwrap();
        assert_eq!(
            (read.name.as_str(), read.nodes.as_str()),
            ("cri-containerd-1983.scope", "0-3")
        );
    }
}

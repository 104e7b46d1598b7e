//! Arguments in, a plan out.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::plan::{Depth, Plan};

/// Takes one snapshot of a machine that runs out of memory, and writes one file for the support team.
///
/// Run it as root if you can, as soon as you can: the kernel log is overwritten. It changes nothing
/// on the machine, asks no service and stops by itself.
#[derive(Debug, Parser)]
#[command(
    name = "oomscene-collect",
    version,
    after_help = "Exit status: 0 everything taken, 1 a bundle with holes, 2 no bundle."
)]
pub struct Args {
    /// Where the bundle goes; `-` is standard output, a folder gets the usual name
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When what is left is left out, for example 90s or 5m
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = duration)]
    pub deadline: Duration,
    /// How far back logs are read, for example 12h or 7d; without it as far as they go
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub since: Option<Duration>,
    /// Replace host and user names, IP and MAC addresses; what stands for what is left beside the bundle
    #[arg(long)]
    pub pseudonymize: bool,
    /// Most bytes of the bundle, for example 20M; the least valuable is left out
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_size: Option<u64>,
    /// How gladly the kernel may kill the collector when memory ends: 1000 first, 0 like others
    #[arg(long, default_value_t = 1000, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i16).range(-1000..=1000))]
    pub oom_score_adj: i16,
    /// Seconds matter: no journal, fewer processes in detail
    #[arg(long, conflicts_with = "deep")]
    pub quick: bool,
    /// Also what can stall a large process or the allocator for a moment
    #[arg(long)]
    pub deep: bool,
    /// Collect a copy of a machine below this folder, such as a mounted disk
    #[arg(long, default_value = "/", value_name = "DIR")]
    pub root: PathBuf,
    /// Case number, written into the bundle
    #[arg(long, value_name = "ID")]
    pub case: Option<String>,
    /// A note written into the bundle, for example site=Lanzhou; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    pub labels: Vec<(String, String)>,
    /// Something else than collecting
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What else the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print every item of the catalogue: what, how much, with which right, why
    List {
        /// As Markdown tables
        #[arg(long)]
        markdown: bool,
    },
    /// Print this program as a shell script, for machines on which it does not run
    Script,
}

impl Args {
    /// The plan that the arguments describe.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let depth = match (self.quick, self.deep) {
            (true, _) => Depth::Quick,
            (false, true) => Depth::Deep,
            (false, false) => Depth::Usual,
        };
        Plan {
            depth,
            deadline: self.deadline,
            since: self.since,
            pseudonymize: self.pseudonymize,
            bytes_max: self.max_size,
            root: self.root.clone(),
            case: self.case.clone(),
            labels: self.labels.iter().cloned().collect(),
        }
    }
}

/// `90`, `90s`, `5m` or `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(['s', 'm', 'h']);
    let unit = match text.get(digits.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        _ => return Err(format!("{text:?} is not a time; write 90s, 5m or 1h")),
    };
    match digits.parse::<u64>() {
        Ok(number) if number > 0 => {
            Ok(Duration::from_secs(number.saturating_mul(unit).min(86_400)))
        }
        _ => Err(format!("{text:?} is not a time; write 90s, 5m or 1h")),
    }
}

/// As [`duration`], also `7d` or `2w`, and longer than a day.
fn age(text: &str) -> Result<Duration, String> {
    const DAY: u64 = 86_400;
    let wrong = || format!("{text:?} is not a time; write 12h, 7d or 2w");
    let (digits, unit) = match text.strip_suffix('d') {
        Some(digits) => (digits, DAY),
        None => match text.strip_suffix('w') {
            Some(digits) => (digits, 7 * DAY),
            None => match text.strip_suffix('h') {
                Some(digits) => (digits, 3600),
                None => return duration(text).map_err(|_| wrong()),
            },
        },
    };
    match digits.parse::<u64>() {
        Ok(number) if number > 0 => Ok(Duration::from_secs(number.saturating_mul(unit))),
        _ => Err(wrong()),
    }
}

/// `500000`, `800K`, `20M` or `1G`, in units of 1024.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(['K', 'M', 'G']);
    let unit = match text.get(digits.len()..) {
        Some("") => 0,
        Some("K") => 10,
        Some("M") => 20,
        Some("G") => 30,
        _ => return Err(format!("{text:?} is not a size; write 800K, 20M or 1G")),
    };
    match digits.parse::<u64>() {
        Ok(number) if number > 0 && number < 1 << 30 => Ok(number << unit),
        _ => Err(format!("{text:?} is not a size; write 800K, 20M or 1G")),
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not a label; write key=value")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn help_is_golden() {
        insta::assert_snapshot!(
            Args::command()
                .term_width(100)
                .render_long_help()
                .to_string()
        );
    }

    #[test]
    fn times() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        for bad in ["", "0", "s", "-1", "5x", "1ss"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ages() {
        assert_eq!(age("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(age("2w"), Ok(Duration::from_secs(1_209_600)));
        assert_eq!(age("72h"), Ok(Duration::from_secs(259_200)));
        assert_eq!(age("90m"), Ok(Duration::from_secs(5400)));
        for bad in ["", "0d", "d", "-1d", "5x", "yesterday"] {
            assert!(age(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("20M"), Ok(20 << 20));
        assert_eq!(size("800K"), Ok(800 << 10));
        assert_eq!(size("7"), Ok(7));
        for bad in ["", "0", "M", "-1", "5x", "1MM", "1e9G"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quick_and_deep_exclude_each_other() {
        assert!(Args::try_parse_from(["x", "--quick", "--deep"]).is_err());
        let args = Args::try_parse_from(["x", "--deep", "--label", "site=a=b"]).unwrap();
        assert_eq!(args.plan().depth, Depth::Deep);
        assert_eq!(
            args.plan().labels.get("site").map(String::as_str),
            Some("a=b")
        );
    }
}

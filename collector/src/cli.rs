//! Arguments in, a plan out.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::handover::encrypt::{self, Recipient};
use crate::handover::pattern::Pattern;
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
    /// Print what would be taken from this machine, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How the bundle leaves the site
    #[command(flatten)]
    pub handover: Handover,
    /// Something else than collecting
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How a bundle leaves the site.
#[derive(Debug, Clone, clap::Args)]
pub struct Handover {
    /// Encrypt to this age public key, so that only its owner can read it; may be repeated
    #[arg(long, value_name = "AGE1…", value_parser = Recipient::parse)]
    pub encrypt_to: Vec<Recipient>,
    /// Do not encrypt, even if this binary was built for a recipient
    #[arg(long, conflicts_with = "encrypt_to")]
    pub no_encrypt: bool,
    /// Cut the bundle into parts of this size, for example 20M
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub split: Option<u64>,
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
    /// Print what a bundle holds, or one entry of it, to check before it is sent
    Show {
        /// The bundle
        bundle: PathBuf,
        /// Name of an entry, or of a file in a packed one, such as proc/1/cmdline
        entry: Option<String>,
    },
    /// Copy a bundle without some of its entries; the copy says that they were taken out
    Remove {
        /// The bundle
        bundle: PathBuf,
        /// Names to take out; `*` stands for any text, `**` for any folders
        #[arg(required = true, value_parser = Pattern::parse)]
        patterns: Vec<Pattern>,
        /// Where the copy goes; the usual name ends in -reduced.tar.gz
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Encrypt, split and checksum a bundle that was checked
    Seal {
        /// The bundle
        bundle: PathBuf,
        /// How it leaves the site
        #[command(flatten)]
        handover: Handover,
    },
    /// Print the completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page, for `man -l -`
    Man,
}

/// A shell that there are completions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// GNU bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
}

impl Handover {
    /// Who can read the bundle: who was named, else who this binary was built for.
    ///
    /// # Errors
    /// The binary was built for something that is no recipient.
    pub fn recipients(&self) -> Result<Vec<Recipient>, String> {
        self.recipients_or(&encrypt::built_for)
    }

    fn recipients_or(
        &self,
        built_for: &dyn Fn() -> Result<Vec<Recipient>, String>,
    ) -> Result<Vec<Recipient>, String> {
        if self.no_encrypt {
            Ok(Vec::new())
        } else if self.encrypt_to.is_empty() {
            built_for()
        } else {
            Ok(self.encrypt_to.clone())
        }
    }
}

impl Args {
    /// The plan that the arguments describe.
    ///
    /// # Errors
    /// As [`Handover::recipients`].
    pub fn plan(&self) -> Result<Plan, String> {
        let depth = match (self.quick, self.deep) {
            (true, _) => Depth::Quick,
            (false, true) => Depth::Deep,
            (false, false) => Depth::Usual,
        };
        Ok(Plan {
            depth,
            deadline: self.deadline,
            root: self.root.clone(),
            case: self.case.clone(),
            labels: self.labels.iter().cloned().collect(),
            recipients: self.handover.recipients()?,
        })
    }
}

/// `20M`, `700K`, `2G` or bytes; units of 1024.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size; write 20M, 700K, 2G or a number of bytes");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" => 1,
        "K" | "k" | "KiB" => 1 << 10,
        "M" | "m" | "MiB" => 1 << 20,
        "G" | "g" | "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    let number = digits.parse::<u64>().ok().filter(|number| *number > 0);
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(wrong)
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
    fn quick_and_deep_exclude_each_other() {
        assert!(Args::try_parse_from(["x", "--quick", "--deep"]).is_err());
        let args = Args::try_parse_from(["x", "--deep", "--label", "site=a=b"]).unwrap();
        let plan = args.plan().unwrap();
        assert_eq!(plan.depth, Depth::Deep);
        assert_eq!(plan.labels.get("site").map(String::as_str), Some("a=b"));
    }

    #[test]
    fn sizes() {
        assert_eq!(size("20M"), Ok(20 << 20));
        assert_eq!(size("512"), Ok(512));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        for bad in ["", "0", "M", "-1M", "5X", "99999999999G"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_recipient_of_the_build_is_the_default() {
        let key = "age13yfgwfrjs093rht68e4pja090dgxqgzzw27puw7szjangycadptqdgapgq";
        let built =
            || Recipient::parse("age1v70hx5wnja386yv00fwyc6qvu777tpm0jg3nrx7zauuuw9g60gjqvq4jh2");
        let parse = |args: &[&str]| Args::try_parse_from([&["x"], args].concat());
        let who = |args: &[&str]| {
            let handover = parse(args).unwrap().handover;
            handover.recipients_or(&|| Ok(vec![built()?]))
        };
        assert_eq!(who(&["--no-encrypt"]), Ok(Vec::new()));
        let named = who(&["--encrypt-to", key]);
        assert_eq!(named.map(|all| all[0].to_string()), Ok(key.to_owned()));
        // A build for nonsense must not end in a bundle that everybody can read.
        let plain = parse(&[]).unwrap().handover;
        assert!(plain.recipients_or(&|| Err("bad".to_owned())).is_err());
        assert!(parse(&["--no-encrypt", "--encrypt-to", key]).is_err());
        assert!(parse(&["--encrypt-to", "ssh-rsa AAA"]).is_err());
    }
}

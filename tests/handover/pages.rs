//! Manual page and shell completions, made from the arguments.

use clap::CommandFactory as _;
use clap_complete::Shell;
use oomscene_collector::cli::Args;

/// Every generated file with its name.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    let shells = [
        ("oomscene-collect.bash", Shell::Bash),
        ("_oomscene-collect", Shell::Zsh),
        ("oomscene-collect.fish", Shell::Fish),
    ];
    let mut pages = Vec::new();
    for (name, shell) in shells {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Args::command(), "oomscene-collect", &mut text);
        pages.push((name, text));
    }
    pages.push(("oomscene-collect.1", manual()));
    pages
}

/// The page, with the commands' own options behind it: one page is what a site has.
fn manual() -> Vec<u8> {
    let mut text = Vec::new();
    let command = Args::command();
    // Writing to a vector cannot fail.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut text);
    for sub in command.get_subcommands() {
        let name = format!("oomscene-collect {}", sub.get_name());
        let man = clap_mangen::Man::new(sub.clone().bin_name(name.clone()));
        text.extend_from_slice(format!(".SH {}\n", name.to_uppercase()).as_bytes());
        let _ = man.render_description_section(&mut text);
        let _ = man.render_synopsis_section(&mut text);
        let _ = man.render_options_section(&mut text);
    }
    text
}

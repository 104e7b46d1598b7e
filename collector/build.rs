//! Tells the program for which target it is built: the header names it; and checks for whom.

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how a build is steered"
)]
fn main() {
    println!(
        "cargo::rustc-env=OOMSCENE_TARGET={}",
        std::env::var_os("TARGET").unwrap_or_default().display()
    );
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=OOMSCENE_RECIPIENT");
    // A binary for a site must not be built with a key that nobody can be encrypted to.
    let recipients = std::env::var("OOMSCENE_RECIPIENT").unwrap_or_default();
    for word in recipients.split([',', ' ']).filter(|word| !word.is_empty()) {
        if !word.starts_with("age1") || word.len() != 62 {
            println!(
                "cargo::error=OOMSCENE_RECIPIENT: {word:?} is not an age recipient; `age-keygen` prints one"
            );
        }
    }
}

//! What secrets look like: names before them, prefixes of them, flags of programs. Rows only.

/// How a secret is told from the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A name, then `=` or `:` or, for a flag, a space; then the secret.
    Name,
    /// A word that is a name only by itself and only before `=`.
    WordAndEquals,
    /// As [`Sign::WordAndEquals`], when the secret is long: `sig=6` is a signal.
    LongAndEquals,
    /// A setting of a configuration file: name, space, secret.
    Setting,
    /// A header whose value is secret to its end.
    Header,
    /// The word before a token in a header.
    Scheme,
    /// The secret begins with this text and has at least so many more characters.
    Prefix(usize),
    /// The start of an address, which may hold a user and a password.
    Address,
    /// Oracle's `user/password@` behind this text.
    Oracle,
    /// The start of a block of lines.
    BlockStart,
    /// The end of a block of lines.
    BlockEnd,
    /// A program with a flag for a password.
    Program(&'static str, Flag),
    /// A record of the audit system with arguments of a command.
    AuditArguments,
    /// A record of the audit system with a command line in hexadecimal digits.
    AuditTitle,
    /// `login user password secret` of a file for ftp(1).
    Login,
    /// A sentence that ends in `: ` and the secret.
    Sentence,
    /// A flag with `user:password`.
    UserAndPassword,
    /// SQL: the secret follows in quotes.
    Quoted,
}

/// How a program takes a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    /// In the same argument.
    Attached,
    /// In the same argument or the next.
    Both,
    /// As [`Flag::Both`], behind a colon or a percent sign that follows the user's name.
    BehindUser,
}

/// Signs; upper and lower case are the same in the search, prefixes are compared again.
pub(super) const SIGNS: &[(&str, Sign)] = &[
    ("password", Sign::Name),
    ("passwd", Sign::Name),
    ("passphrase", Sign::Name),
    ("passcode", Sign::Name),
    ("pgpass", Sign::Name),
    ("storepass", Sign::Name),
    ("keypass", Sign::Name),
    ("dbpass", Sign::Name),
    ("rootpass", Sign::Name),
    ("adminpass", Sign::Name),
    ("userpass", Sign::Name),
    ("mypass", Sign::Name),
    ("preshared", Sign::Name),
    ("rediscli_auth", Sign::Name),
    ("login ", Sign::Login),
    ("psk", Sign::WordAndEquals),
    ("pwd", Sign::WordAndEquals),
    ("pass", Sign::WordAndEquals),
    ("secret", Sign::Name),
    ("token", Sign::Name),
    ("api_key", Sign::Name),
    ("api-key", Sign::Name),
    ("apikey", Sign::Name),
    ("access_key", Sign::Name),
    ("access-key", Sign::Name),
    ("accesskey", Sign::Name),
    ("accountkey", Sign::Name),
    ("account_key", Sign::Name),
    ("private_key", Sign::Name),
    ("private-key", Sign::Name),
    ("privatekey", Sign::Name),
    ("encryption_key", Sign::Name),
    ("encryption-key", Sign::Name),
    ("auth_key", Sign::Name),
    ("authkey", Sign::Name),
    ("credential", Sign::Name),
    ("sessionid", Sign::Name),
    ("session_id", Sign::Name),
    ("\"auth\"", Sign::Name),
    ("sig", Sign::LongAndEquals),
    ("requirepass", Sign::Setting),
    ("masterauth", Sign::Setting),
    ("authorization", Sign::Header),
    ("cookie", Sign::Header),
    ("bearer ", Sign::Scheme),
    ("basic ", Sign::Scheme),
    ("identified by", Sign::Quoted),
    ("temporary password is generated for", Sign::Sentence),
    ("AKIA", Sign::Prefix(16)),
    ("ASIA", Sign::Prefix(16)),
    ("AIza", Sign::Prefix(30)),
    ("ya29.", Sign::Prefix(20)),
    ("GOCSPX-", Sign::Prefix(20)),
    ("ghp_", Sign::Prefix(20)),
    ("gho_", Sign::Prefix(20)),
    ("ghu_", Sign::Prefix(20)),
    ("ghs_", Sign::Prefix(20)),
    ("ghr_", Sign::Prefix(20)),
    ("github_pat_", Sign::Prefix(20)),
    ("glpat-", Sign::Prefix(16)),
    ("gldt-", Sign::Prefix(16)),
    ("glrt-", Sign::Prefix(16)),
    ("glptt-", Sign::Prefix(16)),
    ("glcbt-", Sign::Prefix(16)),
    ("LTAI", Sign::Prefix(12)),
    ("AKID", Sign::Prefix(28)),
    ("$1$", Sign::Prefix(24)),
    ("$2a$", Sign::Prefix(40)),
    ("$2b$", Sign::Prefix(40)),
    ("$2y$", Sign::Prefix(40)),
    ("$5$", Sign::Prefix(40)),
    ("$6$", Sign::Prefix(40)),
    ("$y$", Sign::Prefix(40)),
    ("$argon2", Sign::Prefix(40)),
    ("$apr1$", Sign::Prefix(24)),
    ("xoxc-", Sign::Prefix(10)),
    ("xoxd-", Sign::Prefix(10)),
    ("xoxa-", Sign::Prefix(10)),
    ("xoxb-", Sign::Prefix(10)),
    ("xoxe-", Sign::Prefix(10)),
    ("xoxp-", Sign::Prefix(10)),
    ("xoxr-", Sign::Prefix(10)),
    ("xoxs-", Sign::Prefix(10)),
    ("xapp-", Sign::Prefix(10)),
    ("hooks.slack.com/services/", Sign::Prefix(16)),
    ("sk_live_", Sign::Prefix(16)),
    ("rk_live_", Sign::Prefix(16)),
    ("sk-proj-", Sign::Prefix(16)),
    ("sk-ant-", Sign::Prefix(16)),
    ("npm_", Sign::Prefix(30)),
    ("hvs.", Sign::Prefix(20)),
    ("dop_v1_", Sign::Prefix(30)),
    ("eyJ", Sign::Prefix(24)),
    ("dckr_pat_", Sign::Prefix(20)),
    ("pypi-AgE", Sign::Prefix(20)),
    ("shpat_", Sign::Prefix(20)),
    ("sk-svcacct-", Sign::Prefix(16)),
    ("AGE-SECRET-KEY-1", Sign::Prefix(30)),
    ("://", Sign::Address),
    ("jdbc:oracle:thin:", Sign::Oracle),
    ("jdbc:oracle:oci:", Sign::Oracle),
    ("sqlplus", Sign::Oracle),
    ("-----BEGIN ", Sign::BlockStart),
    ("-----END ", Sign::BlockEnd),
    ("mysql", Sign::Program("-p", Flag::Attached)),
    ("mariadb", Sign::Program("-p", Flag::Attached)),
    ("sshpass", Sign::Program("-p", Flag::Both)),
    ("redis-cli", Sign::Program("-a", Flag::Both)),
    ("mongo", Sign::Program("-p", Flag::Both)),
    ("sshpass", Sign::WordAndEquals),
    ("docker login", Sign::Program("-p", Flag::Both)),
    ("docker\0login", Sign::Program("-p", Flag::Both)),
    ("podman login", Sign::Program("-p", Flag::Both)),
    ("podman\0login", Sign::Program("-p", Flag::Both)),
    ("registry login", Sign::Program("-p", Flag::Both)),
    ("registry\0login", Sign::Program("-p", Flag::Both)),
    ("oc login", Sign::Program("-p", Flag::Both)),
    ("--creds", Sign::UserAndPassword),
    ("--src-creds", Sign::UserAndPassword),
    ("--dest-creds", Sign::UserAndPassword),
    ("openssl", Sign::Program("pass:", Flag::Attached)),
    ("ldapsearch", Sign::Program("-w", Flag::Both)),
    ("ldapmodify", Sign::Program("-w", Flag::Both)),
    ("sqlcmd", Sign::Program("-P", Flag::Both)),
    ("ipmitool", Sign::Program("-P", Flag::Both)),
    ("curl", Sign::Program("-u", Flag::BehindUser)),
    ("curl", Sign::Program("--user", Flag::BehindUser)),
    ("smbclient", Sign::Program("-U", Flag::BehindUser)),
    ("type=EXECVE", Sign::AuditArguments),
    ("type=1309", Sign::AuditArguments),
    ("proctitle=", Sign::AuditTitle),
];

/// Last words of names whose value is no secret: `token_count=5`, `systemd-ask-password.path:`.
pub(super) const HARMLESS_ENDS: &[&str] = &[
    "age",
    "cache",
    "errors",
    "error",
    "status",
    "ms",
    "days",
    "hours",
    "minutes",
    "seconds",
    "expiration",
    "bytes",
    "class",
    "count",
    "device",
    "dir",
    "directory",
    "enabled",
    "exists",
    "expires",
    "expiry",
    "file",
    "format",
    "length",
    "lifetime",
    "limit",
    "max",
    "min",
    "mount",
    "name",
    "names",
    "path",
    "policy",
    "prompt",
    "provider",
    "required",
    "scope",
    "service",
    "size",
    "slice",
    "socket",
    "stdin",
    "store",
    "target",
    "timeout",
    "timer",
    "ttl",
    "type",
    "url",
    "version",
    "wall",
];

/// Values that are no secret.
pub(super) const HARMLESS_VALUES: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "nil",
    "yes",
    "no",
    "on",
    "off",
    "undefined",
    "(null)",
    "<masked>",
    "[masked]",
    "\"\"",
    "''",
    "=",
    "==",
    "!=",
    "->",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_is_told_apart() {
        for (number, (word, _)) in SIGNS.iter().enumerate() {
            assert!(word.len() >= 3, "{word:?} would be found everywhere");
            // A program may have two flags.
            let earlier = SIGNS.iter().take(number).filter(|(other, _)| other == word);
            assert!(
                earlier.count() <= usize::from(matches!(*word, "curl" | "sshpass")),
                "{word:?}"
            );
        }
    }
}

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_oomscene_collect_global_optspecs
    string join \n o/output= deadline= since= pseudonymize max-size= oom-score-adj= quick deep root= case= label= dry-run encrypt-to= no-encrypt split= h/help V/version
end

function __fish_oomscene_collect_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_oomscene_collect_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_oomscene_collect_using_subcommand
    set -l cmd (__fish_oomscene_collect_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -s o -l output -d 'Where the bundle goes; `-` is standard output, a folder gets the usual name' -r -F
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l deadline -d 'When what is left is left out, for example 90s or 5m' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l since -d 'How far back logs are read, for example 12h or 7d; without it as far as they go' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l max-size -d 'Most bytes of the bundle, for example 20M; the least valuable is left out' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l oom-score-adj -d 'How gladly the kernel may kill the collector when memory ends: 1000 first, 0 like others' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l root -d 'Collect a copy of a machine below this folder, such as a mounted disk' -r -F
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l case -d 'Case number, written into the bundle' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l label -d 'A note written into the bundle, for example site=Lanzhou; may be repeated' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l encrypt-to -d 'Encrypt to this age public key, so that only its owner can read it; may be repeated' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l split -d 'Cut the bundle into parts of this size, for example 20M' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l pseudonymize -d 'Replace host and user names, IP and MAC addresses; what stands for what is left beside the bundle'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l quick -d 'Seconds matter: no journal, fewer processes in detail'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l deep -d 'Also what can stall a large process or the allocator for a moment'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l dry-run -d 'Print what would be taken from this machine, and write nothing'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -l no-encrypt -d 'Do not encrypt, even if this binary was built for a recipient'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -s V -l version -d 'Print version'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -f -a "list" -d 'Print every item of the catalogue: what, how much, with which right, why'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -f -a "show" -d 'Print what a bundle holds, or one entry of it, to check before it is sent'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -f -a "remove" -d 'Copy a bundle without some of its entries; the copy says that they were taken out'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -f -a "seal" -d 'Encrypt, split and checksum a bundle that was checked'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -f -a "man" -d 'Print the manual page, for `man -l -`'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -f -a "script" -d 'Print this program as a shell script, for machines on which it does not run'
complete -c oomscene-collect -n "__fish_oomscene_collect_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand list" -l markdown -d 'As Markdown tables'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand list" -s h -l help -d 'Print help'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand show" -s h -l help -d 'Print help'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand remove" -s o -l output -d 'Where the copy goes; the usual name ends in -reduced.tar.gz' -r -F
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand remove" -s h -l help -d 'Print help'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand seal" -l encrypt-to -d 'Encrypt to this age public key, so that only its owner can read it; may be repeated' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand seal" -l split -d 'Cut the bundle into parts of this size, for example 20M' -r
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand seal" -l no-encrypt -d 'Do not encrypt, even if this binary was built for a recipient'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand seal" -s h -l help -d 'Print help'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand man" -s h -l help -d 'Print help'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand script" -s h -l help -d 'Print help'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand help; and not __fish_seen_subcommand_from list show remove seal completions man script help" -f -a "list" -d 'Print every item of the catalogue: what, how much, with which right, why'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand help; and not __fish_seen_subcommand_from list show remove seal completions man script help" -f -a "show" -d 'Print what a bundle holds, or one entry of it, to check before it is sent'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand help; and not __fish_seen_subcommand_from list show remove seal completions man script help" -f -a "remove" -d 'Copy a bundle without some of its entries; the copy says that they were taken out'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand help; and not __fish_seen_subcommand_from list show remove seal completions man script help" -f -a "seal" -d 'Encrypt, split and checksum a bundle that was checked'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand help; and not __fish_seen_subcommand_from list show remove seal completions man script help" -f -a "completions" -d 'Print the completions for a shell'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand help; and not __fish_seen_subcommand_from list show remove seal completions man script help" -f -a "man" -d 'Print the manual page, for `man -l -`'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand help; and not __fish_seen_subcommand_from list show remove seal completions man script help" -f -a "script" -d 'Print this program as a shell script, for machines on which it does not run'
complete -c oomscene-collect -n "__fish_oomscene_collect_using_subcommand help; and not __fish_seen_subcommand_from list show remove seal completions man script help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'

# OpenSSH reads ~/.ssh of the person, whatever $HOME says. So a run has a configuration of its own, which includes theirs,
# and an ssh, scp and sftp first on PATH that use it.
(
    folder="$WERCKER_PIPELINE_DIR/ssh"
    [ ! -e "$folder/config" ] || exit 0
    umask 077
    mkdir -p "$folder/bin" && : >>"$folder/known_hosts" || exit
    for program in ssh scp sftp; do
        real=$(type -P "$program") || continue
        printf '#!/bin/bash\nexec %q -F %q "$@"\n' "$real" "$folder/config" >|"$folder/bin/$program" &&
            chmod +x "$folder/bin/$program" || exit
    done
    cat >|"$folder/config" <<CONFIG
Match all
    UserKnownHostsFile "${folder//%/%%}/known_hosts" ~/.ssh/known_hosts ~/.ssh/known_hosts2
    Include ~/.ssh/config
    Include /etc/ssh/ssh_config
CONFIG
) || fail "the run's own configuration of ssh could not be written"

case ":$PATH:" in
    *":$WERCKER_PIPELINE_DIR/ssh/bin:"*) ;;
    *) export PATH="$WERCKER_PIPELINE_DIR/ssh/bin:$PATH" ;;
esac

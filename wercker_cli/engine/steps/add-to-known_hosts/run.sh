(
    # A fingerprint as it is compared: MD5 without colons, SHA256 without padding, neither with its name.
    bare() {
        local text=${1#MD5:}
        text=${text#SHA256:}
        [[ ${text//:/} =~ ^[0-9A-Fa-f]{32}$ ]] && text=${text//:/} text=${text,,}
        printf '%s' "${text%=}"
    }

    host=$WERCKER_ADD_TO_KNOWN_HOSTS_HOSTNAME
    [ -n "$host" ] || fail "hostname is empty"
    type ssh-keyscan ssh-keygen &>/dev/null || fail "there is no ssh-keyscan on PATH"

    types=",$WERCKER_ADD_TO_KNOWN_HOSTS_TYPE,"
    types=${types//,dsa,/,} # which OpenSSH has forgotten, and answers with an error
    types=${types#,}
    options=(-t "${types%,}")
    [ -z "$WERCKER_ADD_TO_KNOWN_HOSTS_PORT" ] || options+=(-p "$WERCKER_ADD_TO_KNOWN_HOSTS_PORT")
    [ -z "$WERCKER_ADD_TO_KNOWN_HOSTS_TIMEOUT" ] || options+=(-T "$WERCKER_ADD_TO_KNOWN_HOSTS_TIMEOUT")
    keys=$(ssh-keyscan "${options[@]}" -- "$host") || fail "ssh-keyscan failed for $host"

    given=$WERCKER_ADD_TO_KNOWN_HOSTS_FINGERPRINT
    wanted=$(bare "$given")
    hash=sha256
    if [[ $wanted =~ ^[0-9a-f]{32}$ ]] || [[ -z $wanted && $WERCKER_ADD_TO_KNOWN_HOSTS_USE_MD5 = true ]]; then
        hash=md5
    fi

    found=() trusted=()
    while IFS= read -r key; do
        [[ -n $key && $key != \#* ]] || continue
        IFS=' ' read -r _ fingerprint _ < <(ssh-keygen -l -E "$hash" -f - <<<"$key")
        found+=("$fingerprint")
        [[ -n $wanted && $(bare "$fingerprint") != "$wanted" ]] || trusted+=("$key")
    done <<<"$keys"
    IFS=' '
    [ ${#found[@]} != 0 ] || fail "ssh-keyscan found no key of $host"
    [ ${#trusted[@]} != 0 ] || fail "no key of $host has the fingerprint $given; found: ${found[*]}"

    printf '%s\n' "${trusted[@]}" >>"$WERCKER_PIPELINE_DIR/ssh/known_hosts" || fail "the key could not be written"
    if [ -z "$wanted" ]; then
        warn "no fingerprint is given, so whatever answered as $host is trusted: ${found[*]}"
    else
        info "$host is known by its fingerprint $given"
    fi
)

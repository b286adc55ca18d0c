(
    set +x # an earlier step's `set -x` would write the key into the log
    [ -n "$WERCKER_ADD_SSH_KEY_KEYNAME" ] || fail "keyname is empty: it is the name of the key, without a \$ before it"
    [[ $WERCKER_ADD_SSH_KEY_KEYNAME != *_PRIVATE ]] ||
        fail "keyname goes without its _PRIVATE: ${WERCKER_ADD_SSH_KEY_KEYNAME%_PRIVATE}"
    name="${WERCKER_ADD_SSH_KEY_KEYNAME}_PRIVATE"
    [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ && -n ${!name:-} ]] || fail "there is no variable $name with a private key in it"

    umask 077
    folder="$WERCKER_PIPELINE_DIR/ssh"
    file=$(mktemp "$folder/key-XXXXXX") &&
        printf '%s\n' "${!name//\\n/$'\n'}" >|"$file" &&
        {
            printf 'Host %s\n    IdentityFile "%s"\n' "${WERCKER_ADD_SSH_KEY_HOST//$'\n'/ }" "${file//%/%%}"
            cat "$folder/config"
        } >|"$folder/config.new" &&
        mv -f "$folder/config.new" "$folder/config" || fail "the key could not be written"
    info "ssh uses the key $WERCKER_ADD_SSH_KEY_KEYNAME for: $WERCKER_ADD_SSH_KEY_HOST"
)

(
    file=$WERCKER_CREATE_FILE_FILENAME
    [ -n "$file" ] || fail "filename is empty"
    [[ ! -e $file || $WERCKER_CREATE_FILE_OVERWRITE = true ]] || fail "$file is there already (overwrite: true replaces it)"
    [ -n "$WERCKER_CREATE_FILE_CONTENT" ] || warn "no content is given"

    content=${WERCKER_CREATE_FILE_CONTENT//\\n/$'\n'}
    printf '%s\n' "$content" >|"$file" || fail "$file could not be written" # in place: a 0600 file stays one
    info "written: $file"
    [ "$WERCKER_CREATE_FILE_HIDE_FROM_LOG" = true ] || info "$content"
)

[[ $WERCKER_MKTEMP_ENVVAR =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || fail "envvar is no name of a variable: $WERCKER_MKTEMP_ENVVAR"
if [ "$WERCKER_MKTEMP_DIRECTORY" = true ]; then
    export "$WERCKER_MKTEMP_ENVVAR=$(mktemp -d "$WERCKER_PIPELINE_DIR/tmp-XXXXXX")"
else
    export "$WERCKER_MKTEMP_ENVVAR=$(mktemp "$WERCKER_PIPELINE_DIR/tmp-XXXXXX")"
fi
[ -e "${!WERCKER_MKTEMP_ENVVAR}" ] || fail "nothing could be made in $WERCKER_PIPELINE_DIR"
info "$WERCKER_MKTEMP_ENVVAR is ${!WERCKER_MKTEMP_ENVVAR}"

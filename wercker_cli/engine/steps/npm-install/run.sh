# Exported, for later steps too: `npm config set cache` would change the person's ~/.npmrc.
if [ "$WERCKER_NPM_INSTALL_USE_CACHE" = true ]; then
    export npm_config_cache="$WERCKER_CACHE_DIR/wercker/npm"
else
    export npm_config_cache="$WERCKER_PIPELINE_DIR/npm"
fi
(
    type npm &>/dev/null || fail "there is no npm on PATH"
    IFS=$' \t\n' read -rd '' -a options <<<"$WERCKER_NPM_INSTALL_OPTIONS"
    for try in 1 2 3; do
        info "npm install, try $try of 3"
        npm install "${options[@]}" && exit 0
        if [ "$WERCKER_NPM_INSTALL_CLEAR_CACHE_ON_FAILED" = true ]; then
            warn "npm install failed: its cache is emptied"
            rm -rf -- "$npm_config_cache" # `npm cache clear` is an error since npm 5
        fi
    done
    fail "npm install failed three times"
)

if [ ! -f "$WERCKER_BUNDLE_INSTALL_GEMFILE" ]; then
    warn "there is no $WERCKER_BUNDLE_INSTALL_GEMFILE here, so nothing is installed"
    return 0
fi

if ! type bundle &>/dev/null; then
    type gem &>/dev/null || fail "there is no bundle on PATH, and no gem to install it with"
    export GEM_HOME="$WERCKER_PIPELINE_DIR/gems" # neither the system's gems nor the person's
    export PATH="$GEM_HOME/bin:$PATH"
    info "there is no bundle on PATH: gem installs one for this run"
    gem install bundler --no-document --version "$WERCKER_BUNDLE_INSTALL_VERSION" || fail "bundler could not be installed"
fi

# Exported, since the options of the same names are gone, and a later `bundle exec` has to know.
export BUNDLE_USER_CACHE="$WERCKER_CACHE_DIR/bundle-install-index" # in place of ~/.bundle/cache
export BUNDLE_PATH="$WERCKER_CACHE_DIR/bundle-install"
if [ -n "$WERCKER_BUNDLE_INSTALL_PATH" ]; then
    BUNDLE_PATH=$(realpath -ms -- "$WERCKER_BUNDLE_INSTALL_PATH")
    case $BUNDLE_PATH in
        "$WERCKER_PIPELINE_DIR"/* | "$WERCKER_CACHE_DIR"/*) ;;
        *)
            warn "$BUNDLE_PATH is not the run's own, so the gems go to $WERCKER_CACHE_DIR/bundle-install"
            BUNDLE_PATH="$WERCKER_CACHE_DIR/bundle-install"
            ;;
    esac
fi
if [ "$WERCKER_BUNDLE_INSTALL_GEMFILE" != Gemfile ]; then
    export BUNDLE_GEMFILE
    BUNDLE_GEMFILE=$(realpath -s -- "$WERCKER_BUNDLE_INSTALL_GEMFILE")
fi
[ -z "$WERCKER_BUNDLE_INSTALL_WITHOUT" ] || export BUNDLE_WITHOUT="${WERCKER_BUNDLE_INSTALL_WITHOUT//[[:space:]]/:}"
[ "$WERCKER_BUNDLE_INSTALL_BINSTUBS" != true ] || export BUNDLE_BIN=bin
[ "$WERCKER_BUNDLE_INSTALL_CLEAN" != true ] || export BUNDLE_CLEAN=true
[ "$WERCKER_BUNDLE_INSTALL_DEPLOYMENT" != true ] || export BUNDLE_DEPLOYMENT=true
[ "$WERCKER_BUNDLE_INSTALL_FROZEN" != true ] || export BUNDLE_FROZEN=true

(
    options=(--retry "$WERCKER_BUNDLE_INSTALL_RETRY")
    [ -z "$WERCKER_BUNDLE_INSTALL_JOBS" ] || options+=(--jobs "$WERCKER_BUNDLE_INSTALL_JOBS")
    [ "$WERCKER_BUNDLE_INSTALL_STANDALONE" != true ] || options+=(--standalone)
    [ "$WERCKER_BUNDLE_INSTALL_FULL_INDEX" != true ] || options+=(--full-index)
    [ "$WERCKER_BUNDLE_INSTALL_LOCAL" != true ] || options+=(--local)
    for try in 1 2 3; do
        info "bundle install, try $try of 3"
        bundle install "${options[@]}" && exit 0
        # Elsewhere it may hold gems that came with the checkout.
        if [[ $WERCKER_BUNDLE_INSTALL_CLEAR_PATH = true && $BUNDLE_PATH == "$WERCKER_CACHE_DIR"/* ]]; then
            warn "bundle install failed: $BUNDLE_PATH is emptied"
            rm -rf -- "$BUNDLE_PATH"
        fi
    done
    fail "bundle install failed three times"
)

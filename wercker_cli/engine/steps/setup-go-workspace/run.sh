# Copies the source to where Go looks for it below GOPATH; the steps behind this one start there.
wercker_setup_go_workspace() {
    local own="$WERCKER_PIPELINE_DIR/go"
    local gopath=${WERCKER_SETUP_GO_WORKSPACE_GOPATH:-${GOPATH:-$own}}
    gopath=$(realpath -ms -- "${gopath%%:*}")
    case $gopath in
        "$WERCKER_PIPELINE_DIR"/* | "$WERCKER_CACHE_DIR"/*) ;;
        *)
            warn "$gopath is not the run's own, so GOPATH is $own"
            gopath=$own
            ;;
    esac

    local package=$WERCKER_SETUP_GO_WORKSPACE_PACKAGE_DIR
    if [ -z "$package" ]; then
        [ -n "$WERCKER_GIT_REPOSITORY" ] || fail "no package-dir is given, and the checkout has no remote to take it from"
        package="$WERCKER_GIT_DOMAIN/$WERCKER_GIT_OWNER/$WERCKER_GIT_REPOSITORY"
    fi
    local target copy
    target=$(realpath -ms -- "$gopath/src/$package")
    [[ $target == "$gopath"/* ]] || fail "package-dir leads out of the workspace: $package"

    if [ "$target" != "$WERCKER_SOURCE_DIR" ]; then
        # First to a folder beside it: the workspace may lie in the source.
        copy=$(mktemp -d "$WERCKER_PIPELINE_DIR/go-XXXXXX") &&
            cp -a -- "$WERCKER_SOURCE_DIR/." "$copy" &&
            mkdir -p -- "$target" &&
            cp -a -- "$copy/." "$target" &&
            rm -rf -- "$copy" || fail "the source could not be copied to $target"
    fi
    export GOPATH="$gopath" PATH="$gopath/bin:$PATH" WERCKER_SOURCE_DIR="$target"
    export GO111MODULE="${GO111MODULE:-auto}" # today's Go refuses a workspace without go.mod otherwise
    info "the source is in $target, where the steps behind this one start"
}
wercker_setup_go_workspace
unset -f wercker_setup_go_workspace

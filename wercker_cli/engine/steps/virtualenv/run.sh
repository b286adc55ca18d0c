# Makes a virtual environment and activates it.
wercker_virtualenv() {
    local python=${WERCKER_VIRTUALENV_PYTHON_LOCATION:-python3}
    "$python" -c '' || fail "this is no Python: $python"

    local own="$WERCKER_PIPELINE_DIR/venv"
    local place=${WERCKER_VIRTUALENV_VIRTUALENV_LOCATION:-$own}
    place=$(realpath -ms -- "$place")
    case $place in
        "$WERCKER_PIPELINE_DIR"/* | "$WERCKER_CACHE_DIR"/*) ;;
        *)
            warn "$place is not the run's own, so the virtual environment is made in $own"
            place=$own
            ;;
    esac

    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv "$place" || fail "$python -m venv failed"
    elif type virtualenv &>/dev/null; then
        virtualenv --python "$python" "$place" || fail "virtualenv failed"
    else
        fail "$python has no venv, and there is no virtualenv on PATH"
    fi
    VIRTUAL_ENV_DISABLE_PROMPT=1 source "$place/bin/activate"
    VIRTUAL_ENV=$place PATH="$place/bin:${_OLD_VIRTUAL_PATH:-$PATH}" # older Pythons expand a "$" in the folder's name
    info "the virtual environment $place is active from here on"
}
wercker_virtualenv
unset -f wercker_virtualenv

export PIP_CACHE_DIR="$WERCKER_CACHE_DIR/pip" # in place of ~/.cache/pip
export PIP_DOWNLOAD_CACHE="$PIP_CACHE_DIR"    # as it was called before pip 6
if [ "$WERCKER_VIRTUALENV_INSTALL_WHEEL" = true ]; then
    pip install wheel || fail "wheel could not be installed (install_wheel: false does without it)"
    export PIP_WHEEL_DIR="$WERCKER_CACHE_DIR/pip-wheels"
    export PIP_FIND_LINKS="${PIP_FIND_LINKS:-} file://${PIP_WHEEL_DIR// /%20}" # pip splits this one at spaces
    export PIP_USE_WHEEL=true
    mkdir -p -- "$PIP_WHEEL_DIR"
fi

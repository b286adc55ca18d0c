if [ -z "${VIRTUAL_ENV:-}" ]; then
    info "there is no virtual environment: this run gets one of its own"
    python3 -m venv "$WERCKER_PIPELINE_DIR/venv" || fail "python3 -m venv failed"
    VIRTUAL_ENV_DISABLE_PROMPT=1 source "$WERCKER_PIPELINE_DIR/venv/bin/activate"
    VIRTUAL_ENV="$WERCKER_PIPELINE_DIR/venv" PATH="$WERCKER_PIPELINE_DIR/venv/bin:$_OLD_VIRTUAL_PATH" # as in virtualenv
fi
export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$WERCKER_CACHE_DIR/pip}" # in place of ~/.cache/pip
(
    IFS=$' \t\n' read -rd '' -a pip <<<"$WERCKER_PIP_INSTALL_PIP_COMMAND"
    if ! type "${pip[0]-}" &>/dev/null; then
        pip=(python3 -m pip)
        "${pip[@]}" --version >/dev/null || fail "there is no '$WERCKER_PIP_INSTALL_PIP_COMMAND' on PATH, and python3 has no pip"
    fi

    requirements=()
    if [ -n "$WERCKER_PIP_INSTALL_REQUIREMENTS_FILE" ]; then
        [ -f "$WERCKER_PIP_INSTALL_REQUIREMENTS_FILE" ] ||
            fail "there is no $WERCKER_PIP_INSTALL_REQUIREMENTS_FILE here (requirements_file: \"\" does without it)"
        requirements=(-r "$WERCKER_PIP_INSTALL_REQUIREMENTS_FILE")
    fi
    IFS=$' \t\n' read -rd '' -a packages <<<"$WERCKER_PIP_INSTALL_PACKAGES_LIST"
    IFS=$' \t\n' read -rd '' -a extra <<<"$WERCKER_PIP_INSTALL_EXTRA_ARGS"
    IFS=$' \t\n' read -rd '' -a extra_wheel <<<"$WERCKER_PIP_INSTALL_EXTRA_WHEEL_ARGS"

    clean=${WERCKER_PIP_INSTALL_CLEANUP_WHEEL_DIR:-$WERCKER_PIP_INSTALL_CLEAN_WHEEL_DIR}
    if [[ ${clean:-false} != false && -d ${PIP_WHEEL_DIR:-} ]]; then
        case $(realpath -ms -- "$PIP_WHEEL_DIR") in
            "$WERCKER_PIPELINE_DIR"/* | "$WERCKER_CACHE_DIR"/*) find "$PIP_WHEEL_DIR" -maxdepth 1 -name '*.whl' -delete ;;
            *) warn "$PIP_WHEEL_DIR is not the run's own, so its wheels stay" ;;
        esac
    fi
    if [ "$WERCKER_PIP_INSTALL_AUTO_RUN_WHEEL" = true ] && [ "${PIP_USE_WHEEL:-}" = true ]; then
        "${pip[@]}" wheel "${requirements[@]}" "${packages[@]}" "${extra_wheel[@]}" || fail "pip wheel failed"
    fi
    "${pip[@]}" install "${requirements[@]}" "${packages[@]}" "${extra[@]}" || fail "pip install failed"
)

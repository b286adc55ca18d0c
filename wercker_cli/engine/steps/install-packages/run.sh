(
    IFS=$' \t\n'

    # Passes where a package, NAME or NAME=VERSION, is installed, or its command is there. The state is read as text:
    # dpkg-query also passes for a virtual package that nobody installed.
    is_there() {
        local name=${1%%=*} wanted='*' state version
        [[ $1 == *=* ]] && wanted=${1#*=}
        while read -r state version; do
            # shellcheck disable=SC2053 # apt-get takes patterns for versions
            [[ $state == installed && $version == $wanted ]] && return
        done < <(dpkg-query -W -f='${db:Status-Status} ${Version}\n' -- "$name" 2>/dev/null)
        [ "$wanted" = '*' ] || return
        case $name in
            *ssh-client) type -P ssh ;;
            maven) type -P mvn ;;
            *) type -P "$name" ;;
        esac >/dev/null
    }

    # The lists of packages, once a day, as apt-get keeps them.
    update() {
        [ -z "$(find "$updated" -mmin -1440 2>/dev/null)" ] || return 0
        "${apt_get[@]}" update && mkdir -p "${updated%/*}" && touch "$updated"
    }

    read -rd '' -a packages <<<"$WERCKER_INSTALL_PACKAGES_PACKAGES"
    missing=()
    for package in "${packages[@]}"; do
        [[ $package == -* ]] || is_there "$package" || missing+=("$package") # a word with a dash is an option
    done
    if [ ${#missing[@]} = 0 ]; then
        info "already installed: ${packages[*]}"
        exit 0
    fi

    install=(install -y "${packages[@]}")
    if ! type -P apt-get >/dev/null; then
        fail "not installed: ${missing[*]}; there is no apt-get here to install them with"
    elif [ "$(id -u)" = 0 ]; then
        apt_get=(env DEBIAN_FRONTEND=noninteractive apt-get)
    elif [ "${WERCKER_ALLOW_SUDO:-}" = 1 ] && type -P sudo >/dev/null; then
        apt_get=(command sudo -n apt-get)
    else
        fail "not installed: ${missing[*]}; install them with: sudo apt-get ${install[*]} (WERCKER_ALLOW_SUDO=1 lets this step do it)"
    fi

    updated="$WERCKER_CACHE_DIR/wercker/apt-updated"
    for try in 1 2 3; do
        info "apt-get ${install[*]}, try $try of 3"
        update || warn "apt-get update failed"
        "${apt_get[@]}" "${install[@]}" && exit 0
        [ "$WERCKER_INSTALL_PACKAGES_CLEAR_CACHE" != true ] || rm -f -- "$updated"
    done
    fail "apt-get install failed three times: ${missing[*]}"
)

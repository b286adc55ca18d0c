(
    source "$WERCKER_STEP_ROOT/expand.sh"
    LC_ALL=C # a template is bytes, and bash is quicker with them
    declare -A exported
    while IFS= read -rd '' pair; do
        [[ $pair =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] && exported[${pair%%=*}]=${pair#*=}
    done < <(env -0)

    IFS=$' \t\n' read -rd '' -a patterns <<<"${WERCKER_BASH_TEMPLATE_INPUT:-*.template*}"
    output=${WERCKER_BASH_TEMPLATE_OUTPUT:-./}
    set +f
    shopt -s nullglob
    shopt -u failglob dotglob nocaseglob
    IFS= # so that what follows is a match of names, and no splitting into words
    found=0
    for input in ${patterns[@]}; do
        [ -f "$input" ] || continue
        found=1
        place=$output
        if [[ $output == */ ]]; then
            [[ $input != */* || $input == /* ]] || place+=${input%/*}/
            name=${input##*/}
            place+=${name/.template/}
        fi
        mapfile lines <"$input"
        line=0 rest='' missing='' kept=''
        expand ''
        [ -z "$kept" ] || warn "$input: only variables are expanded, so this stays as it is: ${kept:0:60}"
        case $WERCKER_BASH_TEMPLATE_ERROR_ON_EMPTY in
            '' | false) ;;
            *) [ -z "$missing" ] || fail "$input: not set:$missing" ;;
        esac
        mkdir -p -- "$(dirname -- "$place")" && printf '%s' "$text" >|"$place" || fail "$place could not be written"
        info "$input -> $place"
    done
    [ $found = 1 ] || info "no file matches $WERCKER_BASH_TEMPLATE_INPUT"
)

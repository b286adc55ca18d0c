_wercker_completion() {
    local IFS=$'\n'
    local response

    local words="${COMP_WORDS[*]:0:COMP_CWORD+1}"
    words="${words//$'\n'@$'\n'/$'\n'@}"
    local breaks="${words//[!$'\n']/}"
    response=$(env COMP_WORDS="$words" COMP_CWORD=${#breaks} _WERCKER_COMPLETE=bash_complete $1)

    for completion in $response; do
        IFS=',' read type value <<< "$completion"

        if [[ $type == 'dir' ]]; then
            COMPREPLY=()
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            COMPREPLY=()
            compopt -o default
        elif [[ $type == 'plain' ]]; then
            COMPREPLY+=($value)
        fi
    done

    return 0
}

_wercker_completion_setup() {
    complete -o nosort -F _wercker_completion wercker
}

_wercker_completion_setup;


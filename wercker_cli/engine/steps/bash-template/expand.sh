# Variables in a text, without the rest of the shell: nothing in a template is ever run.

# Takes from `rest`, which is refilled from `lines`, up to $1 (a closing brace, or '' for all of it) and leaves it expanded
# in `text`; fails where the brace is missing. Adds to `missing` the names that are not set, and has in `kept` the first
# thing that a shell would have expanded and we do not.
expand() {
    local stop=$1 done='' before name operator set_aside
    while :; do
        before=${rest%%[\$\\\`$stop]*}
        done+=$before
        rest=${rest:${#before}}
        if [[ -z $rest && $line -lt ${#lines[@]} ]]; then
            rest=${lines[line++]} # by lines, since bash copies what is left each time
            continue
        elif [ -z "$rest" ]; then
            [ -z "$stop" ] || fail "$input: a \${ is never closed"
            break
        elif [[ -n $stop && $rest == "$stop"* ]]; then
            rest=${rest:1}
            break
        fi
        case $rest in
            \\[\$\\\`]*)
                done+=${rest:1:1}
                rest=${rest:2}
                ;;
            \\$'\n'*) rest=${rest:2} ;;
            \$[A-Za-z_]*)
                [[ ${rest:1:200} =~ ^[A-Za-z0-9_]+ ]]
                rest=${rest:1+${#BASH_REMATCH}}
                add_variable "${BASH_REMATCH[0]}"
                ;;
            '${'*)
                if ! [[ ${rest:2:200} =~ ^([A-Za-z_][A-Za-z0-9_]*)(:?[-+]|\}) ]]; then
                    keep
                    continue
                fi
                rest=${rest:2+${#BASH_REMATCH}}
                name=${BASH_REMATCH[1]} operator=${BASH_REMATCH[2]}
                if [ "$operator" = '}' ]; then
                    add_variable "$name"
                    continue
                fi
                set_aside=$missing
                expand '}'
                choose
                ;;
            \$\(* | \`*) keep ;;
            *)
                done+=${rest:0:1}
                rest=${rest:1}
                ;;
        esac
    done
    text=$done
}

add_variable() {
    done+=${exported[$1]-}
    [ -n "${exported[$1]+set}" ] || missing+=" $1"
}

# Adds the variable or the word behind its operator, which is in `text`. A word that is not used misses nothing.
choose() {
    local value=${exported[$name]-} counts=${exported[$name]+set}
    [[ $operator != :* || -n $value ]] || counts=''
    case $operator$counts in
        *-) done+=$text ;;
        *-set)
            done+=$value
            missing=$set_aside
            ;;
        *+) missing=$set_aside ;;
        *+set) done+=$text ;;
    esac
}

# Adds a character as it is, and notes what stood there.
keep() {
    kept=${kept:-${rest%$'\n'}}
    done+=${rest:0:1}
    rest=${rest:1}
}

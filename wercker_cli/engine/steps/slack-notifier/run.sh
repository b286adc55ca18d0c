(
    # A text as a JSON string.
    quoted() {
        local text=$1 code character
        text=${text//\\/\\\\}
        text=${text//\"/\\\"}
        for code in {1..31}; do
            printf -v character "\\x$(printf %x "$code")"
            printf -v code '\\u%04x' "$code"
            text=${text//"$character"/"$code"}
        done
        printf '"%s"' "$text"
    }

    # A text as Slack shows it literally.
    plain() {
        local text=${1//&/'&amp;'}
        text=${text//</'&lt;'}
        text=${text//>/'&gt;'}
        printf '%s' "$text"
    }

    [ -n "$WERCKER_SLACK_NOTIFIER_URL" ] || fail "url is empty: it is the address of a Slack webhook"
    if [[ $WERCKER_SLACK_NOTIFIER_NOTIFY_ON = failed && ${WERCKER_RESULT:-} != failed ]]; then
        info "not told: notify_on is failed, and this run is not"
        exit 0
    fi
    if [[ -n $WERCKER_SLACK_NOTIFIER_BRANCH && $WERCKER_SLACK_NOTIFIER_BRANCH != "$WERCKER_GIT_BRANCH" ]]; then
        info "not told: branch is $WERCKER_SLACK_NOTIFIER_BRANCH, and this run's is $WERCKER_GIT_BRANCH"
        exit 0
    fi

    color=good
    what=build
    [ -z "${DEPLOY:-}" ] || what=deploy
    application=$(plain "$WERCKER_APPLICATION_OWNER_NAME/$WERCKER_APPLICATION_NAME")
    rest=" of $application by $(plain "$WERCKER_STARTED_BY") ${WERCKER_RESULT:-runs} on branch $(plain "$WERCKER_GIT_BRANCH")"
    if [ "${WERCKER_RESULT:-}" = failed ]; then
        color=danger
        rest+=" at step $(plain "${WERCKER_FAILED_STEP_DISPLAY_NAME:-}")"
    fi

    fields="\"username\": $(quoted "$WERCKER_SLACK_NOTIFIER_USERNAME")"
    channel=$WERCKER_SLACK_NOTIFIER_CHANNEL
    [[ $channel == [@#]* ]] || channel="${channel:+#}$channel"
    [ -z "$channel" ] || fields+=", \"channel\": $(quoted "$channel")"
    [ -z "$WERCKER_SLACK_NOTIFIER_ICON_URL" ] || fields+=", \"icon_url\": $(quoted "$WERCKER_SLACK_NOTIFIER_ICON_URL")"
    fields+=", \"attachments\": [{\"color\": \"$color\", \"fallback\": $(quoted "$what$rest")"
    fields+=", \"text\": $(quoted "<$WERCKER_RUN_URL|$what>$rest")}]"

    # The address comes from a file: arguments are seen by everybody on the machine.
    answer=$(printf '{%s}' "$fields" |
        curl --silent --show-error --write-out '\n%{http_code}' --data-urlencode payload@- \
            --config <(printf 'url = %s\n' "$(quoted "$WERCKER_SLACK_NOTIFIER_URL")")) || fail "Slack was not reached"
    [[ ${answer##*$'\n'} == 2?? ]] || fail "Slack refused with ${answer##*$'\n'}: ${answer%$'\n'*}"
    info "Slack was told"
)

# SPDX-License-Identifier: Apache-2.0
# Completion of sluicectl in bash. What a line may hold is asked of the running daemon; without one, options are completed
# and nothing else is said. Installed as share/bash-completion/completions/sluicectl; or source it.

_sluicectl() {
    local current=${COMP_WORDS[COMP_CWORD]} line="" daemon=() word index
    local options="--socket --connect --tls-certificate --tls-key --tls-ca --tls-name --command --file --json --timeout --no-pager --help -c -f -j -h"
    COMPREPLY=()

    # bash cuts words at ":" and "=" too, which addresses and devices hold: cut the line at blanks, but not within quotes.
    local typed=${COMP_LINE:0:COMP_POINT} words=() open="" part="" char begun=
    for ((index = 0; index < ${#typed}; ++index)); do
        char=${typed:index:1}
        if [[ -n $open ]]; then
            [[ $char == "$open" ]] && open=""
            part+=$char
        elif [[ $char == [\"\'] ]]; then
            open=$char part+=$char begun=1
        elif [[ $char == [[:blank:]] ]]; then
            [[ -n $begun ]] && words+=("$part")
            part="" begun=
        else
            part+=$char begun=1
        fi
    done
    words+=("$part")

    # What stands before the word under way: options with their values, and the words of the command.
    local last=$((${#words[@]} - 1)) command=() takes=""
    for ((index = 1; index < last; ++index)); do
        word=${words[index]}
        if [[ -n $takes ]]; then
            [[ $takes == --socket || $takes == --connect || $takes == --tls-* ]] && daemon+=("$takes" "$word")
            takes=""
            continue
        fi
        case $word in
            --socket=* | --connect=* | --tls-*=*) daemon+=("$word") ;;
            --socket | --connect | --tls-* | --timeout | -c | --command | -f | --file) takes=$word ;;
            -*) ;;
            *) command+=("$word") ;;
        esac
    done

    case $takes in
        --timeout | --connect | --tls-name) return ;;
        --socket | --tls-* | -f | --file)
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            compopt -o filenames 2>/dev/null
            return
            ;;
        -c | --command)
            # The whole line is one word of bash's, with an open quote before it.
            line=${part#[\"\']}
            ;;
        *)
            if [[ $part == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
                return
            fi
            line="${command[*]}${command[*]:+ }$part"
            ;;
    esac

    # The words that could stand at the line's end; those of a line that is one word take its beginning along.
    local before="" candidate help
    if [[ $takes == -c || $takes == --command ]]; then
        [[ $line == *[[:blank:]]* ]] && before="${line%[[:blank:]]*} "
    fi
    while IFS=$'\t' read -r candidate help; do
        COMPREPLY+=("$before$candidate")
    done < <(sluicectl "${daemon[@]}" --complete "$line" 2>/dev/null)

    if [[ $takes == -c || $takes == --command ]]; then
        compopt -o nospace 2>/dev/null
        # bash ends the quote behind the only match; of two it takes what they share.
        [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} != *[/,] ]] && COMPREPLY=("${COMPREPLY[0]} " "${COMPREPLY[0]}  ")
    elif [[ $part == *[:=]* ]]; then
        # bash puts in place only what is behind its own cut.
        local cut=${part%"${part##*[:=]}"}
        COMPREPLY=("${COMPREPLY[@]#"$cut"}")
    fi
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
}
complete -F _sluicectl sluicectl

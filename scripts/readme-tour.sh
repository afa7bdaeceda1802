#!/usr/bin/env bash
# Takes a tour, the README's or that of another page: runs each of its shell blocks, in order and in one shell, against
# a running development server, and compares what is printed with the text block that follows. `...` stands for
# anything within a line.
#
#   scripts/readme-tour.sh [http://127.0.0.1:4000 [docs/account-tour.md]]
#
#   DURWARD_TOUR_OTHER     another node of the same deployment, for a tour that asks two
#   DURWARD_TOUR_MAILBOX   where its mails are shown, when the server is not a development server
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
base=${1:-http://127.0.0.1:4000}
page=${2:-README.md}
work=$(mktemp -d "${TMPDIR:-/tmp}/durward-tour.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The blocks become one script that says where each begins; the expected texts become files.
awk -v work="$work" '
    /^<!-- tour:/ { touring = 1 }
    /^<!-- the end of the tour/ { touring = 0 }
    !touring { next }
    /^```/ && block { close(work "/" block ".expected"); block = ""; next }
    /^```sh$/ { number++; block = "script"; printf "echo \"@@ %d\"\n", number >(work "/script"); next }
    /^```text$/ { block = number; printf "" >(work "/" number ".expected"); next }
    /^```/ { block = "other"; next }
    block == "script" { print >(work "/script") }
    block == number && block { print >(work "/" number ".expected") }
    END { print number + 0 >(work "/blocks") }
' "$page"

if [ "$(cat "$work/blocks")" -lt 5 ]; then
    echo "$page has no tour" >&2
    exit 1
fi
if [ "$(grep -c '^BASE=' "$work/script")" -ne 1 ]; then
    echo "the tour must name the server once, as BASE=" >&2
    exit 1
fi
sed -e "s|^BASE=.*|BASE=$base|" -e "s|^OTHER_NODE=.*|OTHER_NODE=${DURWARD_TOUR_OTHER:-$base}|" \
    -e "s|^MAILBOX=.*|MAILBOX=${DURWARD_TOUR_MAILBOX:-$base/dev/mail/messages}|" "$work/script" >"$work/tour"
if ! bash -eu "$work/tour" >"$work/printed" 2>&1; then
    cat "$work/printed"
    echo "a command of the tour failed" >&2
    exit 1
fi
cat "$work/printed"

failures=0
number=0
while [ "$number" -lt "$(cat "$work/blocks")" ]; do
    number=$((number + 1))
    awk -v from="@@ $number" '$0 == from { on = 1; next } /^@@ / { on = 0 } on' \
        "$work/printed" >"$work/$number.printed"
    : >>"$work/$number.expected"
    line=0
    while IFS= read -r expected <&3 || [ -n "$expected" ]; do
        line=$((line + 1))
        printed=$(sed -n "${line}p" "$work/$number.printed")
        # Everything is literal but the three dots.
        pattern=$(printf '%s' "$expected" | sed 's/[][\\*?]/\\&/g; s/\.\.\./*/g')
        # shellcheck disable=SC2053 # It is a pattern.
        if [[ $printed != $pattern ]]; then
            printf 'block %d, line %d\n  expected %s\n  printed  %s\n' \
                "$number" "$line" "$expected" "$printed" >&2
            failures=$((failures + 1))
        fi
    done 3<"$work/$number.expected"
    if [ "$(wc -l <"$work/$number.printed")" -ne "$line" ]; then
        printf 'block %d printed %d lines instead of %d\n' \
            "$number" "$(wc -l <"$work/$number.printed")" "$line" >&2
        failures=$((failures + 1))
    fi
done
if [ "$failures" -gt 0 ]; then exit 1; fi
echo "the tour is as $page says"

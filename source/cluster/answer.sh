# shellcheck shell=sh
# The form in which our scripts answer: one fact a line, a key, a tab and a value (inspect/lines.ts reads it). Free text, and what a
# program prints, travels as base64, so that nothing in it can begin a line of its own.

put() { printf '%s\t%s\n' "$1" "$2"; } # KEY VALUE
text() { printf '%s\t' "$1"; base64 | tr -d '\n'; echo; } # KEY, of its input

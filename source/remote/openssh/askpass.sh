# shellcheck shell=sh
# ssh runs this to ask something. The question lies in a directory of its own, which the console watches; the answer
# comes through a pipe and is never on a disk. No answer: the console does not answer, and ssh is told so.
set -eu
umask 077
asked=$(mktemp -d "${0%/*}/question.XXXXXX")
mkfifo "$asked/answer"
printf '%s' "${1:-}" >"$asked/text"
printf '%s' "${SSH_ASKPASS_PROMPT:-}" >"$asked/kind"
mv "$asked" "${asked%/*}/asked.${asked##*.}"
asked=${asked%/*}/asked.${asked##*.}
trap 'rm -rf -- "$asked"' EXIT
IFS= read -r answer <"$asked/answer" || exit 1
case $answer in
=*) printf '%s\n' "${answer#=}" ;;
*) exit 1 ;;
esac

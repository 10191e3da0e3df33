# shellcheck shell=sh
# Runs the ssh that keeps a connection, and ends it when whoever started this is gone, however it went: the standard
# input ends then. Arguments: the private directory, which goes with it, and the command.
directory=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
ssh=$!
{
  cat <&3
  kill "$ssh"
} >/dev/null 2>&1 &
watch=$!
# Ended by a signal to all of them, the directory goes all the same.
trap 'kill "$ssh" 2>/dev/null' TERM
wait "$ssh"
code=$?
kill "$watch" 2>/dev/null
rm -rf -- "$directory"
exit "$code"

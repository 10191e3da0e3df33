# shellcheck shell=sh
# The runner of a job, a file beside its script, in a session of its own, as the login user: job-scripts.ts. $1 is the login's umask.
# From job-scripts.ts: `as_user`, which runs what it reads as the job's user.
# shellcheck disable=SC2086 # the fields of /proc/PID/stat
# shellcheck disable=SC2015 # either fails: the script must not run

umask 077
read -r stat </proc/$$/stat
set -- "$1" ${stat##*) }
read -r boot </proc/sys/kernel/random/boot_id
echo "$$ ${21} $boot" >pid.new && mv pid.new pid || exit 1
date -u +%Y-%m-%dT%H:%M:%SZ >started
umask "$1"
exec <script
as_user >>log 2>&1
rc=$?
umask 077
{ read -r unread || [ -n "$unread" ]; } && : >unread
date -u +%Y-%m-%dT%H:%M:%SZ >ended
echo "$rc" >rc.new && mv rc.new rc

# shellcheck shell=sh
# The launcher of a job, as the login user: starts it unless its directory is there, which is the lock, then follows its log from a byte on.
# What it says, on stderr, and why so: job-scripts.ts, from where `alive` is. Without a runner it starts nothing.
# shellcheck disable=SC2034,SC2154 # `alive` reads $start, and sets $now
job_tag=
job_id=
job_script=
job_runner=
job_from=

say() { printf '%s %s\n' "$job_tag" "$*" >&2; }
refuse() { say refused "$(printf %s "$1" | tr '\n' ' ')"; exit 0; }
was=$(umask); umask 077
jobs=$HOME/.pgaf-upgrade/jobs; dir=$jobs/$job_id
if ! [ -d "$dir" ]; then
  if [ -z "$job_runner" ]; then say vanished 'its directory is not there'; exit 0; fi
  # Everything is in the directory before it gets its name: rename refuses one that is not empty, so it is as atomic as mkdir.
  # Only the shell itself writes: what it was sent has been seen to be whole, and a program costs more than the rest of it.
  parent=${dir%/*} new=$jobs/.new.$job_tag
  [ -d "$parent" ] || error=$(mkdir -p "$parent" 2>&1) || refuse "$error"
  error=$(mkdir "$new" 2>&1) || refuse "$error"
  error=$({ printf %s "$job_script" >"$new/script" && printf %s "$job_runner" >"$new/runner" && : >"$new/log"; } 2>&1) ||
    { rm -rf "$new"; refuse "$error"; }
  if error=$(mv -T "$new" "$dir" 2>&1); then
    cd "$dir" || refuse "cd $dir failed"
    setsid sh ./runner "$was" >/dev/null 2>&1 &
  else
    rm -rf "$new"
    [ -d "$dir" ] || refuse "$error"
  fi
fi
cd "$dir" || refuse "cd $dir failed"
pid=; start=; boot=
# The one who made the directory may be a moment from writing the pid.
tries=0
until [ -s pid ] || [ -s rc ] || [ $tries -ge 200 ]; do tries=$((tries + 1)); sleep 0.01; done
say following
if [ -s rc ] || ! alive; then tail -c "+$job_from" log 2>/dev/null
else tail -c "+$job_from" -s 0.005 --pid="$pid" -f log 2>/dev/null
fi
if [ -s rc ] && [ -e unread ]; then say denied "$(tr '\n' ' ' <log)"
elif [ -s rc ]; then read -r code <rc; say exited "$code" "$(wc -c <log)"
elif alive; then say again
elif [ -s pid ] && [ "$now" != "$boot" ]; then say vanished the host was restarted meanwhile
elif [ -s pid ]; then say vanished "its process $pid is gone and left no exit code"
# Whoever made the directory a moment ago may still write it.
elif [ -n "$(find . -maxdepth 0 -mmin -1)" ]; then say unborn 'it left no process id: it may never have started'
else say vanished 'it left no process id: it never started'
fi

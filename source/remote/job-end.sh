# shellcheck shell=sh
# Ends everything that a job has started, and proves that nothing is left; behind `marked` of job-processes.sh. Why so: job-processes.ts.

others() { marked | grep -v ' postgres$'; }
servers() { marked | grep ' postgres$'; }
gone() { # WHICH TENTHS: waits until none of them is left
  tries=0
  while [ -n "$($1)" ]; do
    [ $tries -ge "$2" ] && return 1
    tries=$((tries + 1)); sleep 0.1
  done
}
signal() { # WHICH SIGNAL
  found=$($1)
  [ -n "$found" ] || return 0
  printf '%s\n' "$found" | while read -r pid name; do
    echo "$2 to $name ($pid)"
    kill -s "$2" "$pid" 2>/dev/null || true
  done
}
signal others TERM
gone others 100 || { signal others KILL; gone others 50 || true; }
signal servers INT
gone servers 600 || { signal servers QUIT; gone servers 100 || { signal servers KILL; gone servers 50 || true; }; }
left=$(marked)
if [ -n "$left" ]; then printf 'still there:\n%s\n' "$left"; exit 1; fi
echo 'nothing of it is left'

# shellcheck shell=sh
# Whether the process that wrote `pid` in the working directory is that very one and lives: job-scripts.ts.
# shellcheck disable=SC2086 # the fields of /proc/PID/stat
# shellcheck disable=SC2094 # a variable has the file's name; nothing is written

alive() {
  [ -s pid ] || return 1
  read -r pid start boot <pid
  read -r now </proc/sys/kernel/random/boot_id
  [ "$now" = "$boot" ] || return 1
  { read -r stat </proc/$pid/stat; } 2>/dev/null || return 1
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "${20}" = "$start" ]
}

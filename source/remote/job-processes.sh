# shellcheck shell=sh
# `marked` prints `PID NAME` for each process of a job that this user may see: job-processes.ts.
mark=

marked() {
  { grep -lzsxF "$mark" /proc/[0-9]*/environ; grep -lsF "$mark;" /proc/[0-9]*/cmdline; } 2>/dev/null | cut -d/ -f3 | sort -un |
    while read -r pid; do
      name=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
      state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
      case $name in grep | cut | sort) continue ;; esac
      case $state in Z | X | '') continue ;; esac
      printf '%s %s\n' "$pid" "$name"
    done
}

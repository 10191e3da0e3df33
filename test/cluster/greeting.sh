# shellcheck shell=sh
# For fragment.test.ts.
name=
times=

greet() { # TEXT
  printf '%s, %s\n' "$1" "${name%% *}"
}
while [ "$times" -gt 0 ]; do greet hello; times=$((times - 1)); done

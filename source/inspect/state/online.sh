# shellcheck shell=sh
# What the online method has left on a node, for script.sh, whose functions it calls: `put`, `text`, `ask`, `directory`; and `ready_age` of steps/online/ready.ts. online.ts and parse-online.ts read it.
# shellcheck disable=SC2154 # $socket, $work, $data, $new_data, $backup_data are script.sh's
online_server_sql=
online_databases_sql=
online_database_sql=
follower_sql=
follower_socket=
back_socket=
copy=
private_units=

online() {
  put online asked
  if [ -S "$socket/.s.PGSQL.$port" ]; then
    text online.server "$(ask "$socket" postgres "$online_server_sql")"
    text online.databases "$(ask "$socket" postgres "$online_databases_sql" | while IFS= read -r one; do ask "$socket" "$one" "$online_database_sql" </dev/null; done)"
  fi
  [ -S "$follower_socket/.s.PGSQL.$port" ] && text online.follower "$(ask "$follower_socket" postgres "$follower_sql")"
  [ -S "$back_socket/.s.PGSQL.$port" ] && text online.back "$(ask "$back_socket" postgres "$follower_sql")"
  directory online.copy "$copy"
  # of its own, newest timeline: until it is promoted, which takes its standby.signal away, the newest one is the cluster's
  [ -e "$copy/standby.signal" ] || for history in "$copy"/pg_wal/*.history; do [ -f "$history" ] && newest=$history; done
  [ -n "${newest:-}" ] && put online.copy_end "$(awk 'NF { x = $2 } END { print x }' "$newest")"
  found=; for one in $private_units; do [ -e "/etc/systemd/system/$one" ] && add "$one"; done; text online.units "$found"
  [ -s "$work/online/keep-wal" ] && put online.keep_wal "$(head -n 1 "$work/online/keep-wal")"
  age=$(ready_age "$work/online/ready" cut-over "$data" "$new_data"); [ -n "$age" ] && put online.ready "cut-over $age"
  age=$(ready_age "$work/online/ready" way-back "$data" "$backup_data"); [ -n "$age" ] && put online.ready "way-back $age"
  found=; for one in "$work"/online/*; do [ -s "$one" ] && add "${one##*/}"; done; text online.files "$found"
}

import { sh } from '../../cluster/quote.ts';
import { sqlProgram } from '../../cluster/superuser-sql.ts';

/**
 * What a live server knows of itself that the runbook needs. `to_jsonb(d) ->>` because the columns for locale
 * providers came with 15 and were renamed in 17.
 */
const serverSql = `select json_build_object(
  'version', current_setting('server_version'),
  'superuser', (select rolname from pg_roles where oid = 10),
  'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
  'provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
  'providerLocale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
  'checksums', current_setting('data_checksums') = 'on',
  'walSegmentBytes', (select setting::bigint from pg_settings where name = 'wal_segment_size'),
  'tablespaces', coalesce((select json_agg(pg_tablespace_location(oid) order by oid) from pg_tablespace where oid >= 16384), '[]'),
  'socketDirectories', current_setting('unix_socket_directories'),
  'sources', coalesce((select json_agg(distinct sourcefile) from pg_file_settings where sourcefile is not null), '[]'),
  'files', json_build_array(current_setting('hba_file'), current_setting('ident_file'), current_setting('ssl_cert_file'),
    current_setting('ssl_key_file'), current_setting('ssl_ca_file'), current_setting('ssl_crl_file'), current_setting('ssl_dh_params_file')))
  from pg_database d where d.datname = 'template0'`;

export interface DiscoveryOverrides {
  readonly pgdata?: string | undefined;
  readonly unit?: string | undefined;
  readonly oldBindir?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * Finds every pg_autoctl on a host and prints what the facts need: read-only, as postgres, one round trip.
 * Numbered keys, one set for each pg_autoctl.cfg found.
 */
export const discoverScript = (
  newBindir: string,
  overrides: DiscoveryOverrides,
): string => `set -u; export LC_ALL=C PGCONNECT_TIMEOUT=3
new_bin=${sh(newBindir)} only=${sh(overrides.pgdata ?? '')} set_unit=${sh(overrides.unit ?? '')} set_old=${sh(overrides.oldBindir ?? '')} set_port=${overrides.port ?? "''"}
put() { printf '%s\\t%s\\n' "$1" "$2"; }
text() { printf '%s\\t' "$1"; base64 | tr -d '\\n'; echo; }
setting() { sed -n "s/^$1 *= *//p" "$2" | head -n 1; }
ask() { ${sqlProgram('psql', { variable: 'old_bin' }, 'postgres')} -XAtq -h "\${socket:-/tmp}" -p "$port" -c ${sh(serverSql)} </dev/null; }
put home "$HOME"
put user "$(id -un)"
for tool in postgres initdb pg_upgrade pg_ctl pg_controldata pg_dump psql vacuumdb; do [ -x "$new_bin/$tool" ] || printf '%s\\n' "$tool"; done | text missing
"$new_bin/postgres" --version 2>&1 | text new_version
[ -x "$new_bin/pg_autoctl" ] && put new_autoctl "$new_bin/pg_autoctl"
systemd=no; [ -d /run/systemd/system ] && command -v systemctl >/dev/null && systemd=yes
n=0
config_home=\${XDG_CONFIG_HOME:-$HOME/.config} data_home=\${XDG_DATA_HOME:-$HOME/.local/share}
found=$(find "$config_home/pg_autoctl" -name pg_autoctl.cfg 2>/dev/null | sort)
while IFS= read -r cfg; do
  [ -n "$cfg" ] || continue
  pgdata=$(setting pgdata "$cfg")
  [ -n "$only" ] && [ "$pgdata" != "$only" ] && continue
  n=$((n + 1)); put "$n" "$pgdata"; put "$n.cfg" "$cfg"; text "$n.cfg_text" <"$cfg"
  data=$(readlink -f "$pgdata"); put "$n.data" "$data"
  [ -r "$data/PG_VERSION" ] && put "$n.major" "$(head -n 1 "$data/PG_VERSION")"
  [ -n "$(find "$data" -maxdepth 0 -perm -0050 2>/dev/null)" ] && put "$n.group_access" yes
  old_bin=\${set_old:-$(dirname "$(setting pg_ctl "$cfg")")}; put "$n.old_bin" "$old_bin"
  [ -x "$old_bin/pg_autoctl" ] && put "$n.old_autoctl" "$old_bin/pg_autoctl"
  "$old_bin/postgres" --version 2>&1 | text "$n.old_version"
  put "$n.state" "$data_home/pg_autoctl$pgdata/pg_autoctl.state"
  [ -r "$data_home/pg_autoctl$pgdata/pg_autoctl.state" ] && put "$n.has_state" yes
  pid_file=/tmp/pg_autoctl$pgdata/pg_autoctl.pid pid=
  for f in "$pid_file" "/run/user/$(id -u)/pg_autoctl$pgdata/pg_autoctl.pid"; do [ -r "$f" ] && pid_file=$f && pid=$(head -n 1 "$f") && break; done
  put "$n.pid_file" "$pid_file"
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then put "$n.running" yes; put "$n.program" "$(readlink -f "/proc/$pid/exe" 2>/dev/null)"; fi
  if [ $systemd = yes ]; then
    unit=$set_unit; case $unit in ''|*.service) ;; *) unit=$unit.service ;; esac
    if [ -z "$unit" ] && [ -n "$pid" ]; then unit=$(sed -n 's|^0::.*/\\([^/]*\\.service\\)$|\\1|p; s|^1:name=systemd:.*/\\([^/]*\\.service\\)$|\\1|p' "/proc/$pid/cgroup" 2>/dev/null | head -n 1); fi
    if [ -z "$unit" ] || ! systemctl show -p ExecStart "$unit" 2>/dev/null | grep -q pg_autoctl; then
      [ -n "$set_unit" ] || unit=$(grep -ls pg_autoctl /etc/systemd/system/*.service /usr/local/lib/systemd/system/*.service /usr/lib/systemd/system/*.service /lib/systemd/system/*.service | while IFS= read -r f; do
        grep -q "$pgdata['\\" ]*\\$" "$f" && basename "$f" && break; done)
    fi
    if [ -n "$unit" ]; then put "$n.unit" "$unit"; systemctl show -p LoadState -p UnitFileState -p ActiveState -p KillMode -p FragmentPath -p DropInPaths -p ExecStart "$unit" 2>/dev/null | text "$n.unit_show"; fi
  fi
  find "$data" -maxdepth 1 '(' -type f -size -10240k -o -type l ')' 2>/dev/null | sed 's|.*/||' | text "$n.files"
  find "$data" -maxdepth 1 -type d 2>/dev/null | sed 's|.*/||' | text "$n.directories"
  port=\${set_port:-$(setting port "$cfg")}; put "$n.port" "$port"
  for socket in "$(sed -n 5p "$data/postmaster.pid" 2>/dev/null)" /var/run/postgresql /tmp; do
    [ -n "$socket" ] && [ -S "$socket/.s.PGSQL.$port" ] && { put "$n.socket" "$socket"; break; }
  done
  # warnings (a collation's version, say) are not part of the answer; an answer that is not JSON is psql's reason for having none
  said=$(ask 2>/dev/null) || said=$(ask 2>&1); printf '%s\\n' "$said" | text "$n.server"
done <<EOF
$found
EOF
work=$HOME/pgaf-upgrade
for trace in "$work/fingerprint" "$work/stopped" "$work"/done/rollback-* /run/systemd/system/*.d/pgaf-upgrade.conf; do [ -e "$trace" ] && { put underway yes; break; }; done
cat "$work/record.json" 2>/dev/null | text record
put end yes
`;

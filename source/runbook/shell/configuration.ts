import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, sh, spaced, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import { inBin } from './shell.ts';

/**
 * Shell, a predicate of find: a private key that others than its owner may read. The server takes such a key from root, whose file it
 * was (0640, say), but not from its own user, whose file the copy is.
 * Source: PostgreSQL, “Secure TCP/IP Connections with SSL” (ssl-tcp), be-secure-common.c, check_ssl_key_file_permissions.
 */
const openKey = sh`-type f -perm /077 -exec grep -q 'PRIVATE KEY-----' '{}' ';'`;

/** The lines that copy every configuration file, with mode and time, and stay silent about absent ones. */
export const carryLines = (host: HostFacts, from: Path, to: Path): Fragment => sh`
  set -- ${to}
  for f in ${spaced(host.carry)}; do
    if [ -e ${from}/"$f" ]; then
      rm -rf ${to}/"$f"; cp -pR ${from}/"$f" ${to}/"$f"; echo "carried $f"; set -- "$@" ${to}/"$f"
      find ${to}/"$f" ${openKey} -exec chmod go= '{}' ';' -exec echo 'only its owner may read the private key' '{}' ';'
    fi
  done
`;

/** What has just been carried is on the disk, before the next line relies on it; the directory itself is the first of them. */
export const carriedIsKept: Fragment = sh`{ sync -- "$1" && shift && find "$@" '(' -type f -o -type d ')' -exec sync -- '{}' +; } || sync`;

/**
 * Asks the new server to read a configuration without starting: it names the file and line of a setting that it does
 * not know. Source: PostgreSQL, postgres -C.
 */
export const readConfigurationLines = (host: HostFacts, data: Path, configuration: Path): Fragment => sh`
  for name in shared_preload_libraries max_connections shared_buffers ssl; do
    value=$(${inBin(host.newBindir, 'postgres')} -D ${data} -C "$name" -c config_file=${word`${configuration}/postgresql.conf`} -c data_directory=${data})
    echo "${host.newVersion} reads $name = $value"
  done
`;

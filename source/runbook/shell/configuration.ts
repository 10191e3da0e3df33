import type { HostFacts } from '../../cluster/facts.ts';
import { type Fragment, sh, spaced, word } from '../../cluster/fragment.ts';
import type { Path } from '../../cluster/words.ts';
import { inBin } from './shell.ts';

/** The lines that copy every configuration file, with owner, mode and time, and stay silent about absent ones. */
export const carryLines = (host: HostFacts, from: Path, to: Path): Fragment => sh`
  set -- ${to}
  for f in ${spaced(host.carry)}; do
    if [ -e ${from}/"$f" ]; then rm -rf ${to}/"$f"; cp -pR ${from}/"$f" ${to}/"$f"; echo "carried $f"; set -- "$@" ${to}/"$f"; fi
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

import type { HostFacts } from '../../cluster/facts.ts';
import { sh } from '../../cluster/quote.ts';
import { inBin } from '../shell.ts';

/** The lines that copy every configuration file, with owner, mode and time, and stay silent about absent ones. */
export const carryLines = (host: HostFacts, from: string, to: string): string[] => [
  `set -- ${sh(to)}`,
  `for f in ${host.carry.map(sh).join(' ')}; do`,
  `  if [ -e ${sh(from)}/"$f" ]; then rm -rf ${sh(to)}/"$f"; cp -pR ${sh(from)}/"$f" ${sh(to)}/"$f"; echo "carried $f"; set -- "$@" ${sh(to)}/"$f"; fi`,
  'done',
];

/** What has just been carried is on the disk, before the next line relies on it; the directory itself is the first of them. */
export const carriedIsKept: readonly string[] = [
  `{ sync -- "$1" && shift && find "$@" '(' -type f -o -type d ')' -exec sync -- '{}' +; } || sync`,
];

/**
 * Asks the new server to read a configuration without starting: it names the file and line of a setting that it does
 * not know. Source: PostgreSQL, postgres -C.
 */
export const readConfigurationLines = (host: HostFacts, data: string, configuration: string): string[] => [
  'for name in shared_preload_libraries max_connections shared_buffers ssl; do',
  `  value=$(${sh(inBin(host.newBindir, 'postgres'))} -D ${sh(data)} -C "$name" -c config_file=${sh(`${configuration}/postgresql.conf`)} -c data_directory=${sh(data)})`,
  `  echo "${host.newVersion} reads $name = $value"`,
  'done',
];

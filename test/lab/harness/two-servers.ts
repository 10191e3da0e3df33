import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Lab, type LabHost, quote } from './lab.ts';

const labScript = fileURLToPath(new URL('../../../fixtures/lab/lab', import.meta.url));

/** What an application on the host itself could write to: every listening socket of a PostgreSQL, and the port, as nobody in particular. */
const watching = (port: number, address: string): string => `
ask() { runuser -u nobody -- timeout 2 psql -XAtq "host=$1 port=${port} user=app dbname=app connect_timeout=1" -c "select current_setting('server_version_num')::int / 10000 where not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off'" 2>/dev/null; }
exec {pause}<> <(:)
while :; do
  writable= first=
  for at in ${quote(address)} $(awk '$NF ~ /\\/\\.s\\.PGSQL\\.[0-9]+$/ { sub(/\\/\\.s\\.PGSQL\\.[0-9]+$/, "", $NF); print $NF }' /proc/net/unix | sort -u); do
    v=$(ask "$at") || v=
    case $v in '') ;; *) writable="$writable $v"; : "\${first:=$at}" ;; esac
  done
  versions=$(echo $writable | tr ' ' '\\n' | sort -u | tr '\\n' ' ')
  # one after the other is a change of places: both only if the first still takes them
  case $versions in *' '*' ') [ -n "$(ask "$first")" ] && echo "BOTH $versions" || echo "$versions" ;; *) echo "\${versions:-none }" ;; esac
  read -rt 0.15 -u $pause || true
done`;

/** Asks all the time which of a host's servers takes writes from an application; whether two ever did. */
export class TwoServers {
  readonly both: string[] = [];
  rounds = 0;
  readonly #lab: Lab;
  readonly #host: LabHost;
  #child: ChildProcess | null = null;
  #stopping = false;

  constructor(lab: Lab, host: LabHost) {
    this.#lab = lab;
    this.#host = host;
    this.#begin();
  }

  #begin(): void {
    const child = spawn(labScript, ['root', this.#host], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child = child;
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(watching(this.#lab.settings.port, this.#lab.address(this.#host)));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) {
        if (line !== '') this.rounds += 1;
        if (line.startsWith('BOTH')) this.both.push(`${new Date().toISOString()} ${line}`);
      }
    });
    // the host was rebooted
    child.on('close', () => {
      if (!this.#stopping) setTimeout(() => this.#begin(), 1_000);
    });
  }

  /** It asks again, behind a stop. */
  goOn(): void {
    this.#stopping = false;
    this.#begin();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    // its next line ends it
    child.stdout?.destroy();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 5_000))]);
  }
}

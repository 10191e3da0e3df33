import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Result } from '../../source/cluster/result.ts';
import { type KeyPair, newKeyPair } from '../../source/demo/hosts/key-pair.ts';
import { connect } from '../../source/remote/connect.ts';
import type {
  Answer,
  Ask,
  HostAddress,
  Question,
  RemoteOptions,
  TransportName,
} from '../../source/remote/host.ts';
import type { AnyHost } from './any-host.ts';
import { Sshd } from './sshd.ts';

// Each of these takes a second; a busy machine may take ten.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

export const unwrap = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(`${result.error.what} (${result.error.cause ?? 'no cause'})`);
  return result.value;
};

/** A directory, a key, servers and connections that go away together. */
export class Bench {
  readonly directory: string;
  readonly key: KeyPair;
  readonly questions: Question[] = [];
  answer: (question: Question) => Answer = () => ({ kind: 'yes' });
  readonly #servers: Sshd[] = [];
  readonly #hosts: AnyHost[] = [];
  readonly ask: Ask;
  /** Which program keeps the connections. */
  readonly transport: TransportName;

  private constructor(directory: string, key: KeyPair, transport: TransportName) {
    this.transport = transport;
    this.directory = directory;
    this.key = key;
    this.ask = async (question) => {
      this.questions.push(question);
      return this.answer(question);
    };
  }

  static async open(transport: TransportName = 'ssh2'): Promise<Bench> {
    const bench = new Bench(await mkdtemp(join(tmpdir(), 'pgaf-bench-')), newKeyPair(), transport);
    await writeFile(bench.keyFile, bench.key.private, { mode: 0o600 });
    return bench;
  }

  get keyFile(): string {
    return join(this.directory, 'id');
  }

  get knownHosts(): string {
    return join(this.directory, 'ssh', 'known_hosts');
  }

  async server(hostKeys?: KeyPair[]): Promise<Sshd> {
    const sshd = await Sshd.start([this.key], hostKeys);
    this.#servers.push(sshd);
    return sshd;
  }

  options(more: Partial<RemoteOptions> = {}): RemoteOptions {
    return {
      ask: this.ask,
      become: 'sudo',
      sshConfigFile: null,
      knownHostsFiles: [this.knownHosts],
      agentSocket: null,
      ...more,
    };
  }

  async connectTo(address: HostAddress, more: Partial<RemoteOptions> = {}): Promise<Result<AnyHost>> {
    const result = await connect({ transport: this.transport, ...address }, this.options(more));
    if (result.ok) this.#hosts.push(result.value);
    return result;
  }

  connect(
    sshd: Sshd,
    address: Partial<HostAddress> = {},
    more: Partial<RemoteOptions> = {},
  ): Promise<Result<AnyHost>> {
    const basic = { alias: 'node_1', host: '127.0.0.1', user: 'dba', port: sshd.port };
    return this.connectTo({ ...basic, identityFiles: [this.keyFile], ...address }, more);
  }

  async reach(
    sshd: Sshd,
    address: Partial<HostAddress> = {},
    more: Partial<RemoteOptions> = {},
  ): Promise<AnyHost> {
    return unwrap(await this.connect(sshd, address, more));
  }

  async close(): Promise<void> {
    for (const host of this.#hosts) await host.close();
    for (const server of this.#servers) await server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

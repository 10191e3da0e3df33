import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { fail, messageOf, ok, type Result } from '../cluster/result.ts';
import type { StreamTarget } from './host.ts';
import type { Ending, NotOpened, Running, Transport } from './transport.ts';

/** A peer that does not answer the goodbye must not hold the console. */
const goodbyeMs = 1_000;

/** Waits for 'close' (after both outputs ended), not for 'exit', which comes before the last output. */
const endingOf = (channel: ClientChannel): Promise<Ending> =>
  new Promise((resolve) => {
    let ending: Ending = { code: null, signal: null };
    channel.on('exit', (code: number | null, signal?: string) => {
      ending = { code: code ?? null, signal: signal ?? null };
    });
    channel.on('close', () => resolve(ending));
  });

const runningOn = (channel: ClientChannel): Running => {
  // Writing to a command that is already gone is no news: its ending says more.
  channel.on('error', () => undefined);
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended: endingOf(channel),
    stop: () => {
      channel.signal('TERM');
      channel.destroy();
    },
  };
};

/** What `pg` expects of a net.Socket and a channel lacks. The channel is connected already; pg waits to be told. */
const likeSocket = (channel: ClientChannel): Duplex => {
  const self = (): ClientChannel => channel;
  return Object.assign(channel, {
    connect: () => {
      process.nextTick(() => channel.emit('connect'));
      return channel;
    },
    setNoDelay: self,
    setKeepAlive: self,
    setTimeout: self,
    ref: self,
    unref: self,
  });
};

/** The connection that ssh2 keeps inside this process. */
export class Ssh2Transport implements Transport {
  readonly #client: Client;
  #cause: string | null = null;

  constructor(client: Client) {
    this.#client = client;
    client.once('error', (error) => {
      this.#cause = error.message;
    });
  }

  exec(command: string): Promise<Result<Running, NotOpened>> {
    return new Promise((resolve) => {
      try {
        this.#client.exec(command, (error, channel) => {
          if (error)
            resolve(fail({ cause: error.message, refused: /channel open failure/i.test(error.message) }));
          // Here and not after an await: 'exit' may come with the same packet as the channel.
          else resolve(ok(runningOn(channel)));
        });
      } catch (thrown) {
        resolve(fail({ cause: messageOf(thrown), refused: false }));
      }
    });
  }

  stream(target: StreamTarget): Promise<Result<Duplex, string>> {
    return new Promise((resolve) => {
      const opened = (error: Error | undefined, channel: ClientChannel): void =>
        resolve(error ? fail(error.message) : ok(likeSocket(channel)));
      try {
        if (target.kind === 'tcp') this.#client.forwardOut('127.0.0.1', 0, '127.0.0.1', target.port, opened);
        else this.#client.openssh_forwardOutStreamLocal(target.path, opened);
      } catch (thrown) {
        resolve(fail(messageOf(thrown)));
      }
    });
  }

  onClosed(listener: (cause: string | null) => void): void {
    this.#client.once('close', () => listener(this.#cause));
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#client.destroy(), goodbyeMs);
      this.#client.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#client.end();
    });
  }

  destroy(): void {
    this.#client.destroy();
  }
}

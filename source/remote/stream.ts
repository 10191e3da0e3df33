import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { fail, messageOf, ok, problem, type Result } from '../cluster/result.ts';
import type { StreamTarget } from './host.ts';
import type { Line } from './line.ts';

const openTimeoutMs = 10_000;

const targetName = (target: StreamTarget): string =>
  target.kind === 'tcp' ? `127.0.0.1:${target.port}` : target.path;

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

/**
 * A byte stream through the SSH connection to the host's own loopback or unix socket, fit for
 * `new pg.Client({ stream: () => channel })`. Errors: no line, nobody listens there, sshd forbids forwarding.
 */
export const openStream = async (
  line: Line,
  alias: string,
  target: StreamTarget,
): Promise<Result<Duplex>> => {
  const client = await line.client(openTimeoutMs);
  if (!client.ok) return client;
  return new Promise((resolve) => {
    let given = false;
    const failed = (cause: string) => {
      given = true;
      clearTimeout(timer);
      const remedy = `Does something listen there, and does sshd allow AllowTcpForwarding${target.kind === 'unix' ? ' and AllowStreamLocalForwarding' : ''}?`;
      resolve(fail(problem(`${alias} cannot open ${targetName(target)}.`, remedy, cause)));
    };
    const timer = setTimeout(() => failed(`no answer within ${openTimeoutMs / 1000} s`), openTimeoutMs);
    const opened = (error: Error | undefined, channel: ClientChannel) => {
      if (given) {
        if (!error) channel.destroy();
        return;
      }
      if (error) return failed(error.message);
      clearTimeout(timer);
      resolve(ok(likeSocket(channel)));
    };
    try {
      if (target.kind === 'tcp') client.value.forwardOut('127.0.0.1', 0, '127.0.0.1', target.port, opened);
      else client.value.openssh_forwardOutStreamLocal(target.path, opened);
    } catch (thrown) {
      failed(messageOf(thrown));
    }
  });
};

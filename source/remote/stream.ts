import type { Duplex } from 'node:stream';
import { fail, ok, problem, type Result } from '../cluster/result.ts';
import type { StreamTarget } from './host.ts';
import type { Line } from './line.ts';

const openTimeoutMs = 10_000;

const targetName = (target: StreamTarget): string =>
  target.kind === 'tcp' ? `127.0.0.1:${target.port}` : target.path;

/**
 * A byte stream through the SSH connection to the host's own loopback or unix socket, fit for
 * `new pg.Client({ stream: () => channel })`. Errors: no line, nobody listens there, sshd forbids forwarding.
 */
export const openStream = async (
  line: Line,
  alias: string,
  target: StreamTarget,
): Promise<Result<Duplex>> => {
  const transport = await line.transport(openTimeoutMs);
  if (!transport.ok) return transport;
  return new Promise((resolve) => {
    let given = false;
    const failed = (cause: string) => {
      given = true;
      clearTimeout(timer);
      const remedy = `Does something listen there, and does sshd allow AllowTcpForwarding${target.kind === 'unix' ? ' and AllowStreamLocalForwarding' : ''}?`;
      resolve(fail(problem(`${alias} cannot open ${targetName(target)}.`, remedy, cause)));
    };
    const timer = setTimeout(() => failed(`no answer within ${openTimeoutMs / 1000} s`), openTimeoutMs);
    void transport.value.stream(target).then((opened) => {
      if (given) {
        if (opened.ok) opened.value.destroy();
        return;
      }
      if (!opened.ok) return failed(opened.error);
      clearTimeout(timer);
      resolve(ok(opened.value));
    });
  });
};

import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench, unwrap } from './bench.ts';

// The contract of every transport.
describe.each(['ssh2', 'openssh'] as const)('by %s', (transport) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open(transport);
  });
  afterEach(() => bench.close());

  test('gives code, stdout and stderr apart, and nothing that sudo or login files print', async () => {
    const host = await bench.reach(await bench.server());
    const output = unwrap(await host.run('echo out; echo err >&2; exit 3', { as: 'postgres' }));
    expect(output).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  test('becomes another user by sudo, itself by nothing, anybody from root by runuser', async () => {
    const sshd = await bench.server();
    const look = 'echo "$BECAME|$USER|$LOGNAME|$HOME|$PWD|$XDG_RUNTIME_DIR"';
    const dba = await bench.reach(sshd);
    const home = sshd.home;
    expect(unwrap(await dba.run(look, { as: 'dba' })).stdout).toBe(`|dba|dba|${home}|${home}|\n`);
    expect(unwrap(await dba.run(look, { as: 'postgres' })).stdout).toBe(
      `sudo postgres|postgres|postgres|${home}|${home}|\n`,
    );
    const root = await bench.reach(sshd, { user: 'root' });
    const { stdout } = unwrap(await root.run(look, { as: 'daemon' }));
    expect(stdout).toMatch(/^runuser daemon\|daemon\|daemon\|\/usr\/sbin\|\/usr\/sbin\|\n$/);
  });

  test('runs the script byte for byte, and keeps it off the command line', async () => {
    const sshd = await bench.server();
    const host = await bench.reach(sshd);
    const script = `# a 'quoted' "comment"\ncat <<'E'\n$HOME \\ ${'ü'.repeat(3)} secret\nE\nread line || echo "no stdin"\nprintf '%s' "$pgaf_s"\n\n`;
    expect(unwrap(await host.run(script, { as: 'postgres' })).stdout).toBe('$HOME \\ üüü secret\nno stdin\n');
    expect(sshd.commands.join('\n')).not.toContain('secret');
  });

  test('feeds stdin to the script whole', async () => {
    const host = await bench.reach(await bench.server());
    const stdin = `first\n${'x'.repeat(300_000)}`;
    const output = unwrap(await host.run('read a; echo "$a"; wc -c', { as: 'postgres', stdin }));
    expect(output.stdout.split(/\s+/)).toEqual(['first', '300000', '']);
  });

  test('a refusal by sudo is a problem with a remedy, not an exit code', async () => {
    const host = await bench.reach(await bench.server());
    const result = await host.run('true', { as: 'forbidden' });
    expect(result).toMatchObject({ ok: false, error: { remedy: expect.stringContaining('NOPASSWD') } });
  });

  test('without become there is only the login user', async () => {
    const host = await bench.reach(await bench.server(), {}, { become: 'none' });
    expect(unwrap(await host.run('echo here', { as: 'dba' })).stdout).toBe('here\n');
    expect(await host.run('true', { as: 'postgres' })).toMatchObject({ ok: false });
  });

  test('an end without an exit code is unknown', async () => {
    const sshd = await bench.server();
    const host = await bench.reach(sshd);
    const cut = host.run(`echo > ${sshd.home}/here; sleep 20`, { as: 'dba' });
    const other = await bench.reach(sshd);
    unwrap(
      await other.run(`until [ -e ${sshd.home}/here ] || [ ! -d ${sshd.home} ]; do sleep 0.01; done`, {
        as: 'dba',
      }),
    );
    sshd.cut();
    expect(await cut).toMatchObject({ ok: false, error: { what: expect.stringContaining('unknown') } });
  });

  test('time and size are bounded', async () => {
    const host = await bench.reach(await bench.server());
    const late = await host.run('sleep 5', { as: 'dba', timeoutMs: 150 });
    expect(late).toMatchObject({ ok: false, error: { what: expect.stringContaining('0.15 s') } });
    const flood = await host.run('head -c 17000000 /dev/zero', { as: 'dba' });
    expect(flood).toMatchObject({ ok: false, error: { what: expect.stringContaining('16 MiB') } });
  });

  test('more commands than sshd has sessions wait for their turn', async () => {
    const sshd = await bench.server();
    const host = await bench.reach(sshd);
    const runs = Array.from({ length: 24 }, (_, index) =>
      host.run(`sleep 0.02; echo ${index}`, { as: 'dba' }),
    );
    const outputs = (await Promise.all(runs)).map((result) => unwrap(result).stdout.trim());
    expect(outputs).toEqual(Array.from({ length: 24 }, (_, index) => String(index)));
    expect(sshd.mostExecs).toBeLessThanOrEqual(8);
  });

  test('a session that sshd refuses is asked for again', async () => {
    const sshd = await bench.server();
    const host = await bench.reach(sshd);
    sshd.refusals = 3;
    expect(unwrap(await host.run('echo in', { as: 'dba' })).stdout).toBe('in\n');
  });

  test('streams reach a TCP port and a unix socket of the host', async () => {
    const sshd = await bench.server();
    const host = await bench.reach(sshd);
    const echo = createServer((socket) => socket.pipe(socket));
    const said = async (target: Parameters<typeof host.openStream>[0]) => {
      const stream = unwrap(await host.openStream(target));
      const heard = new Promise((resolve) => stream.once('data', (chunk) => resolve(String(chunk))));
      stream.write('ping');
      expect(await heard).toBe('ping');
      stream.destroy();
    };
    const path = join(sshd.home, 'socket');
    await new Promise<void>((resolve) => echo.listen(path, resolve));
    await said({ kind: 'unix', path });
    await new Promise((resolve) => echo.close(resolve));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    const address = echo.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    await said({ kind: 'tcp', port: address.port });
    await new Promise((resolve) => echo.close(resolve));
    expect(await host.openStream({ kind: 'tcp', port: address.port })).toMatchObject({ ok: false });
  });
});

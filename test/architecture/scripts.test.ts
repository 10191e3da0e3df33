import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { fixed, sh } from '../../source/cluster/fragment.ts';
import type { RemoteHost } from '../../source/remote/host.ts';
import type { Script } from '../../source/runbook/language/step.ts';

const source = resolve(import.meta.dirname, '../../source');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.tsx?$/.test(name),
);
const textOf = (name: string): string => readFileSync(join(source, name), 'utf8');

interface Scan {
  /** Where what was read ends. */
  readonly end: number;
  /** Strings and untagged templates; what stands in `${}` is left out of a template. */
  readonly texts: readonly string[];
}

/** A template from behind its first backtick, and the strings in its values. */
const template = (text: string, from: number): Scan & { readonly own: string } => {
  const texts: string[] = [];
  let own = '';
  let at = from;
  while (at < text.length && text[at] !== '`') {
    if (text[at] === '\\') {
      own += text.slice(at, at + 2);
      at += 2;
    } else if (text.startsWith('${', at)) {
      const value = code(text, at + 2);
      texts.push(...value.texts);
      own += '$…';
      at = value.end;
    } else own += text[at++];
  }
  return { end: at + 1, texts, own };
};

/** Code, up to the brace that ends the value of a template, or to the end. */
const code = (text: string, from: number): Scan => {
  const texts: string[] = [];
  let at = from;
  let depth = 0;
  while (at < text.length) {
    const rest = text.slice(at, at + 400);
    const skipped =
      /^\/\*[\s\S]*?\*\/|^\/\/[^\n]*/.exec(text.startsWith('/*', at) ? text.slice(at) : rest)?.[0] ??
      // A regular expression, behind what cannot end a value.
      (/[(,=:[!&|?{};>]\s*$|\breturn $/.test(text.slice(Math.max(0, at - 12), at))
        ? /^\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*/.exec(rest)?.[0]
        : undefined);
    const string = /^'(?:[^'\\\n]|\\.)*'|^"(?:[^"\\\n]|\\.)*"/.exec(text.slice(at, at + 4000))?.[0];
    if (skipped !== undefined) at += skipped.length;
    else if (string !== undefined) {
      texts.push(string.slice(1, -1));
      at += string.length;
    } else if (text[at] === '`') {
      const tagged =
        /[A-Za-z>]$/.test(text.slice(0, at)) && !/\b(?:return|case|of|in)$/.test(text.slice(0, at));
      const inner = template(text, at + 1);
      texts.push(...inner.texts, ...(tagged ? [] : [inner.own]));
      at = inner.end;
    } else {
      if (text[at] === '{') depth += 1;
      if (text[at] === '}') {
        if (depth === 0 && from > 0) return { end: at + 1, texts };
        depth -= 1;
      }
      at += 1;
    }
  }
  return { end: at, texts };
};

/** What shell looks like, and nothing else in this source does. */
const shell =
  /\b[12]?>\s*(?:\/dev\/null|&[12])|\|\| (?:true|exit|return|\{)|; (?:fi|done|esac)\b|; (?:then|do)$|^\s*(?:if|until|while) .*; (?:then|do)\b|^\s*set -[eu]|\[ -[a-z] |\bexport LC_ALL=|"\$(?:[a-z_@*#0-9]|\()|\$\((?!…)[a-z]/m;

/** They make no script for a host of a cluster: stand-ins and the demo's own machine; help texts. */
const others = [/^demo\//, /^commands\/(?:usage|table|complet)/];

test('the search sees a script in a string, and none in a template', () => {
  const of = (text: string) => code(text, 0).texts.filter((one) => shell.test(one));
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: source of ours
  expect(of('const a = `if [ -e ${sh(x)} ]; then echo; fi`;')).toHaveLength(1);
  expect(of("const a = ['set -eu', b].join('\\n');")).toEqual(['set -eu']);
  expect(of("const a = sh`x=${quoted('a')} || true ${b.map((one) => sh`[ -e ${one} ]`)}`;")).toEqual([]);
  expect(of('const a = sh`x ${b.map((one) => `[ -e ${one} ]`)}`;')).toEqual(['[ -e $… ]']);
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: source of ours
});

test('no script is put together from strings', () => {
  const found = files
    .filter((name) => !others.some((one) => one.test(name)))
    .flatMap((name) =>
      code(textOf(name), 0)
        .texts.filter((one) => shell.test(one))
        .map((one) => `${name}: ${one.slice(0, 120)}`),
    );
  expect(found).toEqual([]);
});

test('what quotes a word of the shell is used by the template alone', () => {
  const users = files.filter((name) =>
    /import \{[^}]*\bshellQuoted\b[^}]*\} from '[^']*\bquote\.ts'/.test(textOf(name)),
  );
  expect(users).toEqual(['cluster/fragment.ts']);
});

const shellFiles = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.sh'),
);

test('a file of shell is POSIX shell, and is bundled as text beside what sets its values', () => {
  expect(shellFiles.length).toBeGreaterThan(0);
  for (const name of shellFiles) {
    const { status, stderr } = spawnSync('sh', ['-n', join(source, name)], { encoding: 'utf8' });
    expect([name, status, stderr]).toEqual([name, 0, '']);
    expect([name, textOf(name).startsWith('# shellcheck shell=sh\n')]).toEqual([name, true]);
    const importing = new RegExp(`from '\\./${basename(name)}' with \\{ type: 'text' \\};`);
    const beside = files.filter((one) => dirname(one) === dirname(name) && importing.test(textOf(one)));
    expect([name, beside.length]).toEqual([name, 1]);
  }
});

test('fixed shell is what was read from such a file, and nothing else type-checks', () => {
  const others = (text: string): void => {
    // @ts-expect-error: written in the source it belongs into the template
    fixed('id -u');
    // @ts-expect-error: from elsewhere it is no shell at all
    fixed(text);
  };
  expect(others).toBeTypeOf('function');
  expect(files.filter((name) => /\bas (?:unknown as )?ShellFile\b/.test(textOf(name)))).toEqual([]);
});

test('a host is sent nothing but what the template has made: any other text does not type-check', () => {
  const made = files.filter((name) => /\bas ScriptText\b|\bas unknown as\b.*ScriptText/.test(textOf(name)));
  expect(made).toEqual(['cluster/fragment.ts']);
  const send = (host: RemoteHost, name: string): Script => {
    void host.run(sh`id -u`.text, { as: 'root' });
    // @ts-expect-error: a constant is no script
    void host.run('id -u', { as: 'root' });
    // @ts-expect-error: put together from the text of one it is none either
    void host.run(`${sh`id -u`.text} ${name}`, { as: 'root' });
    // @ts-expect-error: nor in a job
    void host.job({ id: 'r/1', as: 'root', script: name }, { onBytes: () => undefined });
    // @ts-expect-error: nor in a step
    return { kind: 'ready', text: name };
  };
  expect(send).toBeTypeOf('function');
});

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  constant,
  Fragment,
  fixed,
  hereDocument,
  joined,
  lines,
  quoted,
  sh,
  word,
} from '../../source/cluster/fragment.ts';
import type { Path } from '../../source/cluster/words.ts';
import greeting from './greeting.sh' with { type: 'text' };

const plain: Path = word`/srv/pg/data`;
const odd: Path = word`/srv/dba's pg/data`;
const run = (script: Fragment): string => spawnSync('sh', ['-c', script.text], { encoding: 'utf8' }).stdout;

describe('what is put into a script', () => {
  test('a word is quoted where it has to be, a fragment is not quoted again', () => {
    const list = sh`ls -A ${odd}`;
    expect(sh`${plain} ${odd}`.text).toBe(`/srv/pg/data '/srv/dba'\\''s pg/data'`);
    expect(sh`[ -n "$(${list})" ]`.text).toBe(`[ -n "$(ls -A '/srv/dba'\\''s pg/data')" ]`);
  });

  test('words make words, which are quoted as one', () => {
    expect(sh`mkdir -p ${word`${odd}/done`}`.text).toBe(`mkdir -p '/srv/dba'\\''s pg/data/done'`);
    expect(sh`mkdir -p ${word`${plain}_pg${15}_bak`}`.text).toBe('mkdir -p /srv/pg/data_pg15_bak');
  });

  test('numbers and constants are as they are, text of any content is one word', () => {
    expect(sh`-p ${5432} -m ${constant('fast')} -c ${quoted(`select 'a'; $(id)`)}`.text).toBe(
      `-p 5432 -m fast -c 'select '\\''a'\\''; $(id)'`,
    );
    expect(sh`a ${constant('&& b')}`.text).toBe('a && b');
    expect(() => sh`${Number.NaN}`).toThrow(TypeError);
    expect(() => quoted('a\0b')).toThrow(TypeError);
  });

  test('what cannot be put into a script does not type-check', () => {
    const anything: string = plain;
    // @ts-expect-error any string: of which kind is it?
    sh`ls ${anything}`;
    // @ts-expect-error a constant: shell, or text to quote?
    sh`ls ${'a b'}`;
    // @ts-expect-error not as a part of a word either
    word`${plain}/${anything}`;
    // @ts-expect-error no constant
    constant(anything);
    // @ts-expect-error nothing undefined
    sh`ls ${undefined}`;
    // @ts-expect-error nothing null
    expect(() => sh`ls ${null}`).toThrow(TypeError);
    // @ts-expect-error nothing is false, never true
    expect(() => sh`ls ${true}`).toThrow(TypeError);
    // @ts-expect-error a list of strings is no list of lines
    expect(() => sh`${['ls']}`).toThrow(TypeError);
    // @ts-expect-error what may be a string of any content, where a condition holds
    sh`ls ${anything === plain && anything}`;
    // @ts-expect-error only the template makes fragments
    expect(() => new Fragment([], Symbol('make'))).toThrow(TypeError);
  });
});

describe('lines', () => {
  test('a template that begins with a line break loses its common indentation', () => {
    const script = sh`
      if [ -d ${plain} ]; then
        rm -rf ${odd}
      fi`;
    expect(script.text).toBe(`if [ -d /srv/pg/data ]; then\n  rm -rf '/srv/dba'\\''s pg/data'\nfi`);
    const ended = sh`
      a

        b
    `;
    expect(ended.text).toBe('a\n\n  b');
  });

  test('empty lines, and lines of blanks, say nothing of the indentation, wherever they stand', () => {
    const script = sh`

        a

        ${plain}

        ${sh`b`}
          c

        d ${plain}

        ${false}
        e
    `;
    expect(script.text).toBe('\na\n\n/srv/pg/data\n\nb\n  c\n\nd /srv/pg/data\n\ne');
    const blanks = Object.assign(['\n    a\n \n    b\n  '], { raw: ['\n    a\n \n    b\n  '] });
    expect(sh(blanks).text).toBe('a\n\nb');
    const body = lines(sh`x`, sh`y`);
    expect(
      sh`
      f() {
        ${body}

      }
    `.text,
    ).toBe('f() {\n  x\n  y\n\n}');
  });

  test('a fragment’s further lines get the indentation of the line that it stands on', () => {
    const body = lines(
      sh`
        one \
          two`,
      false,
      sh`three`,
    );
    const script = sh`
      f() {
        ${body}
        x=$(${body})
      }
    `;
    expect(script.text).toBe('f() {\n  one \\\n    two\n  three\n  x=$(one \\\n    two\n  three)\n}');
  });

  test('a line with nothing on it goes; beside something else nothing is nothing', () => {
    const script = sh`
      a
      ${false}
      ${[]}
      ${[sh`b`, false, sh`c`]}
      d${false}
    `;
    expect(script.text).toBe('a\nb\nc\nd');
    const optional = (there: boolean): Fragment | false => there && sh`e`;
    const none = sh`
      ${optional(false)}
      ${[false, false]}
    `;
    expect(none.lines).toEqual([]);
    const nested = sh`
      a
        ${none}
        ${lines()}
        ${[none, optional(true)]}
      f${none} ${optional(true)}
    `;
    expect(nested.text).toBe('a\n  e\nf e');
    // An empty line that is meant stays.
    expect(
      sh`
      a
      ${sh``}
      b
    `.text,
    ).toBe('a\n\nb');
    expect(lines().text).toBe('');
    expect(joined([sh`a`, false, sh`b`], ' \\\n  ').text).toBe('a \\\n  b');
  });

  test('backslashes are the shell’s own', () => {
    expect(sh`printf '%s\n' "\$x"`.text).toBe(String.raw`printf '%s\n' "\$x"`);
    expect(sh`\`id\``.text).toBe('`id`');
    expect(sh`\${x}`.text).toBe(['$', '{x}'].join(''));
  });

  test('no indentation reaches a quoted line break or a here-document, however deep they stand', () => {
    const document = hereDocument(sh`cat`, 'END', "it's\n  $HOME");
    const inner = sh`
      printf '%s.' ${quoted('a\nb')}
      ${document}
      echo
    `;
    const outer = sh`
      if true; then
        while :; do
          ${inner}
          break
        done
      fi
    `;
    expect(run(outer)).toBe("a\nb.it's\n  $HOME\n\n");
    expect(run(joined([sh`printf '%s.' ${quoted('a\nb')}`, sh`true`], ' && '))).toBe('a\nb.');
  });

  test('a script within a script is a line of it, indented as that line is and quoted as its own values were', () => {
    const inner = sh`
      [ -e ${odd} ] || {
        echo ${quoted("it's not there\nat all")}
      }
    `;
    const outer = sh`
      if true; then
        ${inner}
        ${[sh`a`, sh`b ${plain}`]}
      fi
    `;
    expect(outer.text).toBe(
      [
        'if true; then',
        "  [ -e '/srv/dba'\\''s pg/data' ] || {",
        "    echo 'it'\\''s not there",
        "at all'",
        '  }',
        '  a',
        '  b /srv/pg/data',
        'fi',
      ].join('\n'),
    );
  });

  test('a here-document that its own body would end', () => {
    expect(() => hereDocument(sh`cat`, 'END', 'a\nEND\nid')).toThrow(TypeError);
  });
});

describe('a file of shell', () => {
  test('is sent as it is written, without its head, below the values that it asks for', () => {
    const script = fixed(greeting, { name: "dba's\n$(id)", times: 2 });
    expect(script.text).toBe(
      [
        "name='dba'\\''s",
        "$(id)'",
        'times=2',
        'greet() { # TEXT',
        `  printf '%s, %s\\n' "$1" "\${name%% *}"`,
        '}',
        'while [ "$times" -gt 0 ]; do greet hello; times=$((times - 1)); done',
      ].join('\n'),
    );
    expect(run(script)).toBe("hello, dba's\n$(id)\n".repeat(2));
  });

  test('takes the values that its head names, neither fewer nor more', () => {
    expect(() => fixed(greeting, { name: 'x' })).toThrow(/times=/);
    expect(() => fixed(greeting, { name: 'x', times: 1, place: 'here' })).toThrow(/place/);
  });
});

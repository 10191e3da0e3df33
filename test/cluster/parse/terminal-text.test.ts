import { describe, expect, it } from 'vitest';
import { cleanText, LineAssembler } from '../../../source/cluster/parse/terminal-text.ts';
import { recorded } from '../recorded.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ESC = '\u001b';

describe('what must not reach the screen', () => {
  it.each([
    ['colours', `a${ESC}[1;31mb${ESC}[0mc`, 'abc'],
    ['cursor movement and clearing', `a${ESC}[2J${ESC}[H${ESC}[10Ab`, 'ab'],
    ['private modes', `a${ESC}[?1049hb${ESC}[?25l`, 'ab'],
    ['a title', `a${ESC}]0;pwned\u0007b`, 'ab'],
    ['a title that ends with ST', `a${ESC}]2;pwned${ESC}\\b`, 'ab'],
    ['the clipboard', `a${ESC}]52;c;cm0gLXJmIC8=\u0007b`, 'ab'],
    ['a link', `${ESC}]8;;http://x${ESC}\\a${ESC}]8;;${ESC}\\`, 'a'],
    ['DCS', `a${ESC}P$q"p${ESC}\\b`, 'ab'],
    ['APC, PM, SOS', `a${ESC}_x${ESC}\\${ESC}^y${ESC}\\${ESC}Xz${ESC}\\b`, 'ab'],
    ['single sequences', `a${ESC}cb${ESC}7${ESC}=c`, 'abc'],
    ['character sets', `a${ESC}(0b${ESC}#8c`, 'abc'],
    ['C1 forms', 'a\u009b31mb\u009d0;t\u009cc\u0090x\u009cd\u0085e', 'abcde'],
    ['NUL, bell, backspace, DEL', 'a\0b\u0007c\bd\u007fe', 'abcde'],
    ['shift out', 'a\u000eb\u000f', 'ab'],
    ['bidirectional overrides', 'a\u202eb\u2066c\u200fd', 'abcd'],
    ['line separators', 'a\u2028b\u2029c\ufeffd', 'abcd'],
    ['a sequence in a sequence', `a${ESC}[3${ESC}[31mb`, 'ab'],
    ['a cancelled sequence', `a${ESC}[31\u0018mb`, 'amb'],
    ['one that SUB cancels', `a${ESC}[31\u001amb`, 'amb'],
    ['a string that another sequence ends', `a${ESC}]0;t${ESC}[31mb`, 'ab'],
    ['a broken sequence before real text', `a${ESC}[31ü${ESC}ö`, 'aüö'],
    ['an unfinished one at the end', `a${ESC}[31`, 'a'],
  ])('%s', (_, input, shown) => {
    expect(cleanText(input)).toBe(shown);
  });

  it('cannot hide the following lines', () => {
    for (const opener of [`${ESC}]0;`, `${ESC}P`, `${ESC}_`, `${ESC}[`, ESC, '\u009d'])
      expect(cleanText(`a${opener}hidden?\nERROR: seen\n`).split('\n')[1]).toBe('ERROR: seen');
  });
});

describe('lines', () => {
  it('are given when they end, and the unfinished one at any time', () => {
    const assembler = new LineAssembler();
    expect(assembler.push(bytes('one\ntw'))).toEqual(['one']);
    expect(assembler.unfinished).toBe('tw');
    expect(assembler.push(bytes('o\n\nthree'))).toEqual(['two', '']);
    expect(assembler.end()).toEqual(['three']);
    expect(assembler.end()).toEqual([]);
  });

  it('show what pg_upgrade works on before it has finished', () => {
    const assembler = new LineAssembler();
    assembler.push(bytes(recorded('postgresql-17.12/pg_upgrade/monitor-hang.txt')));
    expect(assembler.unfinished.trimEnd()).toBe('Restoring database schemas in the new cluster');
  });

  it('begin anew at a carriage return, when something follows', () => {
    const assembler = new LineAssembler();
    assembler.push(bytes(' 10%\r'));
    expect(assembler.unfinished).toBe(' 10%');
    assembler.push(bytes(' 100'));
    expect(assembler.unfinished).toBe(' 100');
    expect(assembler.push(bytes('%\r\n'))).toEqual([' 100%']);
    expect(cleanText('windows\r\nline\r\r\n')).toBe('windows\nline');
  });

  it('have tabs at every eighth column', () => {
    expect(cleanText('a\tb\n\tc\n12345678\td\nx\r\ty')).toBe(
      'a       b\n        c\n12345678        d\n        y',
    );
  });

  it('show what is not UTF-8 as U+FFFD', () => {
    const assembler = new LineAssembler();
    const mixed = Uint8Array.from([0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0x0a, 0xf0, 0x9f]);
    expect(assembler.push(mixed)).toEqual(['a\ufffd\ufffd(\ufffd']);
    expect(assembler.end()).toEqual(['\ufffd']);
  });

  it('are cut when they are too long, never within a character', () => {
    const assembler = new LineAssembler(8);
    expect(assembler.push(bytes('12345678'))).toEqual([]);
    expect(assembler.push(bytes('9\n'))).toEqual(['12345678', '9']);
    expect(assembler.push(bytes('1234567😀8\n'))).toEqual(['1234567', '😀8']);
  });

  it('cost no memory while they do not end', () => {
    const assembler = new LineAssembler();
    const chunk = bytes('x'.repeat(100_000));
    for (let count = 0; count < 50; count++) {
      for (const piece of assembler.push(chunk)) expect(piece.length).toBe(4096);
      expect(assembler.unfinished.length).toBeLessThanOrEqual(4096);
    }
    assembler.push(bytes(`\n${ESC}]52;c;`));
    for (let count = 0; count < 50; count++) assembler.push(chunk);
    expect(assembler.unfinished).toBe('');
  });
});

describe('division into chunks', () => {
  const input = Uint8Array.from([
    ...bytes(
      `täb\there ${ESC}[1;31mred${ESC}[0m ${ESC}]52;c;QUJD\u0007x${ESC}]0;t${ESC}\\y 😀 long ${'é'.repeat(20)}😀😀\r\n`,
    ),
    ...bytes(
      ` 1%\r 50%\r\r 100%\r\n\u009b2Jc1 ${ESC}(Bset ${ESC}[31ü${ESC}Pdcs${ESC}[1mz${ESC}\\\u202eend\n${ESC}]open\nseen\tthrough`,
    ),
    ...[0xff, 0xe2, 0x82, 0x0a, 0xf0, 0x9f, 0x98],
  ]);

  const assemble = (chunks: readonly Uint8Array[]): readonly string[] => {
    const assembler = new LineAssembler(16);
    return [...chunks.flatMap((chunk) => assembler.push(chunk)), ...assembler.end()];
  };
  const whole = assemble([input]);

  it('at any one byte changes nothing', () => {
    for (let at = 0; at <= input.length; at++)
      expect(assemble([input.subarray(0, at), input.subarray(at)])).toEqual(whole);
  });

  it('at every byte changes nothing', () => {
    expect(assemble([...input].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it('at random changes nothing, whatever the bytes', () => {
    // A fixed generator: the same bytes on every run.
    let seed = 42;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    const salt = [0x1b, 0x5b, 0x5d, 0x0a, 0x0d, 0x09, 0x07, 0x5c, 0x50, 0xc2, 0x9b, 0xf0, 0x9f, 0x98, 0x80];
    for (let round = 0; round < 300; round++) {
      const noise = Uint8Array.from({ length: 200 }, () =>
        random(2) === 0 ? (salt[random(salt.length)] ?? 0) : random(256),
      );
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < noise.length; ) {
        const size = 1 + random(20);
        chunks.push(noise.subarray(at, at + size));
        at += size;
      }
      const lines = assemble(chunks);
      expect(lines).toEqual(assemble([noise]));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
      for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  });
});

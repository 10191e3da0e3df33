/** Something that a person reads, and the line of the file that it begins on. */
export interface Text {
  readonly line: number;
  readonly text: string;
}

/** Where people read. */
export interface Place {
  readonly says: string;
  /** Files by name, from the root; or every one of `kinds` below `under`. */
  readonly files?: readonly string[];
  readonly under?: string;
  readonly kinds: RegExp;
  readonly read: (content: string, name: string) => readonly Text[];
  /** A text that holds one of these is let pass: it quotes a path, another program, or explains the word itself. */
  readonly excepted?: readonly string[];
}

/** A document line by line, without code, commands and the targets of links: they quote. */
export const proseOf = (content: string): readonly Text[] => {
  let code = false;
  return content.split('\n').flatMap((whole, at) => {
    if (/^\s*```/.test(whole)) code = !code;
    if (code || /^( {4}|\s*```)/.test(whole)) return [];
    const text = whole
      .replace(/`[^`]*`/g, '`…`')
      .replace(/\]\([^)]*\)/g, ']')
      .replace(/https?:\/\/\S+/g, '');
    return text.trim() === '' ? [] : [{ line: at + 1, text }];
  });
};

/** The same without what is made from the source: there its words come from. */
const ownProseOf = (content: string): readonly Text[] =>
  proseOf(content.replace(/<!-- checks[\s\S]*<!-- \/checks -->/, (made) => made.replace(/[^\n]+/g, '')));

/** Where an expression may begin, and with it a regular expression. */
const beforeExpression = /(?:^|[(,=:[!&|?{};>+]|\breturn|\bcase)\s*$/;
const regularExpression = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*/y;

/**
 * The texts of a source file: string literals and templates of more than one word, and the text between JSX tags. Comments, regular
 * expressions and scripts (templates that a tag makes a script of) are none: a script is not read as prose.
 */
export const textsOf = (content: string, name: string): readonly Text[] => {
  const jsx = name.endsWith('x');
  const texts: Text[] = [];
  let line = 1;
  let at = 0;
  let code = '';
  const keep = (text: string, from: number): void => {
    if (/\S\s+\S/.test(text)) texts.push({ line: from, text });
  };
  const step = (length: number): string => {
    const passed = content.slice(at, at + length);
    line += passed.split('\n').length - 1;
    at += length;
    return passed;
  };
  const quoted = (quote: string): string => {
    let end = at + 1;
    while (end < content.length && content[end] !== quote && content[end] !== '\n')
      end += content[end] === '\\' ? 2 : 1;
    return step(end + 1 - at).slice(1, -1);
  };
  /** From `…` to its end; what stands in ${…} is read like any code. */
  const template = (): void => {
    const script = /\b(?:sh|word)$/.test(code);
    const from = line;
    let text = '';
    step(1);
    while (at < content.length && content[at] !== '`') {
      if (content.startsWith('${', at)) {
        step(2);
        read('}');
        step(1);
        text += '…';
      } else text += step(content[at] === '\\' ? 2 : 1);
    }
    step(1);
    if (!script) keep(text, from);
    code = '`';
  };
  const read = (until: string | null): void => {
    let depth = 0;
    code = '';
    while (at < content.length) {
      const character = content[at] ?? '';
      if (until !== null && depth === 0 && character === until) return;
      if (character === '{') depth += 1;
      if (character === '}') depth -= 1;
      regularExpression.lastIndex = at;
      if (content.startsWith('//', at)) step(Math.max(1, content.slice(at).search(/\n|$/)));
      else if (content.startsWith('/*', at)) step(content.indexOf('*/', at) + 2 - at);
      else if (character === "'" || character === '"') {
        const from = line;
        keep(quoted(character), from);
        code = character;
      } else if (character === '`') template();
      else if (character === '/' && beforeExpression.test(code) && regularExpression.test(content)) {
        step(regularExpression.lastIndex - at);
        code = '/';
      } else if (
        jsx &&
        character === '>' &&
        !code.endsWith('=') &&
        /^>[^<>{}=;()]*[A-Za-z][^<>{}=;()]*</.test(content.slice(at, at + 400))
      ) {
        const from = line;
        step(1);
        keep(step(content.slice(at).indexOf('<')).trim(), from);
        code = '';
      } else code = (code + step(1)).slice(-40);
    }
  };
  read(null);
  return texts;
};

const source = /\.tsx?$/;

/** Add a room of the source when its texts are clean. */
export const places: readonly Place[] = [
  {
    says: 'the documents of the root',
    files: ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'CHANGELOG.md'],
    kinds: /\.md$/,
    read: proseOf,
  },
  {
    says: 'docs, but for the tables that are made from elsewhere',
    under: 'docs',
    kinds: /^(?!checks\.md$|development\/rollback-sweep\.md$).*\.md$/,
    read: proseOf,
  },
  {
    says: 'the templates of issues, and the pages of the lab',
    files: [
      '.github/ISSUE_TEMPLATE/bug_report.md',
      '.github/ISSUE_TEMPLATE/feature_request.md',
      '.github/pull_request_template.md',
      'fixtures/lab/README.md',
      'fixtures/recorded/README.md',
      'test/lab/README.md',
    ],
    kinds: /\.md$/,
    read: proseOf,
  },
  {
    says: 'docs/checks.md, but for its table of checks',
    files: ['docs/checks.md'],
    kinds: /\.md$/,
    read: ownProseOf,
  },
  ...[
    'cluster',
    'commands',
    'console',
    'discover',
    'engine',
    'inspect',
    'monitor',
    'plain',
    'remote',
    'runbook',
    'usecases',
    'wording',
  ].map((room): Place => ({ says: `source/${room}`, under: `source/${room}`, kinds: source, read: textsOf })),
  {
    says: 'source/reports',
    under: 'source/reports',
    kinds: source,
    read: textsOf,
    // A class of the drawing's rows.
    excepted: ['class="lane"'],
  },
  {
    says: 'source/demo, but for what other programs print',
    under: 'source/demo',
    kinds: /^(?!recorded\/).*\.tsx?$/,
    read: textsOf,
    // SQL of its monitor, where a node's settled() is a function.
    excepted: ['create function'],
  },
];

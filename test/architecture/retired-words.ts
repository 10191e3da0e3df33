/** A word that what a person reads does not use any more. The list of terms that are used: docs/glossary.md. */
export interface Retired {
  /** Found anywhere in a line, capitals or not. */
  readonly word: RegExp;
  readonly instead: string;
  readonly because: string;
}

const coined = 'coined here; the reader has to learn it, and it is two words for one thing';

/** One word a line: to retire another, add it. */
export const retired: readonly Retired[] = [
  { word: /\bways? back\b/, instead: 'rollback', because: 'rollback is PostgreSQL’s and the DBA’s word' },
  {
    word: /\b(go(es|ing)?|gone|turn(s|ed|ing)?) back\b(?! to the console)/,
    instead: 'roll back',
    because: 'as above',
  },
  { word: /\bimages?\b/, instead: 'fallback copy', because: 'an image is a picture, or a container’s' },
  {
    word: /(?<!\b(?:set|sets|setting|kept) (?:[\w’'-]+ )?)\baside\b/,
    instead: 'set aside, kept as data_pg15_bak',
    because: 'says neither by whom nor where to',
  },
  {
    word: /\b(a|an|the|one|each|every|no|first|last|next|own|other|this|of) looks?\b(?! like)|\blook(s|ed) at\b/,
    instead: 'inspection, inspect, check',
    because: coined,
  },
  {
    word: /\blook again\b/,
    instead: 'retry, or mark as done',
    because: 'the key’s word, on the key and everywhere',
  },
  {
    word: /\bfenc(e|es|ed|ing)\b/,
    instead: 'suspend failover, maintenance',
    because: 'fencing isolates a failed node',
  },
  {
    word: /\bprivately\b|\bprivate (server|start)\b|\bthe private one\b/,
    instead: 'isolated start, local socket only',
    because: coined,
  },
  {
    word: /\b(the|whose|which) lines? (is|are|was|were|to \w+ is|goes|that hung|breaks)\b|\blost lines?\b|\bcut lines?\b/,
    instead: 'SSH connection',
    because: 'a line is one of text',
  },
  { word: /\b(re)?dial(s|l?ed|l?ing)?\b/, instead: 'connect, reconnect', because: 'nothing is dialed' },
  { word: /\bsettl(e|es|ed|ing)\b/, instead: 'verifying', because: 'does not say what is waited for' },
  { word: /\bpass(es|ed|ing)? (\w+ )?over\b/, instead: 'skipped', because: 'the key’s word' },
  {
    word: /\bprov(e|es|ed|en|ing)\b|\bproofs?\b/,
    instead: 'verify, verification',
    because: 'a server proves nothing',
  },
  {
    word: /\b(the|a|no|our|its|carries|without|this run’s) marks?\b(?! as)/,
    instead: 'marker file',
    because: 'it is a file',
  },
  { word: /\bquiet for\b/, instead: 'no output for', because: 'a silent program is not a quiet one' },
  {
    word: /\bversion’?'?s programs\b|\bnew programs\b/,
    instead: 'the new binaries',
    because: 'PostgreSQL’s manual says binaries',
  },
  { word: /\blanes?\b/, instead: 'track', because: 'one word for one thing' },
  { word: /\b(run|try) (it |them )?again\b/, instead: 'retry', because: 'the key’s word' },
  {
    word: /\bnothing (is )?lost\b/,
    instead: 'no data loss, no data is lost',
    because: 'what is not lost has to be said',
  },
  {
    word: /\bhere differently\b|\bstands below\b|\bwhere it stands\b/,
    instead: 'deviation, see Undo below, in place',
    because: 'the card has a label for it',
  },
  {
    word: /\bnobody can (tell|see)\b|\bnobody knows\b|\bnothing that is known\b/,
    instead: 'it is not known, unknown',
    because: 'whole sentences: what is true',
  },
  {
    word: /\b(did|does|do|has|have) not come to (its|their) end\b/,
    instead: 'did not finish',
    because: 'the manual’s word',
  },
  {
    word: /\bfrom the dead\b/,
    instead: 'when its holder stops responding',
    because: 'a console does not die',
  },
  { word: /\bNO RETURN\b/, instead: 'IRREVERSIBLE', because: '“no return” alone is no phrase' },
  {
    word: /\bcolour(s|ed|ing)?\b|\bjudgements?\b|\b(recogn|organ|initial|summar|normal|real|author|material)is(e|ing|ation)|\bneighbour|\bbehaviour|\bhonour|\bcatalogue\b|\bcentre\b|\bgrey\b|\blicence\b/,
    instead: 'color, judgment, recognize, neighbor …',
    because: 'American spelling, as PostgreSQL',
  },
];

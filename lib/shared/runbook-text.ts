import { z } from 'zod';
import { type Runbook, type RunbookStep, STEP_KINDS } from './runbooks.ts';
import { yamlValue } from './yaml-value.ts';

/** A runbook is read whole into memory and kept with every run; nothing a person writes comes near this. */
const MAX_BYTES = 256 * 1024;

const line = z.string().min(1).max(400);

const frontMatterSchema = z.strictObject({
  key: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/, 'must be lower case letters, digits and "-", like fd-leak'),
  title: line,
  summary: line,
  /** false: the runbook only looks, so it may run beside another run */
  mutates: z.boolean().default(true),
});

const stepBlockSchema = z.strictObject({
  key: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower case letters, digits and "-"')
    .optional(),
  kind: z.enum(STEP_KINDS),
  params: z.record(z.string(), z.unknown()).default({}),
  /** seconds */
  timeout: z.number().int().min(1).max(172_800).default(60),
  onFail: z.enum(['stop', 'continue']).default('stop'),
  documented: z.string().max(4000).nullable().default(null),
  better: z.string().max(4000).nullable().default(null),
  proves: z.array(line).default([]),
  doesNotProve: z.array(line).default([]),
});

/** JSON Schema of the front matter and of a `step` block, for editors. */
export const runbookJsonSchema = () => ({
  frontMatter: z.toJSONSchema(frontMatterSchema, { io: 'input' }),
  step: z.toJSONSchema(stepBlockSchema, { io: 'input' }),
});

/** What a text says; its version is the hash of it. */
export type ParsedRunbook = Omit<Runbook, 'version' | 'builtin'>;
/** Where a text is not a runbook, line counted from 1, and why. */
export class RunbookTextError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.name = 'RunbookTextError';
    this.line = line;
  }
}

/**
 * Markdown with front matter; `##` headings are the sections of the source document, and a heading with a fenced `step` block under it is a step
 * (at `##` it is its own section). Everything else under a step's heading is its prose. Throws RunbookTextError.
 */
export function parseRunbookText(text: string): ParsedRunbook {
  const fail: Fail = (at, what) => {
    throw new RunbookTextError(at, what);
  };
  if (new TextEncoder().encode(text).length > MAX_BYTES) fail(1, `the text is longer than ${MAX_BYTES / 1024} KiB`);
  const lines = text.split(/\r?\n/);
  if (lines[0]?.trim() !== '---') fail(1, 'must begin with front matter between two lines "---"');
  const end = lines.findIndex((l, i) => i > 0 && l.trim() === '---');
  if (end < 0) fail(1, 'the front matter has no closing line "---"');
  const head = readYaml(lines.slice(1, end).join('\n'), 2, frontMatterSchema, 'front matter', fail);

  const steps: RunbookStep[] = [];
  const firstLineOf = new Map<string, number>();
  for (const part of splitHeadings(lines, end + 1, fail)) {
    if (part.block === null) continue;
    const where = `step "${part.title}"`;
    const block = readYaml(part.block.text, part.block.line, stepBlockSchema, where, fail);
    const key = block.key ?? block.kind;
    const taken = firstLineOf.get(key);
    if (taken !== undefined) fail(part.block.line, `${where}: the key "${key}" is taken by the step in line ${taken}; give this one a key`);
    firstLineOf.set(key, part.line);
    steps.push({
      key,
      kind: block.kind,
      title: part.title,
      section: part.section,
      prose: part.prose,
      params: block.params,
      timeoutSeconds: block.timeout,
      onFail: block.onFail,
      documented: block.documented?.trimEnd() ?? null,
      better: block.better?.trimEnd() ?? null,
      proves: block.proves,
      doesNotProve: block.doesNotProve,
    });
  }
  if (steps.length === 0) fail(lines.length, 'there is no step: a heading with a fenced ```step block under it');
  return {
    key: head.key,
    title: head.title,
    summary: head.summary,
    text,
    mutates: head.mutates,
    steps,
  };
}

type Fail = (at: number, what: string) => never;
type Part = { title: string; section: string; line: number; prose: string; block: { text: string; line: number } | null };

/** One part per heading, with its prose and its step block; line numbers count from 1. */
function splitHeadings(lines: string[], from: number, fail: Fail): Part[] {
  const parts: Part[] = [];
  let section = '';
  let part: Part | null = null;
  let fence: { mark: string; step: boolean; from: number; body: string[] } | null = null;
  const prose: string[] = [];
  const finish = (): void => {
    if (part !== null) part.prose = prose.join('\n').trim();
    prose.length = 0;
  };
  for (const [i, text] of lines.entries()) {
    if (i < from) continue;
    const opened = /^(`{3,}|~{3,})\s*(\S*)/.exec(text);
    if (fence !== null) {
      if (text.trim() === fence.mark) {
        if (fence.step) closeStep(part, fence, fail);
        else prose.push(text);
        fence = null;
      } else (fence.step ? fence.body : prose).push(text);
      continue;
    }
    if (opened) {
      fence = { mark: opened[1] ?? '```', step: opened[2] === 'step', from: i + 1, body: [] };
      if (!fence.step) prose.push(text);
      continue;
    }
    const heading = headingOf(text);
    if (heading === null) {
      prose.push(text);
      continue;
    }
    finish();
    const { title, depth } = heading;
    if (depth <= 2) section = title;
    part = { title, section, line: i + 1, prose: '', block: null };
    parts.push(part);
  }
  if (fence !== null) fail(fence.from, 'this fenced block is not closed');
  finish();
  return parts;
}

/** `## Title ##`: one to six signs, a space, a title; signs behind it are none of it. In steps that grow as the line does. */
function headingOf(text: string): { depth: number; title: string } | null {
  const mark = /^(#{1,6})\s/.exec(text)?.[1];
  if (mark === undefined) return null;
  const rest = text.slice(mark.length).trim();
  let end = rest.length;
  while (end > 0 && rest[end - 1] === '#') end--;
  const title = rest.slice(0, end).trimEnd();
  // A line of signs alone is titled by them.
  return rest === '' ? null : { depth: mark.length, title: title === '' ? rest : title };
}

function closeStep(part: Part | null, fence: { from: number; body: string[] }, fail: Fail): void {
  if (part === null) {
    fail(fence.from, 'a step block stands under a heading, which is its title');
    return;
  }
  if (part.block !== null) fail(fence.from, `the heading "${part.title}" has a step block already, in line ${part.block.line - 1}`);
  part.block = { text: fence.body.join('\n'), line: fence.from + 1 };
}

/** `firstLine` is the file's line number of the text's first line. */
function readYaml<S extends z.ZodType>(text: string, firstLine: number, schema: S, where: string, fail: Fail): z.output<S> {
  const read = yamlValue(text);
  if (!read.ok) return fail(firstLine + read.problem.line - 1, `${where} is not valid YAML: ${read.problem.message}`);
  const parsed = schema.safeParse(read.value ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  return fail(firstLine, `${where}: ${path === '' ? '' : `${path}: `}${issue?.message ?? 'is not valid'}`);
}

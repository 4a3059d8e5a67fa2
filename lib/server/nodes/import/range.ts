/** `web[01:20].example`, `db-[a:f]`, `n[1:9:2]`: every name, or what is wrong with it. */
export function expandRange(pattern: string, most: number): string[] | string {
  const match = /^([^[\]]*)\[([^[\]]*)\](.*)$/.exec(pattern);
  if (!match) return /[[\]]/.test(pattern) ? 'has a bracket without its partner' : [pattern];
  const [, before = '', range = '', after = ''] = match;
  const values = valuesOf(range, most);
  if (typeof values === 'string') return values;
  const rest = expandRange(after, most);
  if (typeof rest === 'string') return rest;
  if (values.length * rest.length > most) return `stands for more than ${most} hosts`;
  return values.flatMap((value) => rest.map((tail) => `${before}${value}${tail}`));
}

function valuesOf(range: string, most: number): string[] | string {
  const wanted = `has the range [${range.slice(0, 40)}]: it should be like [01:20] or [a:f]`;
  const match = /^(\d{1,9}|[a-z]|[A-Z]):(\d{1,9}|[a-z]|[A-Z])(?::(\d{1,6}))?$/.exec(range);
  if (!match) return wanted;
  const [, from = '', to = '', by = '1'] = match;
  const step = Number(by);
  const digits = /^\d/.test(from);
  if (digits !== /^\d/.test(to) || step === 0) return wanted;
  const [first, last] = digits ? [Number(from), Number(to)] : [from.charCodeAt(0), to.charCodeAt(0)];
  if (first > last) return `${wanted}, the smaller first`;
  if ((last - first) / step >= most) return `stands for more than ${most} hosts`;
  // a leading zero says how wide every number is
  const width = digits && from.startsWith('0') && from.length > 1 ? from.length : 0;
  if (width && from.length !== to.length) return `has the range [${range}]: both ends should have ${from.length} digits`;
  const values: string[] = [];
  for (let value = first; value <= last; value += step)
    values.push(digits ? String(value).padStart(width, '0') : String.fromCharCode(value));
  return values;
}

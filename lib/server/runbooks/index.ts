export { createRunbooks, type Runbooks } from './catalogue.ts';
export { parseRunbook } from './parse.ts';

export { createRunbooks, type Runbooks } from './catalogue.ts';
export { createSaveRunbook, ownRunbooks, removeRunbook, savedVersions } from './own.ts';
export { parseRunbook } from './parse.ts';

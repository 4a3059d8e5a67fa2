export { importNodes, previewImport } from './import/index.ts';
export { createNodes, type Nodes } from './registry.ts';
export { addNode, removeNode, updateNode } from './verbs.ts';

export { importNodes, previewImport } from './import/index.ts';
export { readOwnSshConfig } from './own-ssh-config.ts';
export { createNodes, type Nodes } from './registry.ts';
export { addNode, adoptConfig, removeNode, updateNode } from './verbs.ts';

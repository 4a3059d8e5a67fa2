// Before any schema is made: the schema library tries whether it may make functions out of text, which the content policy refuses and reports.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });

export const byHand = {
  name: '0008-by-hand',
  sql: 'ALTER TABLE runSteps ADD COLUMN byHand TEXT;',
  postgres: 'ALTER TABLE "runSteps" ADD COLUMN "byHand" TEXT;',
};

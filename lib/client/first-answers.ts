import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { fleetShape, sessionShape } from './first-shapes.ts';
import { noteServerTime } from './http.ts';
import { queryKeys } from './query-keys.ts';

/** Answers of the API as it wrote them, and when, epoch ms by the console's clock. One string each: a page hands those on without walking through them. */
export type FirstAnswers = { fleet: string; session: string; at: number };

/** What came with the page is known from its first drawing on, in the server and here, and is not asked for again until it is old. */
export function useFirstAnswers(answers: FirstAnswers | null): void {
  const client = useQueryClient();
  useState(() => (answers ? seed(client, answers) : undefined));
}

function seed(client: QueryClient, { fleet, session, at }: FirstAnswers): void {
  // a page that is come back to brings what it was first made with
  if (client.getQueryData(queryKeys.fleet) !== undefined) return;
  noteServerTime(at);
  client.setQueryData(queryKeys.session, sessionShape.safeParse(JSON.parse(session)).data);
  client.setQueryData(queryKeys.fleet, fleetShape.safeParse(JSON.parse(fleet)).data);
}

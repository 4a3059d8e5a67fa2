import { firstAnswers } from './first-answers.ts';
import { FleetPage } from './fleet-page.tsx';

export const dynamic = 'force-dynamic';

export default async function FleetRoute() {
  return <FleetPage answers={await firstAnswers()} />;
}

'use client';
import { useAccount } from '#client/users.ts';
import { Card } from '#components/ui/card.tsx';
import { asProblem, ErrorState } from '#components/ui/error-state.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { FactorsCard } from './factors-card.tsx';
import { PasswordCard, ProfileCard } from './profile-card.tsx';
import { SessionsCard } from './sessions-card.tsx';

/** The person's own: who they are, what protects the account, where it is signed in. */
export function AccountTab() {
  const { data, error, refetch } = useAccount();
  if (error && !data) return <ErrorState error={asProblem(error)} onRetry={() => void refetch()} />;
  if (!data)
    return (
      <Card title="You">
        <Skeleton height={120} />
      </Card>
    );
  return (
    <>
      <ProfileCard account={data} />
      <FactorsCard account={data} />
      {data.hasPassword ? <PasswordCard /> : null}
      <SessionsCard />
    </>
  );
}

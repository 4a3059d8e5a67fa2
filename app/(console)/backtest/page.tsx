import { Suspense } from 'react';
import { BacktestView } from '#components/backtest/backtest-view.tsx';
import { Page, PageHead } from '#components/layout/page.tsx';

export default function BacktestPage() {
  return (
    <Page crumbs={[{ label: 'Backtest' }]}>
      <PageHead title="Backtest" sub="Would this rule have warned you? Any rule, over the history that is stored. Nothing is changed." />
      <Suspense>
        <BacktestView />
      </Suspense>
    </Page>
  );
}
